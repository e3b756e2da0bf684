"""Pretend KERONG CU48: up to 48 locks, 19200 8N1. UNVERIFIED: byte order and the answer's layout are inferred.

    [02][board][lock-1][60 status | 61 unlock][03][sum]     or, option order = "lock-board", [02][lock-1][board]..

Both orders have the same sum, so a board cannot notice the wrong one. Status is answered by eighteen bytes: head with
75, six bytes of hooks, six of light barriers, 03, sum; an unlock by six bytes with 75.
"""

from __future__ import annotations

from sim.checks import sum8
from sim.firmware.base import Firmware, Heard, Kind, Spec
from sim.world import World

STX, ETX = 0x02, 0x03
STATUS, UNLOCK, OK = 0x60, 0x61, 0x75
REQUEST_LENGTH = 6
HOOKS = 48
PULSE_S = 0.5
KINDS: dict[int, Kind] = {UNLOCK: "unlock", STATUS: "read"}
BOARD_FIRST, LOCK_FIRST = "board-lock", "lock-board"


class KerongCu48(Firmware):
    """One board; its byte order is a property of the firmware, not of the request."""

    family = "kerong-cu48"
    usual_turn_round_s = 0.005
    function_at = 3
    address_at = 1

    def __init__(self, spec: Spec, world: World) -> None:
        super().__init__(spec, world)
        self.lock_first = spec.options.get("order", BOARD_FIRST) == LOCK_FIRST

    @classmethod
    def frame_length(cls, data: bytes) -> int | None:
        sound = (
            len(data) >= REQUEST_LENGTH
            and data[0] == STX
            and data[3] in KINDS
            and data[4] == ETX
            and sum8(data[:5]) == data[5]
        )
        return REQUEST_LENGTH if sound else None

    @classmethod
    def kind_of(cls, frame: bytes) -> Kind:
        return KINDS[frame[3]]

    @classmethod
    def seal(cls, body: bytes) -> bytes:
        closed = body + bytes([ETX])
        return closed + bytes([sum8(closed)])

    @classmethod
    def unseal(cls, frame: bytes) -> bytes:
        return frame[:-2]

    def addressed(self, frame: bytes) -> bool:
        return self._board_and_lock(frame)[0] == self.address

    def handle(self, frame: bytes, now_s: float) -> Heard:
        board, lock = self._board_and_lock(frame)
        if frame[3] == UNLOCK:
            return self._unlock(frame, board, lock, now_s)
        meaning = f"read all of board {board}"
        if board != self.address:
            return Heard(frame, meaning, mine=False, kind="read")

        def state(at_s: float) -> bytes:
            hooks, inside = self.inputs(1, HOOKS, at_s), self.inside(1, HOOKS, at_s)
            return self._head(0) + hooks + inside

        return Heard(frame, meaning, True, "read", self.answer_later(now_s, state))

    def _unlock(self, frame: bytes, board: int, lock: int, now_s: float) -> Heard:
        meaning = f"unlock channel {lock + 1} of board {board}"
        if board != self.address or lock >= self.spec.channels:
            return Heard(frame, meaning, mine=False, kind="unlock")
        self.world.pulse(self.name, lock + 1, PULSE_S, now_s)
        return Heard(frame, meaning, True, "unlock", self.answer(now_s, self._head(lock)))

    def _board_and_lock(self, frame: bytes) -> tuple[int, int]:
        return (frame[2], frame[1]) if self.lock_first else (frame[1], frame[2])

    def _head(self, lock: int) -> bytes:
        pair = (lock, self.address) if self.lock_first else (self.address, lock)
        return bytes([STX, *pair, OK])
