"""Receipts for ESC/POS printers as pictures: any script, any printer, no code page.

Words become a one-bit picture with a real font; the picture travels as `GS v 0` rasters of bounded height, because
cheap printers drop what does not fit their buffer. Source: Epson ESC/POS command reference, GS v 0, ESC @, GS V.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.errors import ControlError
from edge_agent.reports import codes

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

DOTS = 384  # across: 58 mm paper at 203 dpi, which 80 mm printers take too
BAND_ROWS = 128  # 6 kB a raster; printers buffer at least 8
FONT_DOTS, LINE_DOTS = 24, 34
MARGIN_DOTS = 8
QR_MODULE_DOTS = 6
FEED_LINES = 4  # so that the cutter does not take the last line
START, FEED, CUT = b"\x1b@", b"\n" * FEED_LINES, b"\x1dV\x00"
RASTER = b"\x1dv0\x00"
FONTS = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 3),
    ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 0),
)


def picture(lines: Sequence[str], code: codes.Code | None = None) -> Image:
    """Lines of text, each shortened to the paper's width, and a code under them; black is 0, as in Pillow's mode 1."""
    from PIL import Image, ImageDraw

    side = code.width * QR_MODULE_DOTS if code else 0
    image = Image.new("1", (DOTS, len(lines) * LINE_DOTS + side + 2 * MARGIN_DOTS), 1)
    pen, font = ImageDraw.Draw(image), _font()
    for number, line in enumerate(lines):
        while pen.textlength(line, font=font) > DOTS - 2 * MARGIN_DOTS:
            line = line[:-2] + "…"
        pen.text((MARGIN_DOTS, MARGIN_DOTS + number * LINE_DOTS), line, font=font, fill=0)
    if code:
        left, top = (DOTS - side) // 2, MARGIN_DOTS + len(lines) * LINE_DOTS
        for y, row in enumerate(code.rows):
            for x, module in enumerate(row):
                if module == "1":
                    corner = (left + x * QR_MODULE_DOTS, top + y * QR_MODULE_DOTS)
                    pen.rectangle(
                        (*corner, corner[0] + QR_MODULE_DOTS - 1, corner[1] + QR_MODULE_DOTS - 1), fill=0
                    )
    return image


def commands(image: Image) -> Iterator[bytes]:
    """What a printer is sent: start, rasters from top to bottom, feed, cut."""
    yield START
    for top in range(0, image.height, BAND_ROWS):
        band = image.crop((0, top, image.width, min(top + BAND_ROWS, image.height)))
        across, down = (band.width + 7) // 8, band.height
        # A printer's black is 1, a picture's is 0.
        black = bytes(byte ^ 0xFF for byte in band.tobytes())
        yield RASTER + across.to_bytes(2, "little") + down.to_bytes(2, "little") + black
    yield FEED + CUT


def send(image: Image, printer: Path) -> None:
    """Write to the printer's device, or to a file. Raises ControlError CTRL-708."""
    try:
        with printer.open("wb", buffering=0) as device:
            for command in commands(image):
                device.write(command)
    except (OSError, ValueError) as error:
        raise ControlError("CTRL-708", str(printer), str(error)) from None


def _font() -> FreeTypeFont | ImageFont:
    from PIL import ImageFont as fonts

    for name, number in FONTS:
        if Path(name).exists():
            return fonts.truetype(name, FONT_DOTS, index=number)
    return fonts.load_default(FONT_DOTS)
