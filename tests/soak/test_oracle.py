"""The judge itself: it finds nothing wrong with an honest run, and each invariant notices when it is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sim.soak.cuts import STORIES, Cut, Trial
from sim.soak.evidence import Deed, Edge, Event, Evidence
from sim.soak.lives import Fuse
from sim.soak.oracle import INVARIANTS, broken

Doctor = Callable[[Evidence], Any]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """One deposit and its pickup, nothing cut."""
    return Trial(STORIES["pickup by code"], Cut(Fuse())).run(tmp_path_factory.mktemp("honest") / "site")


def without(e: Evidence, kind: str) -> None:
    e.events = [event for event in e.events if event.kind != kind]


def changed(e: Evidence, kind: str, **data: Any) -> None:
    index = next(i for i, event in enumerate(e.events) if event.kind == kind)
    e.events[index] = replace(e.events[index], data={**e.events[index].data, **data})


def doubled(e: Evidence, kind: str) -> None:
    found = next(event for event in e.events if event.kind == kind)
    e.events.insert(e.events.index(found) + 1, found)


def crossed(e: Evidence) -> None:
    """The wrong door moved, it was noticed, and it was offered all the same."""
    e.pulses[0] = replace(e.pulses[0], pulled="1", meant="2")
    alarm = Event(e.pulses[0].start_s + 0.5, "door.wrong_door", {"commanded": "2", "moved": "1"}, {})
    e.events.append(alarm)


def ended(e: Evidence, **how: Any) -> None:
    e.ending = replace(e.ending, **how)


def logged(e: Evidence, line: str) -> None:
    e.said, e.secrets = line, frozenset({"48151623"})


def turned_away(e: Evidence) -> tuple[float, str, str]:
    stored = e.of("parcel.deposited")[0]
    return stored.at_s + 1.0, "turned-away", str(stored.data["stay"])


def forced(e: Evidence) -> None:
    e.edges.append(Edge(e.deeds[0].at_s + 0.5, "44", True))


DOCTORED: dict[str, Doctor] = {
    "INV-01": lambda e: without(e, "parcel.deposited"),
    "INV-02": lambda e: without(e, "door.closed"),
    "INV-03": lambda e: without(e, "door.open_requested"),
    "INV-04": lambda e: e.pulses.append(replace(e.pulses[0], start_s=e.pulses[0].start_s + 5)),
    "INV-05": crossed,
    "INV-06": lambda e: doubled(e, "code.claimed"),
    "INV-07": lambda e: without(e, "parcel.collected"),
    "INV-08": lambda e: e.deeds.insert(0, Deed(e.deeds[0].at_s, "puts", "1")),
    "INV-09": lambda e: e.pulses.append(replace(e.pulses[0], length_s=None)),
    "INV-10": lambda e: changed(e, "parcel.collected", open_ms=1_900),
    "INV-11": forced,
    "INV-12": lambda e: changed(e, "door.open_requested", cause="remote"),
    "INV-13": lambda e: changed(e, "door.opened", compartment="2"),
    "INV-14": lambda e: e.events.append(replace(e.of("parcel.deposited")[0], kind="parcel.overdue")),
    "INV-15": lambda e: e.events.extend([Event(e.until_s, "code.failed", {"scopes": []}, {})] * 101),
    "INV-16": lambda e: ended(e, log_bytes=1 << 30),
    "INV-17": lambda e: ended(e, degraded=True),
    "INV-18": lambda e: e.deeds.append(Deed(e.until_s, "told-stored", "59")),
    "INV-19": lambda e: logged(e, "WARNING typed 48151623 {}"),
    "INV-20": lambda e: ended(e, again_differs=("a code lives again",)),
    "INV-21": lambda e: e.deeds.append(Deed(*turned_away(e))),
    "INV-22": lambda e: ended(e, broken=("2 writers of ledger.db at one time",)),
}


def test_an_honest_run_breaks_nothing(honest: Evidence) -> None:
    """And it was a run: something was stored, collected and pulled."""
    assert broken(honest) == []
    assert {"parcel.deposited", "parcel.collected"} <= {event.kind for event in honest.events}
    assert {deed.what for deed in honest.deeds} >= {"puts", "takes", "told-stored", "told-collected"}
    assert len(honest.pulses) == 3


@pytest.mark.parametrize("name", INVARIANTS)
def test_each_invariant_notices_its_own_breach(honest: Evidence, name: str) -> None:
    """The evidence is doctored by one fact."""
    doctored = replace(
        honest,
        events=list(honest.events),
        pulses=list(honest.pulses),
        edges=list(honest.edges),
        deeds=list(honest.deeds),
    )

    DOCTORED[name](doctored)

    assert list(INVARIANTS[name](doctored))
