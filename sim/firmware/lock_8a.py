"""Pretend 8A/80 lock board: 9600 8N1, five-byte frames closed by an exclusive or.

    [8A|80|9A|9B|9D|90][board][lock, 0 = all][function][xor of the bytes before]

An unlock is answered after the pulse, with the contact as it then stands: 11 shorted, 00 open. With 11 the answer
equals the request. Read-all answers one status byte for eight locks, highest group first, never fewer than
three on boards up to 24 locks (a real 8-way board does that), unless option `status_bytes` says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from sim.checks import xor8
from sim.firmware.base import Firmware, Heard, Kind

PULSE_S = 0.3
HEADS = frozenset((0x8A, 0x80, 0x9A, 0x9B, 0x9D))
BATCH_HEAD = 0x90
KINDS: dict[int, Kind] = {0x8A: "unlock", 0x80: "read"}
SHORTED, NOT_SHORTED = 0x11, 0x00
TIMED_S = range(1, 10)


class Lock8A(Firmware):
    """Channels 1 to 32; board address by DIP switch, 1 to 32."""

    family = "lock-8a"
    usual_turn_round_s = 0.005
    function_at = 3
    address_at = 1

    @classmethod
    def frame_length(cls, data: bytes) -> int | None:
        head = data[0]
        if head in HEADS and len(data) >= 5 and xor8(data[:4]) == data[4]:
            return 5
        timed = head == 0x8A and len(data) >= 6 and data[3] == 0x11 and data[4] in TIMED_S
        if (timed or (head == BATCH_HEAD and len(data) >= 6)) and xor8(data[:5]) == data[5]:
            return 6
        return None

    @classmethod
    def kind_of(cls, frame: bytes) -> Kind:
        return KINDS.get(frame[0], "other")

    @classmethod
    def seal(cls, body: bytes) -> bytes:
        return body + bytes([xor8(body)])

    @classmethod
    def unseal(cls, frame: bytes) -> bytes:
        return frame[:-1]

    def handle(self, frame: bytes, now_s: float) -> Heard:
        if len(frame) == 6:
            return self._batch(frame, now_s) if frame[0] == BATCH_HEAD else self._timed(frame, now_s)
        act = self.ACTIONS.get((frame[0], frame[3]))
        if act is None:
            return Heard(frame, f"unknown command {frame[0]:02X} {frame[3]:02X}", mine=False)
        return act(self, frame, now_s)

    def _mine(self, frame: bytes) -> bool:
        return frame[1] == self.address and frame[2] <= self.spec.channels

    def _open(self, frame: bytes, now_s: float) -> Heard:
        board, lock = frame[1], frame[2]
        if lock == 0:
            return self._open_all(frame, now_s)
        meaning = f"unlock channel {lock} of board {board}"
        if not self._mine(frame):
            return Heard(frame, meaning, mine=False, kind="unlock")
        self.world.pulse(self.name, lock, PULSE_S, now_s)

        def result(at_s: float) -> bytes:
            return bytes([0x8A, board, lock, SHORTED if self.shorted(lock, at_s) else NOT_SHORTED])

        return Heard(frame, meaning, True, "unlock", self.answer_later(now_s, result, PULSE_S))

    def _open_all(self, frame: bytes, now_s: float) -> Heard:
        meaning = f"open all of board {frame[1]}"
        if not self._mine(frame):
            return Heard(frame, meaning, mine=False)
        run_s = self.in_turn(list(range(1, self.spec.channels + 1)), PULSE_S, now_s)
        return Heard(frame, meaning, True, "other", self.answer(now_s, frame[:4], run_s))

    def _read(self, frame: bytes, now_s: float) -> Heard:
        board, lock = frame[1], frame[2]
        meaning = f"read {f'channel {lock}' if lock else 'all'} of board {board}"
        if not self._mine(frame):
            return Heard(frame, meaning, mine=False, kind="read")

        def one(at_s: float) -> bytes:
            return bytes([0x80, board, lock, SHORTED if self.shorted(lock, at_s) else NOT_SHORTED])

        def all_of_them(at_s: float) -> bytes:
            groups = self.inputs(1, self._status_bytes() * 8, at_s)
            return bytes([0x80, board]) + groups[::-1] + b"\x33"

        return Heard(frame, meaning, True, "read", self.answer_later(now_s, one if lock else all_of_them))

    def _status_bytes(self) -> int:
        wanted = int(self.spec.options.get("status_bytes", 0))
        return wanted or max(3, (self.spec.channels + 7) // 8)

    def _address(self, frame: bytes, now_s: float) -> Heard:
        replies = self.answer(now_s, bytes([0x80, frame[1], self.address, 0x99]))
        return Heard(frame, "ask the only board for its address", True, "read", replies)

    def _hold(self, frame: bytes, now_s: float) -> Heard:
        return self._switch(frame, now_s, "hold", self.world.hold)

    def _let_go(self, frame: bytes, now_s: float) -> Heard:
        return self._switch(frame, now_s, "release", self.world.release)

    def _switch(self, frame: bytes, now_s: float, word: str, act: Callable[[str, int, float], None]) -> Heard:
        meaning = f"{word} channel {frame[2]} of board {frame[1]}"
        if not self._mine(frame) or not frame[2]:
            return Heard(frame, meaning, mine=False)
        act(self.name, frame[2], now_s)
        return Heard(frame, meaning, True, "other", self.answer(now_s, frame[:4]))

    def _sequential(self, frame: bytes, now_s: float) -> Heard:
        meaning = f"sequential test of board {frame[1]}"
        if frame[1] != self.address:
            return Heard(frame, meaning, mine=False)
        run_s = self.in_turn(list(range(1, self.spec.channels + 1)), PULSE_S, now_s)
        return Heard(frame, meaning, True, "other", self.answer(now_s, frame[:4], run_s))

    def _timed(self, frame: bytes, now_s: float) -> Heard:
        meaning = f"energise channel {frame[2]} of board {frame[1]} for {frame[4]} s"
        if not self._mine(frame) or not frame[2]:
            return Heard(frame, meaning, mine=False, kind="unlock")
        self.world.pulse(self.name, frame[2], float(frame[4]), now_s)
        return Heard(frame, meaning, True, "unlock")

    def _batch(self, frame: bytes, now_s: float) -> Heard:
        chosen = [bit + 1 for bit in range(24) if frame[2 + bit // 8] >> bit % 8 & 1]
        meaning = f"open channels {chosen} of board {frame[1]}"
        if frame[1] != self.address:
            return Heard(frame, meaning, mine=False)
        self.in_turn([channel for channel in chosen if channel <= self.spec.channels], PULSE_S, now_s)
        return Heard(frame, meaning, mine=True)

    ACTIONS: ClassVar[dict[tuple[int, int], Callable[[Lock8A, bytes, float], Heard]]] = {
        (0x8A, 0x11): _open,
        (0x80, 0x33): _read,
        (0x80, 0x99): _address,
        (0x9A, 0x10): _hold,
        (0x9B, 0x10): _let_go,
        (0x9D, 0x10): _sequential,
    }
