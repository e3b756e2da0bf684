"""The display: brightness through /sys, power through a command, and what is said when neither works."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from drivers.screen import Backlight, CommandScreen, ScreenError, backlights


@pytest.fixture
def panel(tmp_path: Path) -> Path:
    """A folder as the kernel makes one for each backlight."""
    folder = tmp_path / "10-0045"
    folder.mkdir()
    (folder / "max_brightness").write_text("31\n")
    (folder / "brightness").write_text("31\n")
    return folder


@pytest.mark.parametrize(("percent", "raw"), [(0, "0"), (50, "16"), (100, "31")])
def test_brightness_is_a_share_of_what_the_panel_can(panel: Path, percent: int, raw: str) -> None:
    Backlight(panel).set_percent(percent)

    assert (panel / "brightness").read_text() == raw


def test_dark_and_bright(panel: Path) -> None:
    screen = Backlight(panel)

    screen.off()
    dark = (panel / "brightness").read_text()
    screen.on()

    assert (dark, (panel / "brightness").read_text()) == ("0", "31")


def test_a_share_beyond_full_is_refused(panel: Path) -> None:
    with pytest.raises(ValueError, match="0 to 100"):
        Backlight(panel).set_percent(101)


def test_a_panel_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScreenError, match="11-0045"):
        Backlight(tmp_path / "11-0045").on()


def test_every_backlight_is_found_and_none_is_no_failure(panel: Path, tmp_path: Path) -> None:
    assert backlights(panel.parent) == (Backlight(panel),)
    assert backlights(tmp_path / "nothing-here") == ()


def test_commands_switch_a_display_and_say_why_not(tmp_path: Path) -> None:
    mark = tmp_path / "on"
    touch = (sys.executable, "-c", "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()", str(mark))
    screen = CommandScreen(on_command=touch, off_command=("no-such-command",))

    screen.on()

    assert mark.exists()
    with pytest.raises(ScreenError, match="no-such-command"):
        screen.off()
    with pytest.raises(ScreenError, match="exit status 3"):
        CommandScreen((sys.executable, "-c", "raise SystemExit(3)"), ()).on()
