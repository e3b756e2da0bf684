"""`status`, `doctor` and the tickets for a person: the answer first, then what is wrong with its next command."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from typing import Any

from edge_agent.cli.terminal import Grid, paint, say, show, width
from edge_agent.control import health_types as h
from edge_agent.version import VERSION

MARKS = {"well": "ok", "attention": "!", "bad": "!!", "skipped": "-"}
STYLES = {"well": "green", "attention": "bold yellow", "bad": "bold red", "skipped": "dim"}
OTHER_VERSION = "HOST-706"
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


def status(found: h.StatusResult) -> None:
    title = f"{found.locker} {found.name}".strip()
    if not found.findings:
        print(paint(f"{title}: well", "bold green"))
    else:
        count = len(found.findings)
        grave = any(one.verdict == "bad" for one in found.findings)
        line = f"{title}: {count} thing{'' if count == 1 else 's'} to look at"
        print(paint(line, "bold red" if grave else "bold yellow"))
    for label, fact in _facts(found):
        print(f"  {label:<13}{fact}")
    findings(found.findings)
    _same_version(found.version)


def _same_version(agent: str) -> None:
    if agent != VERSION:
        code = OTHER_VERSION
        say(f"{code} the agent is version {agent}, this tool is {VERSION}: lockerctl explain {code}")


def _facts(found: h.StatusResult) -> Iterable[tuple[str, str]]:
    s, deposits = found.compartments, f"deposits {found.deposits}"
    yield "compartments", f"{s.installed}: {s.offered} free, {s.occupied} occupied{_more(s)}"
    doors = ", ".join(f"{count} {word}" for word, count in sorted(s.doors.items()) if count)
    yield "doors", doors or "none"
    yield (
        "service",
        f"{deposits}{'' if found.accepted else ', not accepted'}{', a drill is going on' if found.drill else ''}",
    )
    yield "tickets", f"{found.tickets} open" + (" (lockerctl fault list)" if found.tickets else "")
    yield "cloud", f"{found.events_waiting} events to be acknowledged"
    yield "agent", f"version {found.version}, up {span(found.up_s)}, clock {found.clock}"


def _more(s: h.Standing) -> str:
    extra = ((s.unknown, "unknown"), (s.set_aside, "set aside"), (s.unreachable, "unreachable"))
    return "".join(f", {count} {word}" for count, word in extra if count)


def findings(wrong: Iterable[h.Check]) -> None:
    """Each with its sentence and what to type next."""
    for one in wrong:
        _finding(one)


def _finding(one: h.Check) -> None:
    print(paint(f"{MARKS[one.verdict]:>2} {one.code}  {one.place}", STYLES[one.verdict]))
    indent = " " * 6
    for line in textwrap.wrap(f"{one.fact}. {one.next_step}", width() - len(indent)):
        print(f"{indent}{line}")
    print(f"{indent}Next: {paint(one.command, 'bold')}")


def doctor(found: h.DoctorResult) -> None:
    for one in found.checks:
        if one.verdict in ("well", "skipped"):
            mark = paint(f"{MARKS[one.verdict]:>2}", STYLES[one.verdict])
            told = one.place if one.place.startswith(one.area) else f"{one.area}, {one.place}"
            for line in textwrap.wrap(f"{told}: {one.fact}", width() - 3) or [told]:
                print(f"{mark} {line}")
                mark = "  "
        else:
            _finding(one)
    wrong = sum(one.verdict in ("attention", "bad") for one in found.checks)
    if wrong:
        print(paint(f"{wrong} of {len(found.checks)} need a person", "bold yellow"))
    else:
        print(paint(f"all {len(found.checks)} are well or not to be had here", "bold green"))
    _same_version(found.version)


def fault_list(found: h.FaultListResult) -> None:
    if not found.faults:
        print("no open fault")
        return
    columns = ("Fault", "Severity", "Open for", "Owner", "Clock", "Detail")
    show(Grid(columns, [_ticket(one) for one in found.faults], ()))
    unowned = next((one.fault for one in found.faults if not one.owner), "")
    if unowned:
        say(f"Next: lockerctl fault ack {unowned}")


def _ticket(one: h.TicketRow) -> tuple[str, ...]:
    return (
        one.fault,
        one.severity,
        span(one.age_s),
        one.owner.removeprefix("technician:") or "nobody",
        _clock(one.clocks),
        one.detail,
    )


def _clock(clocks: tuple[h.ClockRow, ...]) -> str:
    """The next clock that runs, or the one that ran out first."""
    running = next((clock for clock in clocks if not clock.stopped), None)
    if running is None:
        return "-"
    word = running.clock.replace("_", " ")
    return (
        f"{word} in {span(running.left_s)}"
        if running.left_s >= 0
        else f"{word} late by {span(-running.left_s)}"
    )


def fault(found: h.FaultResult) -> None:
    owner = f", taken on by {found.owner}" if found.standing == "acknowledged" else ""
    print(f"{found.fault}: {found.standing}{owner}")


def span(seconds: float) -> str:
    """`90` → "1 min"; whole units, the two that matter at most."""
    whole = int(seconds)
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min"
    if whole < DAY_S:
        return f"{whole // HOUR_S} h {whole % HOUR_S // MINUTE_S} min"
    return f"{whole // DAY_S} d {whole % DAY_S // HOUR_S} h"


SHOW: dict[str, Callable[[Any], None]] = {
    "status": status,
    "doctor": doctor,
    "fault.list": fault_list,
    "fault.ack": fault,
    "fault.resolve": fault,
}
