"""A receipt: what the printer was sent is turned back into the picture it prints, and the code on it is read."""

from __future__ import annotations

from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from edge_agent.config_rules import load_checked
from edge_agent.control.bench_types import ParcelEvent, ParcelStory
from edge_agent.errors import ControlError
from edge_agent.reports import codes, escpos
from edge_agent.reports.receipt import lines
from tests.test_config import GOOD

STORY = ParcelStory(
    stay="0192f0c0-0000-7000-8000-000000000001",
    compartment="17",
    status="collected",
    carrier="sf",
    waybill="SF1•••••0001",
    phone="•••4567",
    events=(
        ParcelEvent(time="2026-11-22T09:30:00+08:00", event="parcel.deposited", by="c-1", fact=""),
        ParcelEvent(time="2026-11-22T10:00:00+08:00", event="door.opened", by="", fact=""),
        ParcelEvent(time="2026-11-22T18:05:00+08:00", event="parcel.collected", by="", fact=""),
    ),
)


def printed(sent: bytes) -> Image.Image:
    """A small printer: it understands start, rasters, feed and cut, and nothing else."""
    bands, at = [], len(escpos.START)
    assert sent.startswith(escpos.START)
    while sent.startswith(escpos.RASTER, at):
        at += len(escpos.RASTER)
        across, down = (
            int.from_bytes(sent[at : at + 2], "little"),
            int.from_bytes(sent[at + 2 : at + 4], "little"),
        )
        data = sent[at + 4 : at + 4 + across * down]
        assert len(data) == across * down
        bands.append(Image.frombytes("1", (across * 8, down), bytes(255 - byte for byte in data)))
        at += 4 + across * down
    assert sent[at:] == escpos.FEED + escpos.CUT
    paper = Image.new("1", (bands[0].width, sum(band.height for band in bands)), 1)
    top = 0
    for band in bands:
        paper.paste(band, (0, top))
        top += band.height
    return paper


def test_the_paper_is_the_picture_and_its_code_can_be_read(tmp_path: Path) -> None:
    config = tmp_path / "locker.toml"
    config.write_text(GOOD)
    picture = escpos.picture([*lines(load_checked(config), STORY)], codes.draw(codes.QR, "locker:X/stay:1"))

    escpos.send(picture, tmp_path / "printer")

    paper = printed((tmp_path / "printer").read_bytes())
    assert paper.tobytes() == picture.tobytes()
    assert [found.text for found in zxingcpp.read_barcodes(paper.convert("L"))] == ["locker:X/stay:1"]


def test_a_slip_tells_no_phone_and_no_whole_number(tmp_path: Path) -> None:
    config = tmp_path / "locker.toml"
    config.write_text(GOOD)

    told = "\n".join(lines(load_checked(config), STORY))

    assert "SF1•••••0001" in told
    assert "4567" not in told
    assert "存入 Deposited 2026-11-22 09:30" in told
    assert "取出 Collected 2026-11-22 18:05" in told
    assert "opened" not in told


def test_a_long_line_is_shortened_to_the_paper() -> None:
    image = escpos.picture(["門" * 60])

    assert image.size == (escpos.DOTS, escpos.LINE_DOTS + 2 * escpos.MARGIN_DOTS)


def test_no_band_is_higher_than_a_printers_buffer() -> None:
    sent = b"".join(escpos.commands(escpos.picture(["line"] * 40)))

    assert sent.count(escpos.RASTER) == -(
        -(40 * escpos.LINE_DOTS + 2 * escpos.MARGIN_DOTS) // escpos.BAND_ROWS
    )


def test_a_printer_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="lp0"):
        escpos.send(escpos.picture(["x"]), tmp_path / "none" / "lp0")
