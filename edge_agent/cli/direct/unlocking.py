"""Unlocking one door without an agent: recorded first, one frame, and then only the sensor is believed.

The order is fixed. The board is prepared (it must be the right one, its inputs must not drive its relays); the record
of who, why and which door is on the disk; one frame leaves; then doors are read until the door was seen open twice in
a row or the waiting time is over. Whatever the wire says, no second frame follows.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TYPE_CHECKING

from drivers.errors import BadReply, BoardSilent, BusError
from drivers.lock_board import DoorState, UnlockReport, UnlockSent
from drivers.transaction import Priority
from edge_agent.cli.direct.bench import Bench
from edge_agent.cli.direct.boards import state_of
from edge_agent.config import Board, Door
from edge_agent.control import direct_record
from edge_agent.control import types as t
from edge_agent.errors import ControlError, StoreError
from edge_agent.randomness import SystemRandomness, uuid7

if TYPE_CHECKING:
    from drivers.lock_board import LockBoard
    from drivers.serial_bus import SerialBus

READ_EVERY_S = 0.1  # two equal reads 50 to 150 ms apart are past the contact's bounce
SEEN = 2  # equal reads in a row before a state is believed


@dataclass(frozen=True, slots=True)
class _Sensor:
    """Where the door is read: the reading board and its input."""

    board: Board
    driver: LockBoard
    channel: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the sensor said until it was believed or time was up. `reads` answered, `fault` is the last silence."""

    state: DoorState
    after_s: float
    reads: int
    fault: str = ""


def unlock(asked: t.UnlockArguments, bench: Bench) -> t.UnlockResult:
    """Unlock one door. Raises StoreError when the record cannot be kept; then nothing was sent."""
    board = bench.board_named(asked.board)
    if asked.channel > board.channels:
        raise ControlError(
            "CTRL-705", f"channel {asked.channel}", f"board {board.name} has 1 to {board.channels}"
        )
    door = _door_at(bench, board.name, asked.channel)
    if not asked.bench:
        make_state_dir(bench)
    bench.hold_state()
    driver, bus = bench.board(board), bench.bus(board.bus)
    bench.progress(f"board {board.name} on bus {board.bus}")
    unready = _unready(bus, driver)
    if unready is not None and not isinstance(unready, (BoardSilent, BadReply)):
        return _result(asked, door, UnlockReport(UnlockSent.NOT_SENT, str(unready), unready.code))
    sensor = _sensor(bench, board, driver, door, asked.channel)
    before = _look(bench, sensor)

    intent = "" if asked.bench else record(bench, asked, door)
    report = bus.perform_blocking(driver.unlock(asked.channel), Priority.UNLOCK)
    if report.sent is UnlockSent.NOT_SENT and unready is not None:
        report = UnlockReport(UnlockSent.NOT_SENT, str(unready), unready.code)
    seen = None if report.sent in NO_PULSE else _watch(bench, sensor, bench.config.policy.open_wait_s)
    result = _result(asked, door, report, before, seen, recorded=bool(intent))
    if intent:
        record_outcome(bench, intent, result)
    return result


def _unready(bus: SerialBus, driver: LockBoard) -> BusError | None:
    """Why the board could not be prepared. One that keeps silent may still hear: its driver decides if it is used."""
    try:
        bus.perform_blocking(driver.prepare())
    except BusError as error:
        return error
    return None


def _door_at(bench: Bench, board: str, channel: int) -> Door | None:
    """The compartment behind a channel; None for one that no door is wired to."""
    return next(
        (door for door in bench.config.doors() if (door.board, door.channel) == (board, channel)), None
    )


def _sensor(bench: Bench, board: Board, driver: LockBoard, door: Door | None, channel: int) -> _Sensor:
    if door is None or door.sensor_board == board.name:
        return _Sensor(board, driver, door.sensor_channel if door else channel)
    reading = bench.board_named(door.sensor_board)
    return _Sensor(reading, bench.board(reading), door.sensor_channel)


def _look(bench: Bench, sensor: _Sensor) -> DoorState:
    """One read before the frame. A sensor that does not answer never keeps a door shut."""
    try:
        return _read(bench, sensor)
    except BusError:
        return DoorState.UNKNOWN


def _read(bench: Bench, sensor: _Sensor) -> DoorState:
    bus = bench.bus(sensor.board.bus)
    return state_of(bus.perform_blocking(sensor.driver.read_doors()), sensor.channel)


def _watch(bench: Bench, sensor: _Sensor, wait_s: float) -> _Seen:
    """Read until OPEN was seen twice in a row, at most `wait_s`; else what the last two reads agree on."""
    begun = monotonic()
    state, equal, reads, fault = DoorState.UNKNOWN, 0, 0, ""
    while monotonic() - begun < wait_s:
        try:
            now, fault = _read(bench, sensor), ""
            reads += 1
        except BusError as error:
            now, fault = DoorState.UNKNOWN, str(error)
        equal = equal + 1 if now is state else 1
        state = now
        if state is DoorState.OPEN and equal >= SEEN:
            break
        sleep(READ_EVERY_S)
    believed = state if equal >= SEEN else DoorState.UNKNOWN
    return _Seen(believed, monotonic() - begun, reads, fault)


OUTCOMES: dict[DoorState, t.OutcomeWord] = {
    DoorState.OPEN: "opened",
    DoorState.CLOSED: "not_opened",
    DoorState.UNKNOWN: "unknown",
}
CODES: dict[t.OutcomeWord, str] = {"opened": "", "not_opened": "DOOR-201", "unknown": "DOOR-202"}
NO_PULSE = (UnlockSent.NOT_SENT, UnlockSent.REFUSED)


def _result(
    asked: t.UnlockArguments,
    door: Door | None,
    report: UnlockReport,
    before: DoorState = DoorState.UNKNOWN,
    seen: _Seen | None = None,
    recorded: bool = False,
) -> t.UnlockResult:
    """`seen` is None where no coil was energised: then nothing opened, whatever any sensor says."""
    outcome = OUTCOMES[seen.state] if seen else "not_opened"
    moved = outcome == "opened" and before is not DoorState.OPEN
    return t.UnlockResult(
        outcome=outcome,
        board=asked.board,
        channel=asked.channel,
        door=door.number if door else "",
        sent=report.sent.value,
        detail=_detail(outcome, before, seen, report),
        opened_after_ms=round(seen.after_s * 1000) if seen and moved else None,
        recorded=recorded,
        code=CODES[outcome] if seen else report.code,
    )


def _detail(outcome: t.OutcomeWord, before: DoorState, seen: _Seen | None, report: UnlockReport) -> str:
    """One sentence for a person who stands in front of the door."""
    if seen is None:
        return report.fact
    if outcome == "opened":
        return "was open already" if before is DoorState.OPEN else f"after {seen.after_s:.1f} s"
    heard = "took it" if report.sent is UnlockSent.ACCEPTED else "did not confirm it"
    told = f"; the board {heard}: {report.fact}" if report.fact else ""
    if outcome == "not_opened":
        return f"still closed after {seen.after_s:.0f} s{told}"
    return (seen.fault or "the sensor gave no steady answer") + told


# the record


def make_state_dir(bench: Bench) -> None:
    try:
        bench.state_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError("STORE-401", str(bench.state_dir), error.strerror or str(error)) from None


def record(bench: Bench, asked: t.UnlockArguments, door: Door | None) -> str:
    """Who, why and which door, on the disk before the frame. Returns the record's id."""
    at, uid = direct_record.now(), os.getuid()
    intent = uuid7(at, SystemRandomness())
    direct_record.append(
        bench.state_dir,
        direct_record.DirectUnlock(
            id=intent,
            time=at,
            login=_login(uid),
            uid=uid,
            reason=asked.reason,
            locker=bench.config.locker.id,
            door=door.number if door else "",
            board=asked.board,
            channel=asked.channel,
        ),
    )
    return intent


def _login(uid: int) -> str:
    """The person behind sudo, else the login of this process."""
    try:
        return os.environ.get("SUDO_USER") or pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def record_outcome(bench: Bench, intent: str, result: t.UnlockResult) -> None:
    """Best effort: the unlock has happened, and a missing outcome is read as unknown."""
    outcome = direct_record.DirectOutcome(
        id=intent, time=direct_record.now(), outcome=result.outcome, detail=result.detail
    )
    try:
        direct_record.append(bench.state_dir, outcome)
    except StoreError as error:
        bench.progress(f"{error}: the outcome is not in the record")
