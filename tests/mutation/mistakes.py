"""Twenty mistakes that locker controllers are known for: where one would be made, and the tests that must notice it.

Each is a piece of the product's text and what a careless hand would make of it. A piece that is not there exactly once
has moved: the table has to follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Change(NamedTuple):
    """`right` stands in `file`, relative to the project; `wrong` is put in its place."""

    file: str
    right: str
    wrong: str


@dataclass(frozen=True)
class Mistake:
    """`noticed_by`: files, or tests in them; at least one of them has to fail."""

    name: str
    changes: tuple[Change, ...]
    noticed_by: tuple[str, ...]


def _one(name: str, file: str, right: str, wrong: str, *noticed_by: str) -> Mistake:
    return Mistake(name, (Change(file, right, wrong),), noticed_by)


RESENDS = "turn.resent < transaction.resends"
DRAIN = "self.phase = _IDLE if refused else _DRAINING"
COMMIT = "rows = await self._make_durable(unit) if _says_something(unit) else ()"
NOT_COMMITTED = "rows: tuple[Row, ...] = ()"
ABANDONED = "draft.add(e.CompartmentContentsUnknown(intent.compartment, reason, intent.id, intent.stay))"
CLAIMED = "code is not None and code.life is CodeLife.CLAIMED and code.intent == intent.id:"
SPENT = CLAIMED + "\n        draft.add(e.CodeSpent"
TOO_SHORT = "if intent.open_ms is None or intent.open_ms < state.rules.seen_open_ms:"
OF_NO_LENGTH = "if intent.open_ms is None:"
SESSION = "not session or kept.session != session or code is None or code.life is not CodeLife.SPENT"
ANYBODY = SESSION.replace("kept.session != session", "False")
JUDGED = "return Ack.TAKEN if next_sequence > self.acked else Ack.RESEND"
FIRST_SAMPLE = "                return self._chatter(sensor, at_s)\n        return []"
BELIEVED = (
    "                return self._chatter(sensor, at_s)\n        return self._move(sensor, state, at_s)"
)
CHAIN = "        link = chain(link, row_bytes(row, source))\n        values"
FORCED = (
    "        if compartment.door is not DoorPosition.OPEN:\n            force(draft, number)\n        return"
)

MISTAKES = (
    _one("pulse twice", "drivers/bus_core.py", RESENDS, "turn.resent < 1",
         "tests/drivers/test_serial_bus.py"),
    _one("accept a stale reply", "drivers/bus_core.py", DRAIN, "self.phase = _IDLE",
         "tests/drivers/test_serial_bus.py", "tests/drivers/test_late_replies.py"),
    _one("believe one look at a sensor", "edge_agent/cabinet/door_watch.py", FIRST_SAMPLE, BELIEVED,
         "tests/cabinet/test_door_watch.py"),
    _one("say done before the commit", "edge_agent/store/ledger.py", COMMIT, NOT_COMMITTED,
         "tests/store/test_ledger.py", "tests/store/test_startup.py"),
    _one("forget the fsync", "edge_agent/store/connection.py", "PRAGMA synchronous=FULL",
         "PRAGMA synchronous=OFF",
         "tests/store/test_power_cut.py"),
    _one("break the chain", "edge_agent/store/journal.py", CHAIN, CHAIN.replace("chain(link", "chain(GENESIS"),
         "tests/store/test_journal.py"),
    _one("drop the intent", "edge_agent/domain/decision.py", "self._events.append(event)",
         'self._events.extend([event] if event.TYPE != "door.open_requested" else [])',
         "tests/domain/test_deposits.py"),
    _one("free what nobody concluded", "edge_agent/domain/openings.py", ABANDONED, "pass",
         "tests/domain/test_pickups.py", "tests/domain/test_recovery.py", "tests/flows/test_walk_away.py"),
    _one("reuse a code", "edge_agent/domain/doors.py", SPENT, SPENT.replace("code is not None", "False and code"),
         "tests/domain/test_pickups.py", "tests/domain/test_codes.py"),
    _one("offer what nobody knows", "edge_agent/domain/compartment.py", "self.contents is Contents.EMPTY",
         "self.contents is not Contents.STAY", "tests/domain/test_allocation.py"),
    _one("skip the bound of tries", "edge_agent/domain/openings.py",
         "if compartment.attempts >= state.rules.open_attempts:", "if compartment.attempts >= 99:",
         "tests/domain/test_deposits.py", "tests/cabinet/test_attempts.py"),
    _one("ignore the coil's duty", "edge_agent/domain/openings.py", "    if rest_ms:\n", "    if rest_ms > 99_999:\n",
         "tests/cabinet/test_energy.py", "tests/domain/test_doors.py"),
    _one("ignore the power budget", "edge_agent/cabinet/power.py", "async with self._turns[supply]:",
         "async with asyncio.Lock():", "tests/cabinet/test_power.py", "tests/cabinet/test_cabinet.py"),
    _one("collect from a door that was hardly open", "edge_agent/domain/pickups.py", TOO_SHORT, OF_NO_LENGTH,
         "tests/domain/test_pickups.py"),
    _one("take the wrong door for the right one", "edge_agent/cabinet/cabinet.py",
         "if meant is not None and meant.door.number != number and", "if meant is None and",
         "tests/cabinet/test_cabinet.py"),
    _one("be silent about a forced door", "edge_agent/domain/doors.py", FORCED, FORCED.replace("force(", "str("),
         "tests/domain/test_doors.py", "tests/cabinet/test_cabinet.py"),
    _one("let a thief guess on", "edge_agent/domain/tries.py", "    if left > 0:\n", "    if left > 99_999:\n",
         "tests/domain/test_codes.py"),
    _one("show a stranger's parcel", "edge_agent/domain/pickups.py", SESSION, ANYBODY,
         "tests/domain/test_pickups.py"),
    _one("accept a replayed command", "edge_agent/cloud/desk.py", "if before is not None:", "if before == 0:",
         "tests/cloud/test_orders.py", "tests/cloud/test_unlock.py", "tests/cloud/test_storm.py"),
    _one("ignore a command's expiry", "edge_agent/cloud/timing.py", "if clock_may_be_right and claims.exp <= now_s:",
         "if clock_may_be_right and claims.exp <= 0:", "tests/cloud/test_unlock.py"),
    _one("move the watermark backwards", "edge_agent/store/outbox.py", JUDGED, "return Ack.TAKEN",
         "tests/store/test_ledger.py"),
)  # fmt: skip
