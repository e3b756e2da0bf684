"""From door to door: each is unlocked, looked at by a person, shut, and unlocked again until its lock has passed.

A pulse that moves another door's contact shows a swapped harness; one that moves nothing a dead latch or a dead
contact, and the person in front of it says which. The number on the open door is compared with the configuration's.
What failed may be mended and tried again, as often as a door may be tried in service, and never more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from drivers.errors import BoardSilent
from drivers.lock_board import DoorState
from edge_agent.cli.commissioning.boards import Boards, Place, finding
from edge_agent.cli.commissioning.progress import Progress
from edge_agent.cli.commissioning.pulse import Coils, Kind, Trial, pulse, shut_again
from edge_agent.cli.commissioning.site import Site, Talk, ask, told
from edge_agent.config import Door
from edge_agent.control.commission_types import CommissionItem, DoorTrial, Fault

RETRY, WRITE, ABSENT, SKIP = "retry", "write", "no door", "skip"


@dataclass(slots=True)
class Learned:
    """What differs from the configuration and shall be written there: door → where its coil is."""

    coils: dict[str, Place] = field(default_factory=dict)


@dataclass(slots=True)
class Attempt:
    """One door's turn so far."""

    door: Door
    opened_ms: list[int] = field(default_factory=list)
    pulses: int = 0
    failed: int = 0
    label: str = ""
    inverted: bool = False
    note: str = ""


class Walk:
    """All doors of the present configuration."""

    def __init__(self, site: Site, boards: Boards, progress: Progress, coils: Coils, cycles: int) -> None:
        self._site, self._boards, self._progress, self._cycles = site, boards, progress, cycles
        self._doors = site.bench.config.doors()
        self._coils = coils
        self.learned = Learned()

    def go(self) -> Talk[None]:
        """Every door that has not passed yet."""
        left = [door for door in self._doors if not self._settled(door)]
        if not left:
            return
        yield from self._ready()
        yield from ask("shut", f"{len(left)} doors to try. Shut every door, then press Enter.")
        standing = [place for place, state in self._boards.sample().doors.items() if state is DoorState.OPEN]
        named = [door.number for door in left if (door.sensor_board, door.sensor_channel) in standing]
        if named:
            text = (
                f"Contacts that say open: {', '.join(named)}. Shut these doors; Enter, too, if they are shut."
            )
            yield from ask("shut", text)
        for place, door in enumerate(left, 1):
            trial = yield from self._turn(door, f"{place}/{len(left)}")
            self._progress.tried(trial)
            text = (
                f"{trial.verdict}; {', '.join(map(str, trial.opened_ms))} ms"
                if trial.opened_ms
                else trial.verdict
            )
            yield CommissionItem(what="door", text=text, place=door.number, code="")

    def _ready(self) -> Talk[None]:
        """Boards that cannot be used are named; those that can be again, too."""
        for name, error in self._boards.unready.items():
            fault: Fault = "board-silent" if isinstance(error, BoardSilent) else "board-refuses"
            yield finding(self._progress.found(fault, f"board {name}", str(error), self._site.stamp()))
        for name in self._boards.seen.keys() - self._boards.unready.keys():
            for mended in self._progress.mended(f"board {name}"):
                yield CommissionItem(what="mended", text=mended.fact, place=mended.place, code=mended.code)

    def _settled(self, door: Door) -> bool:
        trial = self._progress.trial(door)
        return trial is not None and trial.verdict != "failed"

    def _turn(self, door: Door, place: str) -> Talk[DoorTrial]:
        attempt = Attempt(door)
        unready = self._boards.unready.get(door.board)
        if unready is not None:
            attempt.note = str(unready)
            return self._result(attempt, "failed")
        yield told(f"{place}  door {door.number} opens", door.number)
        while len(attempt.opened_ms) < self._cycles:  # ends: a failure counts, and so does a success
            word = yield from self._cycle(attempt)
            if word in (SKIP, WRITE):
                return self._result(attempt, "failed")
            if word == ABSENT:
                return self._result(attempt, "absent")
            if attempt.failed >= self._site.bench.config.policy.open_attempts:
                yield told(f"Door {door.number} was tried {attempt.pulses} times: enough for this coil.")
                return self._result(attempt, "failed")
        for mended in self._progress.mended(f"door {door.number}"):
            yield CommissionItem(what="mended", text=mended.fact, place=mended.place, code=mended.code)
        return self._result(attempt, "passed")

    def _cycle(self, attempt: Attempt) -> Talk[str]:
        """One pulse and its consequences. Returns what to do: "" to go on, RETRY, or one of the words above."""
        door, first = attempt.door, not attempt.opened_ms
        attempt.pulses += 1
        trial = pulse(self._site, self._boards, self._coils, door)
        word = ""
        if trial.kind is not Kind.OPENED:
            word = yield from self._failed(attempt, trial)
        elif first:
            attempt.inverted = trial.before.doors[(door.sensor_board, door.sensor_channel)] is DoorState.OPEN
            word = yield from self._numbered(attempt)
        if not word:
            attempt.opened_ms.append(trial.after_ms)
        if trial.moved:
            yield told("Shut it.", door.number)
            word = (yield from self._until_shut(attempt, trial)) or word
        return word

    def _until_shut(self, attempt: Attempt, trial: Trial) -> Talk[str]:
        """No further pulse before what has moved is back: a contact that moves by hand would look like an opening."""
        word = ""
        while not shut_again(self._site, self._boards, trial):  # ends: each round is a failure
            if attempt.failed >= self._site.bench.config.policy.open_attempts:
                return SKIP
            fact = "it does not shut, or its contact says so"
            word = yield from self._noted(attempt, "does-not-shut", fact)
            if word == SKIP:
                return SKIP
        return word

    def _numbered(self, attempt: Attempt) -> Talk[str]:
        number = attempt.door.number
        question = f"Which number is on the open door? Enter if it is {number}."
        typed = yield from ask("number", question, place=number)
        if typed in ("", number):
            return ""
        if self._progress.proposed:
            attempt.label = typed
            return ""
        fact = f"the open door is labelled {typed}: its lock and its sensor are wired to another place"
        word = yield from self._noted(attempt, "wrong-number", fact, WRITE)
        if word != WRITE:
            return word
        attempt.label = typed
        return ""

    def _failed(self, attempt: Attempt, trial: Trial) -> Talk[str]:
        door = attempt.door
        if trial.kind is Kind.SWAPPED:
            return (yield from self._swapped(attempt, trial))
        if trial.kind is Kind.SEVERAL:
            moved = ", ".join(self._named(place) for place in sorted(trial.moved))
            return (
                yield from self._noted(attempt, "several-doors", f"one pulse moved several contacts: {moved}")
            )
        if trial.kind is Kind.GARBLED:
            fact = f"board {door.sensor_board} answers, but not soundly: {trial.fact}"
            return (yield from self._noted(attempt, "duplicate-address", fact))
        if trial.kind is Kind.REFUSED:
            return (yield from self._noted(attempt, "board-refuses", trial.fact or "the board declined"))
        question = f"No contact moved. Did a door open? [y]es, [n]o, or there is no [d]oor at channel {door.channel}."
        seen = yield from ask("failed", question, ("yes", "no", "door"), door.number)
        if seen == "door":
            return ABSENT
        if seen == "yes":
            fact = "it opened and no contact says so: sensor or its cable"
            return (yield from self._noted(attempt, "dead-sensor", fact))
        return (
            yield from self._noted(
                attempt, "dead-latch", "it got its pulse and did not open: coil, cable or latch"
            )
        )

    def _swapped(self, attempt: Attempt, trial: Trial) -> Talk[str]:
        door, place = attempt.door, min(trial.moved)
        other = self._door_sensed_at(place)
        fact = f"its pulse (board {door.board}, channel {door.channel}) moved {self._named(place)}: swapped harness"
        word = yield from self._noted(attempt, "swapped-harness", fact, *([WRITE] if other else []))
        if word == WRITE and other:
            self.learned.coils[other.number] = (door.board, door.channel)
        return word

    def _noted(self, attempt: Attempt, fault: Fault, fact: str, *more: str) -> Talk[str]:
        """Tell the fault, and ask what to do. Counts as a failure of this door."""
        attempt.failed += 1
        attempt.note = fact
        attempt.opened_ms.clear()
        number = attempt.door.number
        yield finding(
            self._progress.found(fault, f"door {number}", f"door {number}: {fact}", self._site.stamp())
        )
        write = ", [w]rite it into locker.toml as it is" if more else ""
        question = f"[r]etry when it is mended{write}, or [s]kip this door?"
        return (yield from ask("failed", question, (RETRY, *more, SKIP), number))

    def _named(self, place: Place) -> str:
        door = self._door_sensed_at(place)
        return f"door {door.number}" if door else f"board {place[0]}, channel {place[1]}, where no door is"

    def _door_sensed_at(self, place: Place) -> Door | None:
        return next((one for one in self._doors if (one.sensor_board, one.sensor_channel) == place), None)

    def _result(self, attempt: Attempt, verdict: str) -> DoorTrial:
        door = attempt.door
        return DoorTrial(
            number=door.number,
            board=door.board,
            channel=door.channel,
            verdict=verdict,  # type: ignore[arg-type]
            opened_ms=tuple(attempt.opened_ms),
            label=attempt.label,
            pulses=attempt.pulses,
            feedback=self._other_way(door) if attempt.inverted else "",
            note="" if verdict == "passed" else attempt.note,
        )

    def _other_way(self, door: Door) -> Literal["closed-when-locked", "closed-when-open"]:
        board = self._site.bench.board_named(door.sensor_board)
        now = door.feedback or board.feedback
        return "closed-when-open" if now == "closed-when-locked" else "closed-when-locked"
