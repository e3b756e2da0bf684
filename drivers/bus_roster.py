"""Which boards are attached to a bus, and whether each may be used: prepared, being prepared, or why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.bus_turns import Job
from drivers.errors import BusError
from drivers.lock_board import BoardInfo, LockBoard

RETRY_FIRST_S = 0.5  # a board that boots together with its adapter answers within this
RETRY_MAX_S = 30.0  # an absent board costs one deadline in half a minute
WAITING_MAX = 32  # jobs that wait for one board's preparation: more than a cabinet has doors in use at once
NEVER = float("inf")


@dataclass(slots=True)
class _Entry:
    board: LockBoard
    verdict: BoardInfo | BusError | None = None
    running: bool = False
    due: float = 0.0
    retry_s: float = RETRY_FIRST_S
    waiting: list[Job] = field(default_factory=list)


class Roster:
    """Attached boards by name, in the order of attachment; `next_due` is when a preparation is to be started."""

    def __init__(self) -> None:
        self.entries: dict[str, _Entry] = {}
        self.next_due = NEVER

    def verdicts(self) -> Mapping[str, BoardInfo | BusError | None]:
        return {name: entry.verdict for name, entry in list(self.entries.items())}

    def attach(self, board: LockBoard, now: float) -> bool:
        """Have it prepared, True; the very board that is attached already stays as it is, False."""
        known = self.entries.get(board.name)
        if known is not None and known.board is board:
            return False
        self.entries[board.name] = _Entry(board, due=now)
        self._reckon()
        return True

    def opened(self, now: float) -> None:
        """The port is open: every board has to show again who it is."""
        for entry in self.entries.values():
            entry.verdict, entry.running, entry.due, entry.retry_s = None, False, now, RETRY_FIRST_S
        self._reckon()

    def renew(self, name: str, now: float) -> None:
        """This board was away: it has to show again who it is."""
        entry = self.entries[name]
        entry.verdict, entry.due = None, now
        self._reckon()

    def closed(self) -> list[Job]:
        """The port is gone; who was waiting for a board."""
        waiting = [job for entry in self.entries.values() for job in entry.waiting]
        for entry in self.entries.values():
            entry.waiting = []
            entry.running = False
        self.next_due = NEVER
        return waiting

    def due(self, now: float) -> list[LockBoard]:
        """Boards whose preparation starts now."""
        found = [entry for entry in self.entries.values() if entry.due <= now]
        for entry in found:
            entry.running, entry.due = True, NEVER
        self._reckon()
        return [entry.board for entry in found]

    def objection(self, name: str) -> BusError | None:
        """Why this board may not be used at all; None where it may, or soon will."""
        entry = self.entries.get(name)
        return entry.verdict if entry is not None and isinstance(entry.verdict, BusError) else None

    def must_wait(self, name: str) -> bool:
        entry = self.entries.get(name)
        return entry is not None and entry.verdict is None

    def park(self, name: str, job: Job) -> bool:
        """Keep `job` until the board is prepared; False where too many wait already."""
        waiting = self.entries[name].waiting
        if len(waiting) >= WAITING_MAX:
            return False
        waiting.append(job)
        return True

    def prepared(self, name: str, verdict: BoardInfo | BusError, now: float) -> list[Job]:
        """The preparation ended; who was waiting for it. A failed one is tried again later."""
        entry = self.entries[name]
        entry.verdict, entry.running = verdict, False
        if isinstance(verdict, BusError):
            entry.due = now + entry.retry_s
            entry.retry_s = min(entry.retry_s * 2, RETRY_MAX_S)
        else:
            entry.retry_s = RETRY_FIRST_S
        waiting, entry.waiting = entry.waiting, []
        self._reckon()
        return waiting

    def _reckon(self) -> None:
        self.next_due = min((entry.due for entry in self.entries.values()), default=NEVER)
