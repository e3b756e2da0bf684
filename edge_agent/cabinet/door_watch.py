"""The door watch: from samples of boards to doors that moved. Pure: fed with samples and time, it returns what changed.

A door changes its state when two consecutive samples of its sensor's board agree (wall 1); a board that does not answer
makes all its doors unknown at once, never closed. A sensor that keeps flipping is reported once as chattering and its
door is unknown until it has been quiet (F-034), so that a loose wire cannot fill the journal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from drivers.lock_board import DoorReadings, DoorState

CHATTER_FLIPS = 8  # of one sensor within CHATTER_WINDOW_S: no hand opens and shuts a door four times in that
CHATTER_WINDOW_S = 5.0
CHATTER_QUIET_S = 10.0  # without a flip, before a chattering sensor is believed again
FLIPPING = (DoorState.OPEN, DoorState.CLOSED)  # a board that goes and comes is no chattering contact


@dataclass(frozen=True, slots=True)
class DoorMoved:
    """A confirmed change of one door; `was` is the state before."""

    number: str
    was: DoorState
    state: DoorState
    at_s: float


@dataclass(frozen=True, slots=True)
class PresenceSeen:
    """A presence sensor's confirmed answer: something is inside, or nothing is."""

    number: str
    occupied: bool
    at_s: float


@dataclass(frozen=True, slots=True)
class SensorChatters:
    """This door's sensor flips faster than a hand can; the door counts as unknown until it is quiet."""

    number: str
    at_s: float


@dataclass(frozen=True, slots=True)
class SensorQuiet:
    """This door's sensor has been quiet for CHATTER_QUIET_S and is believed again."""

    number: str
    at_s: float


Observation = DoorMoved | PresenceSeen | SensorChatters | SensorQuiet


@dataclass(slots=True)
class _Sensor:
    number: str
    channel: int
    state: DoorState = DoorState.UNKNOWN
    candidate: DoorState | None = None
    occupied: bool | None = None
    occupied_candidate: bool | None = None
    settled: bool = False
    chatters: bool = False
    last_flip_s: float = float("-inf")
    flips: deque[float] = field(default_factory=lambda: deque(maxlen=CHATTER_FLIPS))


class DoorWatch:
    """Knows which board and channel senses which door. One object for the whole cabinet, used on the loop only."""

    def __init__(self, sensors: Mapping[str, Iterable[tuple[int, str]]]) -> None:
        """`sensors`: for each board's name, (channel, printed door number) of every door that it senses."""
        self._boards = {
            board: [_Sensor(number, channel) for channel, number in doors] for board, doors in sensors.items()
        }
        self._by_number = {sensor.number: sensor for doors in self._boards.values() for sensor in doors}

    def state(self, number: str) -> DoorState:
        """The last confirmed state; UNKNOWN while the board is silent, unread, or the sensor chatters."""
        sensor = self._by_number[number]
        return DoorState.UNKNOWN if sensor.chatters else sensor.state

    def chatters(self, number: str) -> bool:
        return self._by_number[number].chatters

    def states(self) -> dict[str, DoorState]:
        """The confirmed state of every door by printed number."""
        return {number: self.state(number) for number in self._by_number}

    def open_doors(self) -> tuple[str, ...]:
        """Printed numbers of the doors that are seen open."""
        return tuple(
            sensor.number
            for sensor in self._by_number.values()
            if sensor.state is DoorState.OPEN and not sensor.chatters
        )

    def occupied(self, number: str) -> bool | None:
        """What the presence sensor last said, None without one or before its first two equal samples."""
        return self._by_number[number].occupied

    def settled(self) -> bool:
        """Whether each door was read twice alike or its board found silent, so that `states` means something."""
        return all(sensor.settled for sensor in self._by_number.values())

    def sampled(self, board: str, readings: DoorReadings, at_s: float) -> list[Observation]:
        """Take one sample of a board; returns what it confirmed."""
        seen: list[Observation] = []
        for sensor in self._boards.get(board, []):
            seen += self._door(sensor, readings.doors[sensor.channel - 1], at_s)
            if readings.presence:
                seen += self._presence(sensor, readings.presence[sensor.channel - 1], at_s)
        return seen

    def pushed(self, board: str, channel: int, state: DoorState, at_s: float) -> list[Observation]:
        """A board said by itself that a door changed: one sample of that door, to be followed by a reading."""
        found = [sensor for sensor in self._boards.get(board, []) if sensor.channel == channel]
        return [one for sensor in found for one in self._door(sensor, state, at_s)]

    def silent(self, board: str, at_s: float) -> list[Observation]:
        """The board does not answer: its doors are unknown at once."""
        seen: list[Observation] = []
        for sensor in self._boards.get(board, []):
            sensor.candidate, sensor.settled = DoorState.UNKNOWN, True
            sensor.occupied = sensor.occupied_candidate = None
            seen += self._move(sensor, DoorState.UNKNOWN, at_s)
        return seen

    def _door(self, sensor: _Sensor, state: DoorState, at_s: float) -> list[Observation]:
        if sensor.candidate is not state:
            return self._flip(sensor, state, at_s)
        sensor.settled = True
        if sensor.chatters and at_s - sensor.last_flip_s >= CHATTER_QUIET_S:
            return [SensorQuiet(sensor.number, at_s), *self._believe(sensor, state, at_s)]
        return self._move(sensor, state, at_s)

    def _flip(self, sensor: _Sensor, state: DoorState, at_s: float) -> list[Observation]:
        """Another answer than the last one. It is believed when it comes again; too many of them are chatter."""
        was, sensor.candidate, sensor.last_flip_s = sensor.candidate, state, at_s
        if was in FLIPPING and state in FLIPPING and not sensor.chatters:
            sensor.flips.append(at_s)
            if len(sensor.flips) == CHATTER_FLIPS and at_s - sensor.flips[0] <= CHATTER_WINDOW_S:
                return self._chatter(sensor, at_s)
        return []

    def _chatter(self, sensor: _Sensor, at_s: float) -> list[Observation]:
        sensor.chatters = True
        was, sensor.state = sensor.state, DoorState.UNKNOWN
        told: list[Observation] = [SensorChatters(sensor.number, at_s)]
        if was is not DoorState.UNKNOWN:
            told.append(DoorMoved(sensor.number, was, DoorState.UNKNOWN, at_s))
        return told

    def _believe(self, sensor: _Sensor, state: DoorState, at_s: float) -> list[Observation]:
        sensor.chatters = False
        sensor.flips.clear()
        sensor.state = DoorState.UNKNOWN
        return self._move(sensor, state, at_s)

    def _move(self, sensor: _Sensor, state: DoorState, at_s: float) -> list[Observation]:
        if state is sensor.state:
            return []
        was, sensor.state = sensor.state, state
        if sensor.chatters:
            return []
        return [DoorMoved(sensor.number, was, state, at_s)]

    def _presence(self, sensor: _Sensor, occupied: bool | None, at_s: float) -> list[Observation]:
        if sensor.occupied_candidate is not occupied:
            sensor.occupied_candidate = occupied
            return []
        if occupied is None or sensor.occupied is occupied:
            return []
        sensor.occupied = occupied
        return [PresenceSeen(sensor.number, occupied, at_s)]
