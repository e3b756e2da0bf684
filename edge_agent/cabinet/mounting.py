"""Where each compartment's lock and sensor hang: the only place that knows both door numbers and channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drivers.bus import Bus
from drivers.lock_board import LockBoard
from edge_agent.config import Door


@dataclass(frozen=True, slots=True)
class MountedBoard:
    """One lock board, the bus that reaches it, and the supply that feeds its coils."""

    board: LockBoard
    bus: Bus
    supply: str

    @property
    def pulse_s(self) -> float:
        """The longest that one unlock can keep a coil on, as far as the host knows."""
        return self.board.pulse_ms / 1000


@dataclass(frozen=True, slots=True)
class MountedDoor:
    """One door: its lock on `lock` at `channel`, its sensor on `sensor` at `sensor_channel`."""

    number: str
    lock: MountedBoard
    channel: int
    sensor: MountedBoard
    sensor_channel: int


class Mounting:
    """The whole cabinet's wiring. Built once by `main` from the configuration."""

    def __init__(self, boards: Mapping[str, MountedBoard], doors: Iterable[Door]) -> None:
        self.boards = dict(boards)
        self.buses = list({id(board.bus): board.bus for board in self.boards.values()}.values())
        self.doors = {
            door.number: MountedDoor(
                door.number,
                self.boards[door.board],
                door.channel,
                self.boards[door.sensor_board],
                door.sensor_channel,
            )
            for door in doors
        }

    def sensed_by(self) -> dict[str, list[tuple[int, str]]]:
        """For each board, (channel, door number) of the doors that it senses: what the door watch is built of."""
        sensed: dict[str, list[tuple[int, str]]] = {}
        for door in self.doors.values():
            sensed.setdefault(door.sensor.board.name, []).append((door.sensor_channel, door.number))
        return sensed

    def reached_by(self, board: str) -> tuple[str, ...]:
        """Numbers of the doors whose lock or sensor hangs on this board: out of reach while it is silent."""
        return tuple(
            door.number
            for door in self.doors.values()
            if board in (door.lock.board.name, door.sensor.board.name)
        )
