"""One door, the buses' figures, the screen, one parcel, stock-taking and events, for a person."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from edge_agent.cli.terminal import Grid, paint, say, show, tell
from edge_agent.control import bench_types as b
from edge_agent.error_table import EXPLANATIONS

OUTCOME_STYLES = {"opened": "green", "pending": "dim"}


def local(time: str) -> str:
    """RFC 3339 in UTC → this terminal's local time, for tables; JSON has the one with the offset."""
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}"


def person(actor: str) -> str:
    """Who it was, without the word that most of them share."""
    return actor.removeprefix("technician:") or "nobody"


def sighting(one: b.DoorSighting) -> None:
    print(f"{one.at_s:8.1f}  door {one.number}  {one.state}", flush=True)


def tested(one: b.DoorTestItem) -> None:
    opened = f" after {one.opened_after_ms} ms" if one.opened_after_ms is not None else ""
    shut = f", shut after {one.closed_after_ms / 1000:.1f} s" if one.closed_after_ms is not None else ""
    word = one.outcome.replace("_", " ")
    style = "bold red" if one.code else "green"
    line = f"door {one.number}, {one.cycle}/{one.of}: {word}{opened}{shut}"
    print(paint(line, style), flush=True)
    tell(one.fact)
    if one.code:
        row = EXPLANATIONS[one.code]
        tell(f"{one.code} {row.english}. {row.cause}")
        tell(row.next_step)
        say(f"Next, when it is mended: lockerctl compartment unblock {one.number} --reason TEXT")
    elif one.cycle == one.of:
        say(f"Next: lockerctl compartment verify {one.number} --found empty|occupied")


def history(found: b.DoorHistoryResult) -> None:
    print(
        f"door {found.number} (board {found.board}, channel {found.channel}): "
        f"{found.condition}, contents {found.contents}"
    )
    if not found.openings:
        print("it was not opened yet, or longer ago than the journal is kept")
        return
    columns = ("Time", "Cause", "By", "Outcome", "After", "Open for", "Reason")
    show(Grid(columns, [_opening(one) for one in found.openings], ("After", "Open for")))
    middle = f", half of them within {found.median_ms} ms" if found.median_ms is not None else ""
    plural = "" if len(found.openings) == 1 else "s"
    print(f"{len(found.openings)} opening{plural}, {found.failed} failed{middle}")
    if found.code:
        tell(f"the last one: {found.openings[-1].fact or 'no more is known'}")
        tell(f"{found.code} {EXPLANATIONS[found.code].english}. {found.next_step}")
        say(f"Next: lockerctl door test {found.number}")


def _opening(one: b.OpeningRow) -> tuple[str, ...]:
    return (
        local(one.time),
        one.cause or "-",
        person(one.actor),
        one.outcome.replace("_", " "),
        _ms(one.opened_after_ms),
        _ms(one.open_for_ms),
        one.reason,
    )


def _ms(value: int | None) -> str:
    if value is None:
        return "-"
    return f"{value} ms" if value < 10_000 else f"{value / 1000:.0f} s"


def bus_stats(found: b.BusStatsResult) -> None:
    counts = ("Asked", "Answered", "Silent", "Bad", "Again", "Errors", "Median", "Slowest")
    for bus in found.buses:
        state = "open" if bus.open else "not open"
        print(f"bus {bus.bus}, {bus.port}: {state}, opened {bus.port_openings}, lost {bus.port_losses} times")
        print(f"  noise {bus.noise_bytes} bytes, late {bus.late_bytes} bytes, collisions {bus.collisions}")
        show(Grid(("Board", "State", *counts), [_figures(one) for one in bus.boards], counts))
        tell(_conclusion(bus))


def _conclusion(bus: b.BusFigures) -> str:
    """What the boards of one bus say together: the trouble is at one of them, or at what they share."""
    silent = [one.board for one in bus.boards if not one.answers]
    if not silent:
        return "every board answers"
    if len(silent) == len(bus.boards) > 1:
        return (
            "no board answers: the adapter, the wires A and B at its first board, or the supply of them all"
        )
    return (
        f"only {', '.join(silent)} {'is' if len(silent) == 1 else 'are'} silent, the bus itself works: "
        "look at the board's power lamp, its plug, and its address switch"
    )


def _figures(one: b.BoardFigures) -> tuple[str, ...]:
    counts = (one.sent, one.answered, one.silent, one.bad + one.refused, one.resends)
    times = (f"{one.errors_percent:.2f} %", f"{one.median_ms:.0f} ms", f"{one.slowest_ms:.0f} ms")
    return (one.board, "answers" if one.answers else "silent", *map(str, counts), *times)


def captured(found: b.BusCaptureResult) -> None:
    print(f"{found.frames} frames in {found.seconds:.0f} s written to {found.file}")
    say(f"Next: lockerctl bus replay {found.file}")


def screen(found: b.ScreenResult) -> None:
    ago = f", heard {found.page_ago_s:.0f} s ago" if found.page_ago_s is not None else ""
    words = {"alive": "alive", "silent": "silent", "never": "not open since the agent started"}
    print(f"page     {words[found.page]}{ago}, served at http://{found.listen}/")
    print(f"shows    {found.screen}{', somebody is using it' if found.session else ''}")
    resting = ", resting now" if found.resting else ""
    print(f"display  {'not switched by the agent' if found.display == 'none' else found.display}{resting}")
    if found.page != "alive":
        tell(f"HOST-705 {EXPLANATIONS['HOST-705'].cause} {EXPLANATIONS['HOST-705'].next_step}")


def screen_test(found: b.ScreenTestResult) -> None:
    print(f"display {found.display}: {', '.join(found.steps) or 'nothing done'}")
    if found.failed:
        say(f"It did not obey: {found.failed}")


def parcel(found: b.ParcelResult) -> None:
    if not found.stays:
        print("no parcel of this number is known here: never was, or its data is erased")
    for story in found.stays:
        print(
            f"waybill {story.waybill or '(erased)'} of {story.carrier}, compartment {story.compartment}: "
            f"{story.status}, phone {story.phone or '(erased)'}, stay {story.stay}"
        )
        rows = [
            (local(one.time), one.event, person(one.by) if one.by else "-", one.fact) for one in story.events
        ]
        show(Grid(("Time", "Event", "By", "Fact"), rows))


def reconcile(found: b.ReconcileResult) -> None:
    if not found.compartments:
        print(f"nothing is in doubt: {found.sound} compartments")
        return
    rows = [(one.number, one.contents, one.door, one.why) for one in found.compartments]
    show(Grid(("Door", "Ledger says", "Sensor", "Why"), rows))
    print(f"{len(found.compartments)} to look into, {found.sound} not in doubt")


def event(one: b.FollowedEvent) -> None:
    data = json.dumps(one.data, ensure_ascii=False)
    tell(f"{one.sequence:>8}  {local(one.time)}  {one.type:<26} {data}", " " * 10)


SHOW: dict[str, Callable[[Any], None]] = {
    "door.watch": sighting,
    "door.test": tested,
    "door.history": history,
    "bus.stats": bus_stats,
    "bus.capture": captured,
    "screen.info": screen,
    "screen.test": screen_test,
    "screen.blank": screen,
    "parcel": parcel,
    "reconcile": reconcile,
    "journal.follow": event,
}
