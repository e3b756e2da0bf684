"""Barcodes and QR codes as plain modules: rows of dark and light, drawn by whoever has paper.

One shape for both kinds: a Code 128 is a single row that a drawer stretches, a QR code as many rows as columns. Quiet
zones are part of it, because a code whose margin somebody cut off is the one that a scanner does not read.
"""

from __future__ import annotations

from dataclasses import dataclass

CODE128, QR = "code128", "qr"
QUIET_CODE128 = 10  # modules on each side, ISO/IEC 15417
QUIET_QR = 4  # modules all round, ISO/IEC 18004


@dataclass(frozen=True, slots=True)
class Code:
    """`rows` of "0" (light) and "1" (dark), each as long as the code is wide in modules."""

    kind: str
    text: str
    rows: tuple[str, ...]

    @property
    def width(self) -> int:
        """In modules, quiet zones included."""
        return len(self.rows[0])


def draw(kind: str, text: str) -> Code:
    """The modules of one code. Raises ValueError for a text that the kind cannot carry, KeyError for a kind."""
    return {CODE128: _code128, QR: _qr}[kind](text)


def _code128(text: str) -> Code:
    import barcode  # 23 ms and 4 MB that only printing needs

    if not text or not text.isascii() or not text.isprintable():
        raise ValueError(f"Code 128 carries printable ASCII, not {text!r}")
    quiet = "0" * QUIET_CODE128
    return Code(CODE128, text, (quiet + barcode.get("code128", text).build()[0] + quiet,))


def _qr(text: str) -> Code:
    import segno

    symbol = segno.make(text, error="m", micro=False)
    rows = tuple("".join("1" if dark else "0" for dark in row) for row in symbol.matrix_iter(border=QUIET_QR))
    return Code(QR, text, rows)
