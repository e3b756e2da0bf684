"""What the ledger knows that is not well: doors that failed, contents nobody knows, deposits off, tickets, a drill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from edge_agent.control.health_types import Check, Standing, VerdictWord
from edge_agent.domain.compartment import Compartment
from edge_agent.domain.door_numbers import natural
from edge_agent.domain.fault import age_ms
from edge_agent.domain.instant import ClockQuality, Instant
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Condition, Contents, DoorPosition
from edge_agent.health.words import well, wrong

FAILED, NOT_KNOWN, STANDS_OPEN, OUT_OF_SERVICE = "DOOR-201", "DOOR-209", "DOOR-210", "DOOR-211"
DEPOSITS_OFF, NOT_ACCEPTED, DRILL = "FLOW-313", "CTRL-721", "CTRL-720"
NAMED_MAX = 8  # doors named in one line; `compartments` lists them all
GRAVITY = {"bad": 0, "attention": 1}


def clock(at: Instant) -> Iterator[Check]:
    if at.quality is ClockQuality.SYNCED:
        yield well("clock", "clock", "synchronised")
    else:
        how = (
            "stands before this program was built"
            if at.quality is ClockQuality.UNSET
            else "is not synchronised"
        )
        yield wrong("clock", "clock", "attention", "HOST-704", f"{at.wall:%F %H:%M} UTC, and {how}")


def doors(state: LockerState, ajar_s: float, at: Instant) -> Iterator[Check]:
    """Single doors first, then what concerns several of them."""
    rows = sorted(state.compartment.values(), key=lambda row: natural(row.number))
    for row in rows:
        yield from _door(row, ajar_s, at)
    accepted = state.switched.accepted
    unknown = [row.number for row in rows if row.contents is Contents.UNKNOWN]
    if not accepted:
        fact = f"{len(rows)} doors, not accepted yet: no deposit is offered"
        yield wrong("cabinet", "cabinet", "attention", NOT_ACCEPTED, fact)
    elif unknown:
        fact = f"nobody knows what is inside {_named(unknown)}"
        yield wrong("door", _first(unknown), "attention", NOT_KNOWN, fact)
    blocked = [row.number for row in rows if row.condition is Condition.OUT_OF_SERVICE]
    if blocked:
        yield wrong(
            "door", _first(blocked), "attention", OUT_OF_SERVICE, f"out of service: {_named(blocked)}"
        )


def _door(row: Compartment, ajar_s: float, at: Instant) -> Iterator[Check]:
    place = f"door {row.number}"
    if row.condition in (Condition.SUSPECT, Condition.FAULTY):
        verdict: VerdictWord = "bad" if row.condition is Condition.FAULTY else "attention"
        times = f"{row.failures} time{'' if row.failures == 1 else 's'} in a row"
        yield wrong("door", place, verdict, FAILED, f"did not open {times}; it is {row.condition.value}")
    open_s = age_ms(row.door_since, at) / 1000 if row.door_since else 0
    if row.door is DoorPosition.OPEN and open_s > ajar_s:
        yield wrong("door", place, "attention", STANDS_OPEN, f"has stood open for {open_s / 60:.0f} minutes")


def _first(numbers: list[str]) -> str:
    return f"door {numbers[0]}" if len(numbers) == 1 else f"{len(numbers)} doors"


def _named(numbers: list[str]) -> str:
    more = f" and {len(numbers) - NAMED_MAX} more" if len(numbers) > NAMED_MAX else ""
    return f"{', '.join(numbers[:NAMED_MAX])}{more}"


def modes(state: LockerState) -> Iterator[Check]:
    """What a person has switched, and should not forget."""
    if not state.switched.deposits:
        yield wrong("deposits", "deposits", "attention", DEPOSITS_OFF, f"stopped: {state.switched.reason}")
    for drill in state.drill.values():
        fact = f"{drill.actor} practises: {drill.reason}"
        yield wrong("drill", "drill", "attention", DRILL, fact)


def tickets(state: LockerState, told: Iterable[Check]) -> Iterator[Check]:
    """Open faults that no check has named by itself."""
    named = {(check.code, name_of(check.place)) for check in told}
    for fault in state.fault.values():
        if (fault.code, name_of(fault.place)) not in named:
            verdict: VerdictWord = "bad" if fault.severity == "major" else "attention"
            yield wrong("fault", fault.place, verdict, fault.code, fault.detail or "an open fault")


def name_of(place: str) -> str:
    """ "scanner front" → "front": what stands in a ticket's name, so that it can be typed without quotes."""
    return place.split(" ")[-1]


def findings(checks: Iterable[Check]) -> tuple[Check, ...]:
    """What is not well, gravest first."""
    bad = [check for check in checks if check.verdict in GRAVITY]
    return tuple(sorted(bad, key=lambda check: GRAVITY[check.verdict]))


def standing(state: LockerState, doors: Iterable[str]) -> Standing:
    """Compartments counted, and `doors` as their sensors see them now: one word a door."""
    rows = state.compartment.values()
    return Standing(
        installed=len(rows),
        offered=sum(row.offered for row in rows),
        occupied=sum(row.contents is Contents.STAY for row in rows),
        unknown=sum(row.contents is Contents.UNKNOWN for row in rows),
        set_aside=sum(row.condition is not Condition.OK for row in rows),
        unreachable=sum(not row.reachable for row in rows),
        doors=dict(Counter(doors)),
    )
