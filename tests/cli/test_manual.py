"""The manual's commands, typed page by page beside a real agent, in the order in which they stand there.

The walks have a file of their own. The tool runs in the test's process; whoever changes a verb changes its page.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from edge_agent.cli.main import main
from tests.cli.manual import check, page, steps_of
from tests.cli.running import Station

PAGES = ("daily.md", "upkeep.md", "emergency.md")
NOT_WELL = (0, 3, 7, 10)  # what a sound command may end with on a cabinet without a kiosk and without parcels


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    site = Station(tmp_path_factory.mktemp("manual"))
    site.start()
    site.accept()
    yield site
    site.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_manual_can_be_typed_as_it_stands(
    station: Station, capfdbinary: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("LOCKER_CONFIG", str(station.config))
    monkeypatch.setattr("sys.stdin", (station.folder / "nothing").open("w+"))
    steps = steps_of(page(name))
    assert steps

    for command, lines in steps:
        ended = main(shlex.split(command))
        out, err = (text.decode() for text in capfdbinary.readouterr())
        assert ended in NOT_WELL, f"{command}: {ended}\n{out}{err}"
        check(command, lines, out + err)


def test_pages_say_what_happens_more_often_than_not() -> None:
    """A page whose commands promise nothing would pass whatever they print."""
    steps = [step for name in PAGES for step in steps_of(page(name))]

    assert sum(bool(lines) for _, lines in steps) >= 0.8 * len(steps)
