"""`lockerctl unlock` without an agent: recorded before the frame, one frame, and the sensor alone is believed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge_agent.control.direct_record import DirectOutcome, DirectUnlock, read
from tests.cli.conftest import Site

AtSite = Callable[..., Site]

FAMILIES = ["lock-8a", "kerong-cu16", "kerong-cu48", "wkly", "waveshare-relay", "modbus-relay"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_door_of_every_family_opens_and_is_seen_open(at_site: AtSite, family: str) -> None:
    """One frame, one pulse, and the sensor's word as the outcome."""
    site = at_site(family)

    ran = site.technician.types(
        "unlock", "--board", "A", "--channel", "2", "--yes", "--reason", "trial", "--json"
    )

    assert ran.code == 0, ran.out + ran.err
    assert (ran.json["outcome"], ran.json["door"], ran.json["recorded"]) == ("opened", "2", True)
    assert site.energised("A", 2) == 1


def test_who_why_and_which_door_stand_on_the_disk(at_site: AtSite) -> None:
    """The agent will import this at its next start; the state directory is made where there is none."""
    site = at_site("lock-8a")
    assert not site.state_dir.exists()

    site.technician.types("unlock", "--board", "A", "--channel", "7", "--yes", "--reason", "latch swapped")

    intent, outcome = read(site.state_dir)
    assert isinstance(intent, DirectUnlock)
    assert isinstance(outcome, DirectOutcome)
    assert (intent.board, intent.channel, intent.door, intent.reason) == ("A", 7, "7", "latch swapped")
    assert intent.login
    assert (outcome.id, outcome.outcome) == (intent.id, "opened")


def test_the_record_stands_before_the_frame_leaves(at_site: AtSite) -> None:
    """The state directory cannot be made: no record, so no pulse either."""
    site = at_site("lock-8a")
    site.state_dir.parent.joinpath(site.state_dir.name).write_text("a file where the folder belongs")

    ran = site.technician.types("unlock", "--board", "A", "--channel", "7", "--yes", "--json")

    assert ran.code == 1
    assert ran.json["error"]["code"] == "STORE-401"
    assert site.energised("A", 7) == 0


def test_on_a_bench_only_the_record_is_skipped(at_site: AtSite) -> None:
    """No ledger, no state directory, nothing to clean up."""
    site = at_site("lock-8a")

    ran = site.technician.types(
        "--direct", "unlock", "--board", "A", "--channel", "7", "--bench", "--yes", "--json"
    )

    assert (ran.json["outcome"], ran.json["recorded"]) == ("opened", False)
    assert site.records() == []


def test_without_a_terminal_and_without_yes_nothing_happens(at_site: AtSite) -> None:
    """A script forgot --yes: exit code 4 at once, no frame, no record."""
    site = at_site("lock-8a")

    ran = site.technician.types("unlock", "--board", "A", "--channel", "7")

    assert ran.code == 4
    assert ran.err.startswith("CTRL-704 unlock: not confirmed")
    assert (site.energised("A", 7), site.records()) == (0, [])


def test_at_a_terminal_the_technician_is_asked_and_gives_a_reason(at_site: AtSite) -> None:
    """y, and why."""
    site = at_site("lock-8a")

    seen = site.technician.types_at_a_terminal(
        "unlock", "--board", "A", "--channel", "7", keys="y\nparcel jammed\n"
    )

    assert seen.code == 0, seen.out
    assert "the door opens, whatever is inside" in seen.out
    assert site.records()[0]["reason"] == "parcel jammed"


def test_a_no_at_the_terminal_is_a_no(at_site: AtSite) -> None:
    """The technician read the question."""
    site = at_site("lock-8a")

    seen = site.technician.types_at_a_terminal("unlock", "--board", "A", "--channel", "7", keys="n\n")

    assert seen.code == 4
    assert (site.energised("A", 7), site.records()) == (0, [])


def test_a_jammed_latch_is_not_opened(at_site: AtSite) -> None:
    """The coil pulled, the board said yes, and the door stayed shut: the sensor decides."""
    site = at_site("lock-8a")
    site.cabinet.faults.add("jam", door="7")

    ran = site.technician.types("unlock", "--board", "A", "--channel", "7", "--yes", "--json")

    assert ran.code == 1
    assert (ran.json["outcome"], ran.json["sent"], ran.json["code"]) == ("not_opened", "accepted", "DOOR-201")
    assert site.energised("A", 7) == 1


def test_a_lost_unlock_answer_is_settled_by_the_sensor(at_site: AtSite) -> None:
    """The board acted and its answer was lost: one pulse, seen open, never a second frame."""
    site = at_site("waveshare-relay")
    site.cabinet.faults.add("swallow-reply", board="A", of="unlock")

    ran = site.technician.types("unlock", "--board", "A", "--channel", "3", "--yes", "--json")

    assert ran.code == 0
    assert (ran.json["outcome"], ran.json["sent"]) == ("opened", "unknown")
    assert site.energised("A", 3) == 1


def test_a_board_that_is_heard_by_nobody_leaves_the_outcome_unknown(at_site: AtSite) -> None:
    """Every answer is lost, the sensor's too: exactly one pulse, and nobody says what came of it."""
    site = at_site("lock-8a")
    site.cabinet.faults.add("swallow-reply", board="A")

    ran = site.technician.types("unlock", "--board", "A", "--channel", "3", "--yes", "--json")

    assert ran.code == 6
    assert (ran.json["outcome"], ran.json["code"]) == ("unknown", "DOOR-202")
    assert site.energised("A", 3) == 1


def test_a_relay_board_that_does_not_answer_is_not_pulsed(at_site: AtSite) -> None:
    """Its inputs might drive its relays, and nobody can ask: no pulse, and the silent board is named."""
    site = at_site("waveshare-relay")
    site.cabinet.faults.add("silent", board="A")

    ran = site.technician.types("unlock", "--board", "A", "--channel", "3", "--yes")

    assert ran.code == 6
    assert "not opened; board A on bus main: no reply" in ran.out
    assert ran.err.startswith("BUS-110 ")
    assert site.energised("A", 3) == 0


def test_a_door_that_was_open_before_is_told_as_such(at_site: AtSite) -> None:
    """The sensor says open from the start: the outcome is opened, and nobody claims that the pulse did it."""
    site = at_site("lock-8a")
    site.cabinet.force("3")

    ran = site.technician.types("unlock", "--board", "A", "--channel", "3", "--yes", "--json")

    assert (ran.json["outcome"], ran.json["opened_after_ms"]) == ("opened", None)
    assert ran.json["detail"] == "was open already"


def test_a_record_that_a_power_cut_tore_does_not_spoil_the_next(at_site: AtSite) -> None:
    """Half a line stands at the end of the file: the next record begins on a line of its own."""
    site = at_site("lock-8a")
    site.state_dir.mkdir(parents=True)
    (site.state_dir / "direct.jsonl").write_bytes(b'{"type":"unlock","id":"01a2')

    site.technician.types("unlock", "--board", "A", "--channel", "7", "--yes")

    assert [type(record) for record in read(site.state_dir)] == [DirectUnlock, DirectOutcome]
