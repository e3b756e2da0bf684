"""Labels on paper: printed as a person prints them, then read back by a decoder from the printed page."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from edge_agent.config_rules import load_checked
from edge_agent.flows import scans
from edge_agent.flows.events import Card, ScannedBadge
from edge_agent.reports import codes, pdf
from edge_agent.reports.labels import COMMAND_NAMES, KINDS, TEST_CODES
from edge_agent.reports.paper import Heading, Paper, Table, Words
from tests.cli.conftest import Technician
from tests.package.machine import needs
from tests.test_config import GOOD

DPI = 150  # a cheap office printer has four times as many


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "locker.toml"
    path.write_text(GOOD)
    return path


def read_back(printed: Path) -> set[str]:
    """Every code on every page, as a scanner would read the paper."""
    needs("pdftoppm")
    subprocess.run(["pdftoppm", "-r", str(DPI), "-png", printed, printed.with_suffix("")], check=True)
    pages = sorted(printed.parent.glob(f"{printed.stem}-*.png"))
    assert pages
    return {found.text for page in pages for found in zxingcpp.read_barcodes(Image.open(page))}


@pytest.mark.parametrize("kind", KINDS)
def test_every_code_that_is_printed_can_be_read(config: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"{kind}.pdf"
    badges = ["--badges", "demo-badge,second-badge"] if kind == "badges" else []

    ran = Technician(config).types("labels", kind, "--file", str(out), *badges, "--json")

    assert ran.code == 0
    paper = KINDS[kind](load_checked(config), ["demo-badge", "second-badge"])
    wanted = {label.code for block in paper.blocks for label in getattr(block, "labels", ())}
    assert read_back(out) == wanted
    assert ran.json["labels"] == len(wanted)


def test_what_a_card_says_is_what_the_flow_understands(config: Path) -> None:
    paper = KINDS["cards"](load_checked(config), ())
    labels = [label for block in paper.blocks for label in block.labels]

    assert len(labels) > len(COMMAND_NAMES)
    assert all(isinstance(scans.classify(label.code), Card) for label in labels)


def test_a_badge_on_paper_is_a_badge_at_the_scanner(config: Path) -> None:
    (block,) = KINDS["badges"](load_checked(config), ["demo-badge"]).blocks

    assert scans.classify(block.labels[0].code) == ScannedBadge("demo-badge")


@pytest.mark.parametrize(("title", "kind", "text"), TEST_CODES, ids=[title for title, _, _ in TEST_CODES])
def test_a_test_code_carries_its_text_with_its_quiet_zone(title: str, kind: str, text: str) -> None:
    code = codes.draw(kind, text)

    assert all(len(row) == code.width for row in code.rows)
    assert all(row.startswith("0000") and row.endswith("0000") for row in code.rows)


@pytest.mark.parametrize("text", ["", "門", "a\nb"])
def test_a_text_that_a_bar_code_cannot_carry_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Code 128"):
        codes.draw(codes.CODE128, text)


def test_badges_need_names(config: Path, tmp_path: Path) -> None:
    ran = Technician(config).types("labels", "badges", "--file", str(tmp_path / "x.pdf"))

    assert ran.code == 2
    assert "--badges" in ran.err


def test_a_folder_that_is_not_there_is_named(config: Path, tmp_path: Path) -> None:
    ran = Technician(config).types("labels", "cards", "--file", str(tmp_path / "none" / "x.pdf"))

    assert ran.code == 2
    assert "CTRL-708" in ran.err


def test_chinese_words_are_on_the_page(tmp_path: Path) -> None:
    """The glyphs are embedded: the text can be taken out of the file again."""
    out = tmp_path / "words.pdf"
    blocks = (Heading("快遞櫃"), Words("門 17 已開啟"), Table(("門", "狀態"), (("17", "已關"),)))

    pdf.write(Paper("words", blocks), out)

    text = subprocess.run(["pdftotext", out, "-"], capture_output=True, text=True, check=True).stdout
    assert "快遞櫃" in text
    assert "門 17 已開啟" in text
