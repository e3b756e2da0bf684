"""One door by its number: unlocked, watched, and its history told, without an agent or beside it."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from time import monotonic, sleep

from edge_agent.cli.direct.bench import Bench
from edge_agent.config import Door
from edge_agent.control import bench_types as b
from edge_agent.control import types as t
from edge_agent.errors import ControlError

READ_EVERY_S = 0.2
FAILED = ("not_opened", "unknown", "wrong_door")
CODES = {"not_opened": "DOOR-201", "unknown": "DOOR-202", "wrong_door": "DOOR-205", "forced": "DOOR-204"}


def door_named(bench: Bench, number: str) -> Door:
    """Raises ControlError CTRL-705 for a number that is not printed on any door here."""
    found = next((door for door in bench.config.doors() if door.number == number), None)
    if found is None:
        raise ControlError("CTRL-705", f"door {number}", "no such door is configured")
    return found


def unlock(asked: b.DoorUnlockArguments, bench: Bench) -> t.UnlockResult:
    """As `unlock` by board and channel, with the same record."""
    from edge_agent.cli.direct.unlocking import unlock as by_wire

    door = door_named(bench, asked.number)
    return by_wire(t.UnlockArguments(board=door.board, channel=door.channel, reason=asked.reason), bench)


def watch(asked: b.DoorWatchArguments, bench: Bench) -> Iterator[b.DoorSighting]:
    """Each change of what its board says. A board that does not answer makes it unknown."""
    from edge_agent.cli.direct.boards import doors

    number = door_named(bench, asked.number).number
    begun_s, last = monotonic(), ""
    while not asked.seconds or monotonic() - begun_s < asked.seconds:  # else until Ctrl-C
        seen = doors(t.DoorsArguments(board=door_named(bench, number).board), bench)
        state = next(row.state for row in seen.doors if row.number == number)
        if state != last:
            last = state
            yield b.DoorSighting(at_s=round(monotonic() - begun_s, 2), number=number, state=state)
        sleep(READ_EVERY_S)


def history(asked: b.DoorHistoryArguments, bench: Bench) -> b.DoorHistoryResult:
    """From the journal, and what the ledger thinks of the lock now."""
    from edge_agent.error_table import EXPLANATIONS
    from edge_agent.store import histories, offline
    from edge_agent.store.cloudevents import timestamp
    from edge_agent.store.places import settings_of

    door = door_named(bench, asked.number)
    bench.hold_state()
    settings = settings_of(bench.config)
    found = histories.openings(settings, door.number, asked.last)
    now = next((row for row in offline.compartments(settings) if row.number == door.number), None)
    rows = tuple(
        b.OpeningRow(
            time=timestamp(one.wall_ms),
            cause=one.cause,
            actor=one.actor,
            outcome=one.outcome,  # type: ignore[arg-type]
            opened_after_ms=one.opened_after_ms,
            open_for_ms=one.open_for_ms,
            reason=one.reason,
            fact=one.fact,
        )
        for one in found
    )
    code = CODES.get(rows[-1].outcome, "") if rows else ""
    times = [one.opened_after_ms for one in rows if one.opened_after_ms is not None]
    return b.DoorHistoryResult(
        number=door.number,
        board=door.board,
        channel=door.channel,
        condition=now.condition if now else "not configured yet",
        contents=now.contents if now else "unknown",
        openings=rows,
        failed=sum(one.outcome in FAILED for one in rows),
        median_ms=round(median(times)) if times else None,
        code=code,
        next_step=EXPLANATIONS[code].next_step if code else "",
    )
