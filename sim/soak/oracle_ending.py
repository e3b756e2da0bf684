"""The judge's second half: what only a whole run shows (INV-14 to INV-22). It shares no code with the agent either.

Times are the simulation's own seconds, which no clock of the locker can bend.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sim.soak.evidence import Event, Evidence

RETENTION_S = 48 * 3600.0
SLACK_S = 2.0
TRIES_A_DAY, DAY_S = 100, 86_400.0
STEPS = ((3, 60.0), (5, 300.0), (10, 900.0))  # wrong tries in a row, seconds of lockout
LOG_BYTES_MAX = 24 << 20
TASKS_MAX = 60
USABLE = ("home", "full")
OFFLINE_LAYERS = ("cloud",)
QUIET_BEFORE_S = 900.0  # a trouble's consequences last for so long: back-offs, lockouts, a ledger tried again


def clocks_bend_nothing(e: Evidence) -> Iterator[str]:
    """INV-14: nobody's parcel is overdue before its time, and no lockout is shorter than its step."""
    stored = {str(o.data["stay"]): o.at_s for o in e.of("parcel.deposited")}
    for event in e.of("parcel.overdue"):
        began_s = stored.get(str(event.data["stay"]))
        if began_s is not None and event.at_s - began_s < RETENTION_S - SLACK_S:
            yield f"door {event.door} was overdue after {event.at_s - began_s:.0f} s"
    locked_until_s: dict[str, float] = {}
    for event in e.of("code.failed", "code.locked_out"):
        if event.kind == "code.locked_out":
            locked_until_s[str(event.data["scope"])] = event.at_s + float(event.data["lock_s"])
            continue
        for scope in event.data["scopes"]:
            if event.at_s < locked_until_s.get(str(scope), 0.0) - SLACK_S:
                yield f"a code was looked at in the lockout of {scope} at {event.at_s:.3f}"


def tries_are_bounded(e: Evidence) -> Iterator[str]:
    """INV-15: of the wrong codes that were looked at, in any 24 hours."""
    tried = [event.at_s for event in e.of("code.failed")]
    for index, at_s in enumerate(tried):
        within = sum(1 for later in tried[index:] if later < at_s + DAY_S)
        if within > TRIES_A_DAY:
            yield f"{within} wrong codes were looked at in the day from {at_s:.0f}"
            return


def resources_are_bounded(e: Evidence) -> Iterator[str]:
    """INV-16: the write-ahead log and the agent's tasks."""
    if e.ending.log_bytes > LOG_BYTES_MAX:
        yield f"the write-ahead log grew to {e.ending.log_bytes} bytes"
    if e.ending.tasks > TASKS_MAX:
        yield f"{e.ending.tasks} tasks at the end"


def it_converges(e: Evidence) -> Iterator[str]:
    """INV-17: without weather the locker serves again, and nothing is left to send."""
    end = e.ending
    if end.degraded:
        yield "the ledger still takes no writes"
    if end.screen and end.screen not in USABLE:
        yield f"the screen shows {end.screen}"
    if end.doors_unseen:
        yield f"doors {', '.join(end.doors_unseen)} are not seen"
    if not end.served:
        yield "one more parcel did not come and go"
    if end.recorded != end.journalled:
        yield f"the office has {end.recorded} events, the journal {end.journalled}"
    if end.kept_differs:
        yield f"{end.kept_differs} events stand otherwise in the office's record"
    yield from (line for line in end.broken if "writer" not in line)


def nothing_is_claimed(e: Evidence) -> Iterator[str]:
    """INV-18: who was told "done" was told so after it was durable; nothing went wrong in silence."""
    for kind, told in (("parcel.deposited", "told-stored"), ("parcel.collected", "told-collected")):
        by_door: dict[str, list[float]] = {}
        for event in e.of(kind):
            by_door.setdefault(event.door, []).append(event.at_s)
        for deed in e.did(told):
            if not any(at_s <= deed.at_s + SLACK_S / 1000 for at_s in by_door.get(deed.door, [])):
                yield f"{told} at door {deed.door} at {deed.at_s:.3f} before any {kind}"
    for line in e.said.splitlines():
        grave = line.startswith(("CRITICAL", "ERROR")) and "Error(" in line
        if grave and not any(known in line for known in KNOWN_ERRORS):
            yield f"logged: {line[:300]}"


KNOWN_ERRORS = ("ledger", "Ledger", "Commit", "DiskFull", "STORE-", "disk", "SignatureVerif")


def secrets_stay_secret(e: Evidence) -> Iterator[str]:
    """INV-19: no code and no token in a log line or in the journal."""
    if not e.secrets:
        return
    given = re.compile(
        r"(?<![0-9A-Za-z])(?:" + "|".join(map(re.escape, sorted(e.secrets))) + r")(?![0-9A-Za-z])"
    )
    if found := given.search(e.said):
        yield f"a code or token was logged: {e.said[max(0, found.start() - 60) : found.start()]}…"
    for event in e.events:
        if any(given.search(text) for text in _texts(event)):
            yield f"a code or token stands in {event.kind} at {event.at_s:.3f}"


def _texts(event: Event) -> Iterator[str]:
    return (str(value) for name, value in event.data.items() if name not in ("sealed", "personal"))


def recovery_is_idempotent(e: Evidence) -> Iterator[str]:
    """INV-20: one more start of a locker at rest changed nothing."""
    yield from (f"one more start: {line}" for line in e.ending.again_differs)


def offline_pickup_works(e: Evidence) -> Iterator[str]:
    """INV-21: who has a live code gets the door, whatever the cloud does, where nothing else is in trouble."""
    lives = {"parcel.deposited": "live", "code.rearmed": "live", "code.reissued": "live",
             "code.claimed": "claimed", "code.spent": "spent"}  # fmt: skip
    for deed in e.did("turned-away"):
        if any(blow.layer not in OFFLINE_LAYERS and blow.near(deed.at_s, QUIET_BEFORE_S) for blow in e.blows):
            continue
        life, door, doubtful = "", "", False
        for event in e.events:
            if event.at_s > deed.at_s:
                break
            if event.kind in lives and event.data.get("stay") == deed.door:
                life, door = lives[event.kind], event.door or door
            doubtful = doubtful or (event.kind in DOUBTFUL and event.door == door and bool(door))
        if life == "live" and not doubtful and not _stands_open(e, door, deed.at_s):
            yield f"a live code did not open door {door} at {deed.at_s:.3f}"


def _stands_open(e: Evidence, door: str, at_s: float) -> bool:
    moves = [edge.is_open for edge in e.edges if edge.door == door and edge.at_s <= at_s]
    return bool(moves) and moves[-1]


DOUBTFUL = (
    "compartment.suspect",
    "compartment.contents_unknown",
    "compartment.out_of_service",
    "door.wrong_door",
    "door.forced",
)


def one_owner(e: Evidence) -> Iterator[str]:
    """INV-22: one writer of the ledger, one owner of each line."""
    yield from (line for line in e.ending.broken if "writer" in line or "owner" in line)
