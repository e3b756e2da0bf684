"""Pretend WKLY lock board: 9600 8N1, length-prefixed frames; the only family here that reports doors by itself.

    [57 4B 4C 59][length of the whole frame][board 0..31][command][data][xor of all before]

82 unlock, 83 read one, 84 read all, 85 door changed (pushed, may come between request and answer), 86 87 80 open all,
some in turn, some at once, 81 blink, 88 89 hold and release. Result 00 is ok, FF failed. State 00 is contact open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from sim.checks import xor8
from sim.firmware.base import Firmware, Heard, Kind, Spec
from sim.world import World

HEADER = b"WKLY"
AT_ONCE, BLINK, UNLOCK, READ_ONE, READ_ALL, CHANGED, OPEN_ALL, IN_TURN, HOLD, RELEASE = range(0x80, 0x8A)
OK, FAILED = 0x00, 0xFF
LEAST = 8  # header, length, board, command, check
LENGTH_AT, BOARD_AT, COMMAND_AT, DATA_AT = 4, 5, 6, 7
PULSE_S = 0.35
TURN_GAP_S = 0.005  # one coil is off before the next pulls
KINDS: dict[int, Kind] = {UNLOCK: "unlock", READ_ONE: "read", READ_ALL: "read"}
WORDS = {
    AT_ONCE: "open some at once",
    BLINK: "blink",
    UNLOCK: "unlock channel",
    READ_ONE: "read channel",
    READ_ALL: "read all",
    OPEN_ALL: "open all",
    IN_TURN: "open some in turn",
    HOLD: "hold channel",
    RELEASE: "release channel",
}
LISTS = frozenset((AT_ONCE, IN_TURN))


class Wkly(Firmware):
    """Board numbers 0 to 31. `seal` and `unseal` work on board, command and data."""

    family = "wkly"
    usual_turn_round_s = 0.01
    function_at = 1
    address_at = 0

    def __init__(self, spec: Spec, world: World) -> None:
        super().__init__(spec, world)
        self._told: dict[int, bool] = {}

    @classmethod
    def frame_length(cls, data: bytes) -> int | None:
        if len(data) < LEAST or data[:4] != HEADER:
            return None
        length = data[LENGTH_AT]
        sound = LEAST <= length <= len(data) and xor8(data[: length - 1]) == data[length - 1]
        return length if sound else None

    @classmethod
    def kind_of(cls, frame: bytes) -> Kind:
        return KINDS.get(frame[COMMAND_AT], "other")

    @classmethod
    def seal(cls, body: bytes) -> bytes:
        whole = HEADER + bytes([len(body) + 6]) + body
        return whole + bytes([xor8(whole)])

    @classmethod
    def unseal(cls, frame: bytes) -> bytes:
        return frame[BOARD_AT:-1]

    def exception(self, frame: bytes, code: int) -> bytes | None:
        """This family knows one refusal whatever the cause: result FF."""
        return self.seal(self.unseal(frame)[:2] + self._failed(frame))

    def handle(self, frame: bytes, now_s: float) -> Heard:
        command, data, kind = frame[COMMAND_AT], frame[DATA_AT:-1], self.kind_of(frame)
        which = f" {list(data[1:])}" if command in LISTS else f" {data[0]}" if data else ""
        meaning = f"{WORDS.get(command, f'unknown command {command:02X}')}{which} of board {frame[BOARD_AT]}"
        act = self.ACTIONS.get(command)
        if act is None or not self.addressed(frame):
            return Heard(frame, meaning, mine=False, kind=kind)
        if not self._sound_channels(command, data):
            body = bytes([self.address, command]) + self._failed(frame)
            return Heard(frame, meaning, True, kind, self.answer(now_s, body))
        make, after_s = act(self, data, now_s)
        head = bytes([self.address, command])
        return Heard(
            frame, meaning, True, kind, self.answer_later(now_s, lambda at_s: head + make(at_s), after_s)
        )

    def _sound_channels(self, command: int, data: bytes) -> bool:
        if command in (READ_ALL, OPEN_ALL):
            return not data
        channels = data[1:] if command in LISTS else data
        complete = bool(channels) and (command not in LISTS or data[0] == len(channels))
        return complete and all(1 <= channel <= self.spec.channels for channel in channels)

    def _failed(self, frame: bytes) -> bytes:
        data = frame[DATA_AT:-1]
        if frame[COMMAND_AT] in (UNLOCK, READ_ONE):
            return bytes([FAILED, data[0] if data else 0, 0])
        return bytes([FAILED])

    def _state(self, channel: int, at_s: float) -> int:
        return 1 if self.shorted(channel, at_s) else 0

    def _unlock(self, data: bytes, now_s: float) -> Made:
        self.world.pulse(self.name, data[0], PULSE_S, now_s)
        return lambda at_s: bytes([OK, data[0], self._state(data[0], at_s)]), PULSE_S

    def _read_one(self, data: bytes, now_s: float) -> Made:
        return lambda at_s: bytes([OK, data[0], self._state(data[0], at_s)]), 0.0

    def _read_all(self, data: bytes, now_s: float) -> Made:
        count = self.spec.channels
        return lambda at_s: bytes([OK, count, *self.world.contacts(self.name, 1, count, at_s)]), 0.0

    def _open_all(self, data: bytes, now_s: float) -> Made:
        run_s = self.in_turn(list(range(1, self.spec.channels + 1)), PULSE_S, now_s, TURN_GAP_S)
        return lambda at_s: bytes([OK]), run_s

    def _in_turn(self, data: bytes, now_s: float) -> Made:
        return lambda at_s: bytes([OK]), self.in_turn(list(data[1:]), PULSE_S, now_s, TURN_GAP_S)

    def _at_once(self, data: bytes, now_s: float) -> Made:
        for channel in data[1:]:
            self.world.pulse(self.name, channel, PULSE_S, now_s)
        return lambda at_s: bytes([OK]), PULSE_S

    def _blink(self, data: bytes, now_s: float) -> Made:
        return lambda at_s: bytes([OK, data[0]]), 0.0

    def _hold(self, data: bytes, now_s: float) -> Made:
        self.world.hold(self.name, data[0], now_s)
        return lambda at_s: bytes([OK, data[0]]), 0.0

    def _release(self, data: bytes, now_s: float) -> Made:
        self.world.release(self.name, data[0], now_s)
        return lambda at_s: bytes([OK, data[0]]), 0.0

    def door_moved(self, number: str, at_s: float) -> list[bytes]:
        """A frame 85 for each of this board's contacts that changed."""
        pushed = []
        contacts = self.world.contacts(self.name, 1, self.spec.channels, at_s)
        for channel, now in enumerate(contacts, 1):
            before = self._told.get(channel, self._resting(channel))
            self._told[channel] = now
            if now != before:
                pushed.append(self.seal(bytes([self.address, CHANGED, channel, 1 if now else 0])))
        return pushed

    def _resting(self, channel: int) -> bool:
        """A contact before anything happened: every door starts shut and latched."""
        wire = self.world.harness.contacts.get((self.name, channel))
        return wire is not None and wire.shorted_when_locked

    ACTIONS: ClassVar[dict[int, Callable[[Wkly, bytes, float], Made]]] = {
        UNLOCK: _unlock,
        READ_ONE: _read_one,
        READ_ALL: _read_all,
        OPEN_ALL: _open_all,
        IN_TURN: _in_turn,
        AT_ONCE: _at_once,
        BLINK: _blink,
        HOLD: _hold,
        RELEASE: _release,
    }


Made = tuple[Callable[[float], bytes], float]
"""How the answer's data are made once they are sent, and how long the action takes."""
