"""Plain line mode: any maker's scanner that sends codes by itself and takes no commands.

Source: every maker's default serial set-up. Verified on: paper only. Set-up barcodes cannot be switched off over the
wire here: do it once with the maker's own sheet (docs/hardware/scanners.md).
"""

from __future__ import annotations

from typing import ClassVar

from drivers.scanner import Scanner


class LineScanner(Scanner):
    """Reads always; the framing is all there is."""

    family: ClassVar[str] = "line"

    def start_commands(self) -> tuple[bytes, ...]:
        return ()

    def trigger_on(self) -> bytes:
        return b""

    def trigger_off(self) -> bytes:
        return b""
