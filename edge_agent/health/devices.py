"""The checks of what hangs on the locker: ports, boards, scanners, the screen's page, the bridge.

Plain values in, so that the running agent (which knows) and `lockerctl` without one (which tries) share the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.control.health_types import Check
from edge_agent.health.words import skipped, well, wrong

BY_ID = Path("/dev/serial/by-id")  # where udev lists the adapters and scanners that are plugged in
PAGE_SILENT_S = 10.0  # a page says every 2 s that it is there
BRIDGE_SILENT_S = 150.0  # its longest poll takes a minute; two missed ones are no accident
BACKLOG_MAX = 5_000  # events: hours of a busy locker
SCANNER_LOST, BRIDGE_SILENT, BACK_OFFICE_SILENT, NO_PAGE = "BUS-120", "CLOUD-561", "CLOUD-559", "HOST-705"


@dataclass(frozen=True, slots=True)
class PortSeen:
    """A bus's or scanner's port: `code` and `fact` say why it is not open, both empty where it is."""

    name: str
    port: str
    code: str = ""
    fact: str = ""


@dataclass(frozen=True, slots=True)
class BoardSeen:
    """`answers` is None while nobody knows yet; `code` and `fact` say why it does not answer."""

    name: str
    bus: str
    answers: bool | None
    code: str = ""
    fact: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """How many seconds ago something spoke last, None: never; `wanted` says whether there is one at all."""

    wanted: bool
    ago_s: float | None


def buses(seen: Iterable[PortSeen]) -> Iterator[Check]:
    for one in seen:
        place = f"bus {one.name}"
        if one.code:
            yield wrong("bus", place, "bad", one.code, f"port {one.port}: {one.fact}")
        else:
            yield well("bus", place, f"port {one.port} is open")


def boards(seen: Iterable[BoardSeen]) -> Iterator[Check]:
    for one in seen:
        place = f"board {one.name}"
        if one.answers:
            yield well("board", place, f"answers on bus {one.bus}")
        elif one.answers is None:
            yield skipped("board", place, "is being asked for the first time")
        else:
            yield wrong("board", place, "bad", one.code or "BUS-110", one.fact)


def scanners(seen: Iterable[PortSeen], by_id: Path = BY_ID) -> Iterator[Check]:
    """A scanner whose port is gone is unplugged: what is plugged in instead stands beside it."""
    for one in seen:
        place = f"scanner {one.name}"
        if one.code:
            yield wrong(
                "scanner", place, "bad", SCANNER_LOST, f"port {one.port}: {one.fact}; {_plugged_in(by_id)}"
            )
        else:
            yield well("scanner", place, f"port {one.port} is open")


def _plugged_in(by_id: Path) -> str:
    names = sorted(path.name for path in by_id.iterdir()) if by_id.is_dir() else []
    return f"plugged in: {', '.join(names)}" if names else "no serial device is plugged in by USB"


def screen(page: Heard) -> Iterator[Check]:
    if not page.wanted:
        yield skipped("screen", "screen", "the agent does not run, so it has no page to show")
    elif page.ago_s is None:
        yield wrong("screen", "screen", "attention", NO_PAGE, "no page has been open since the agent started")
    elif page.ago_s > PAGE_SILENT_S:
        yield wrong("screen", "screen", "bad", NO_PAGE, f"its page has been silent for {page.ago_s:.0f} s")
    else:
        yield well("screen", "screen", "its page is open and alive")


def cloud(bridge: Heard, waiting: int) -> Iterator[Check]:
    """The bridge asks for events; that the back office takes them shows in the backlog."""
    if not bridge.wanted:
        yield skipped("cloud", "bridge", "no broker is configured: the locker works alone")
    elif bridge.ago_s is None or bridge.ago_s > BRIDGE_SILENT_S:
        since = "since the agent started" if bridge.ago_s is None else f"for {bridge.ago_s:.0f} s"
        yield wrong(
            "cloud", "bridge", "attention", BRIDGE_SILENT, f"has not asked {since}; {waiting} events wait"
        )
    elif waiting > BACKLOG_MAX:
        yield wrong("cloud", "back office", "attention", BACK_OFFICE_SILENT, f"{waiting} events wait for it")
    else:
        yield well("cloud", "bridge", f"asks; {waiting} events wait to be acknowledged")
