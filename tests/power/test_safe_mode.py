"""Crashes in a row: each start waits longer, then the locker shows a sign, opens nothing, and tries again by itself.

And what the service manager hears of a program that is stuck from within: nothing, which is how it knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from edge_agent import crash_count
from tests.power.program import WAIT_S, Site, site

WATCHDOG_S, SILENT_S = 1.5, 4.0
SAFE_FOR_S = 1.0
RUN = "import edge_agent.main as main; main.run()"
IMPATIENT = f"import edge_agent.crash_count as c; c.SAFE_FOR_S = {SAFE_FOR_S}; {RUN}"
HURRIED = f"import edge_agent.crash_count as c; c.PAUSES_S = (0.0,) * c.SAFE_AFTER; {RUN}"
STUCK_LOOP = f"""
import asyncio, time
import edge_agent.rounds as rounds
async def sticks(self):
    await asyncio.sleep(1.0)
    time.sleep(3600)
rounds.Rounds.run = sticks
{RUN}
"""
STUCK_STORE = f"""
import asyncio, time
import edge_agent.rounds as rounds
async def sticks(self):
    await asyncio.sleep(1.0)
    await self._ledger.on_store(time.sleep, 3600)
rounds.Rounds.run = sticks
{RUN}
"""

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def managed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A program under a manager, which gives it a run-time folder; the same one as the state's, where tests look."""
    with site(tmp_path, WATCHDOG_S) as at:
        at.state.mkdir(exist_ok=True)
        monkeypatch.setenv("RUNTIME_DIRECTORY", str(at.state))
        yield at


def crashed(at: Site, times: int) -> None:
    """So many starts came to nothing before."""
    (at.state / crash_count.COUNT_FILE).write_text(str(times))


def ready(at: Site, code: str) -> None:
    at.program = at.launch(code)
    assert at.manager.hears("READY=1\nSTATUS=safe mode"), (at.folder / "agent.log").read_text()[-2000:]


def test_after_repeated_crashes_the_screen_says_so_and_nothing_is_opened(managed: Site) -> None:
    """The page is the out-of-service sign, `status` says why, every other verb is refused, and pings go on."""
    crashed(managed, crash_count.SAFE_AFTER)
    ready(managed, RUN)

    page = httpx.get((managed.state / "kiosk.url").read_text().strip())
    status = managed.ask("control.sock", "/status")
    doors = managed.ask("control.sock", "/doors")

    assert page.status_code == 200
    assert [(one["code"], one["verdict"]) for one in status["findings"]] == [("HOST-711", "bad")]
    assert doors["error"]["code"] == "CTRL-707"
    assert not (managed.state / "ledger.db").exists()
    assert managed.cabinet.trace() == []
    assert managed.manager.hears("WATCHDOG=1")


def test_safe_mode_ends_by_itself_in_one_ordinary_start(managed: Site) -> None:
    """A hub that was plugged in again is enough: nobody has to come. Should it crash again, safe mode is next."""
    crashed(managed, crash_count.SAFE_AFTER)
    ready(managed, IMPATIENT)
    assert managed.program is not None
    ended = managed.program.wait(WAIT_S)

    managed.start(HURRIED)

    assert ended == 1
    assert (managed.state / crash_count.COUNT_FILE).read_text() == str(crash_count.SAFE_AFTER)


def test_a_clean_end_forgets_the_crashes(managed: Site) -> None:
    """Asked to stop, it counts from the beginning again."""
    crashed(managed, 1)
    managed.start()
    assert (managed.state / crash_count.COUNT_FILE).read_text() == "2"

    assert managed.program is not None
    managed.program.terminate()

    assert managed.gone() == 0
    assert not (managed.state / crash_count.COUNT_FILE).exists()


def test_pauses_grow_and_have_an_end() -> None:
    """The growing delay that needs no particular systemd."""
    pauses = [crash_count.Starts(None, number).pause_s for number in range(crash_count.SAFE_AFTER + 3)]

    assert pauses[: crash_count.SAFE_AFTER] == sorted(crash_count.PAUSES_S)
    assert set(pauses[crash_count.SAFE_AFTER :]) == {0.0}


@pytest.mark.parametrize("program", [STUCK_LOOP, STUCK_STORE], ids=["the loop", "a thread"])
def test_stuck_from_within_the_manager_is_fed_no_more(managed: Site, program: str) -> None:
    """F-108: the loop, or one thread that the doors depend on, hangs; the pings stop, and the manager acts."""
    managed.start(program)
    assert managed.manager.hears("WATCHDOG=1")

    silent = False
    while (
        not silent
    ):  # ends: from the moment it sticks nothing is sent, and the test's own time-out is behind it
        silent = not managed.manager.hears("WATCHDOG=1", within_s=SILENT_S)

    assert managed.program is not None
    assert managed.program.poll() is None
