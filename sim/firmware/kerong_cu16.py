"""Pretend KERONG CU16: 16 locks, 19200 8N1, with a light barrier in each compartment.

    [02][board in the high nibble, lock-1 in the low][command][data only for 37 39 40][03][sum of all before]

31 unlock (no answer), 30 status answered by 35, 32 the same answered by 36, 33 open all in turn, 37 pulse length in
units of 10 ms (kept without power). Board F is everybody: each board answers a status question in its own time, by id.
Answer: two bytes of hooks (bit 1: contact shorted), two of light barriers (bit 1: something inside), lock 1 in bit 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from sim.checks import sum8
from sim.firmware.base import Firmware, Heard, Kind, Spec
from sim.world import World

STX, ETX = 0x02, 0x03
EVERYBODY = 0xF
STATUS, UNLOCK, STATUS_ALL, OPEN_ALL, SET_PULSE = 0x30, 0x31, 0x32, 0x33, 0x37
DATA_BYTES = {SET_PULSE: 2, 0x39: 1, 0x40: 1}
ANSWER_TO = {STATUS: 0x35, STATUS_ALL: 0x36}
ANSWER_LENGTH = 9
PULSE_S = 0.5
PULSE_STEP_S = 0.01
PULSE_MAX_S = 24.0
TURN_GAP_S = 0.004  # between the answers of neighbours to a question to everybody
HOOKS = 16
KINDS: dict[int, Kind] = {UNLOCK: "unlock", STATUS: "read", STATUS_ALL: "read"}


class KerongCu16(Firmware):
    """Board ids 0 to 9 (up to 14 are understood)."""

    family = "kerong-cu16"
    usual_turn_round_s = 0.005
    function_at = 2
    address_at = 1
    address_step = 0x10

    def __init__(self, spec: Spec, world: World) -> None:
        super().__init__(spec, world)
        self.pulse_s = PULSE_S

    @classmethod
    def frame_length(cls, data: bytes) -> int | None:
        if len(data) < 5 or data[0] != STX:
            return None
        length = 5 + DATA_BYTES.get(data[2], 0)
        sound = (
            len(data) >= length and data[length - 2] == ETX and sum8(data[: length - 1]) == data[length - 1]
        )
        return length if sound else None

    @classmethod
    def kind_of(cls, frame: bytes) -> Kind:
        return KINDS.get(frame[2], "other")

    @classmethod
    def seal(cls, body: bytes) -> bytes:
        closed = body + bytes([ETX])
        return closed + bytes([sum8(closed)])

    @classmethod
    def unseal(cls, frame: bytes) -> bytes:
        return frame[:-2]

    def addressed(self, frame: bytes) -> bool:
        board, command = frame[1] >> 4, frame[2]
        return board == self.address or (board == EVERYBODY and command != UNLOCK)

    def handle(self, frame: bytes, now_s: float) -> Heard:
        command, kind = frame[2], self.kind_of(frame)
        act = self.ACTIONS.get(command)
        meaning = self._meaning(frame)
        if act is None or not self.addressed(frame):
            return Heard(frame, meaning, mine=False, kind=kind)
        return act(self, frame, meaning, now_s)

    def _meaning(self, frame: bytes) -> str:
        board, lock, command = frame[1] >> 4, (frame[1] & 0xF) + 1, frame[2]
        whose = "every board" if board == EVERYBODY else f"board {board}"
        words = {
            UNLOCK: f"unlock channel {lock} of {whose}",
            STATUS: f"read all of {whose}",
            STATUS_ALL: f"read all of {whose} (32)",
            OPEN_ALL: f"open all of {whose}",
            SET_PULSE: f"set the pulse of {whose}",
        }
        return words.get(command, f"unknown command {command:02X} for {whose}")

    def _unlock(self, frame: bytes, meaning: str, now_s: float) -> Heard:
        channel = (frame[1] & 0xF) + 1
        if channel <= self.spec.channels:
            self.world.pulse(self.name, channel, self.pulse_s, now_s)
        return Heard(frame, meaning, True, "unlock")

    def _status(self, frame: bytes, meaning: str, now_s: float) -> Heard:
        def state(at_s: float) -> bytes:
            hooks, inside = self.inputs(1, HOOKS, at_s), self.inside(1, HOOKS, at_s)
            return bytes([STX, self.address << 4, ANSWER_TO[frame[2]]]) + hooks + inside

        everybody = frame[1] >> 4 == EVERYBODY
        turn_s = self.address * (ANSWER_LENGTH * self.spec.char_s + TURN_GAP_S) if everybody else 0.0
        return Heard(frame, meaning, True, "read", self.answer_later(now_s, state, turn_s))

    def _open_all(self, frame: bytes, meaning: str, now_s: float) -> Heard:
        self.in_turn(list(range(1, self.spec.channels + 1)), self.pulse_s, now_s)
        return Heard(frame, meaning, mine=True)

    def _set_pulse(self, frame: bytes, meaning: str, now_s: float) -> Heard:
        self.pulse_s = min(PULSE_MAX_S, (frame[3] << 8 | frame[4]) * PULSE_STEP_S)
        return Heard(frame, meaning, mine=True)

    ACTIONS: ClassVar[dict[int, Callable[[KerongCu16, bytes, str, float], Heard]]] = {
        UNLOCK: _unlock,
        STATUS: _status,
        STATUS_ALL: _status,
        OPEN_ALL: _open_all,
        SET_PULSE: _set_pulse,
    }
