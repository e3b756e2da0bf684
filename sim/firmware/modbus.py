"""What the pretend Modbus relay boards share: RTU frames, the eight functions they know, exceptions, broadcast.

    [unit][function][first, 2 bytes][count or value, 2 bytes][bytes and data for 0F and 10][CRC low][CRC high]

Unit 0 is everybody: acted upon, not answered. A subclass gives the meaning of coils, inputs and registers; raising
`Refused` becomes an exception answer.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

from sim.checks import crc16_modbus
from sim.firmware.base import Firmware, Heard, Kind, packed

SHORT_REQUESTS = frozenset((1, 2, 3, 4, 5, 6))
LONG_REQUESTS = frozenset((15, 16))
EVERYBODY = 0
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
ON, OFF, TOGGLE = 0xFF00, 0x0000, 0x5500
STEPS_A_SECOND = 10  # pulse lengths count in tenths of a second


class Refused(Exception):
    """The board declines; `code` is the Modbus exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


class ModbusFirmware(Firmware):
    """Base of the relay boards."""

    usual_turn_round_s = 0.005
    function_at = 1
    address_at = 0

    @classmethod
    def frame_length(cls, data: bytes) -> int | None:
        if len(data) < 8:
            return None
        if data[1] in SHORT_REQUESTS:
            length = 8
        elif data[1] in LONG_REQUESTS:
            length = 9 + data[6]
        else:
            return None
        sound = len(data) >= length and crc16_modbus(data[: length - 2]) == data[length - 2 : length]
        return length if sound else None

    @classmethod
    def kind_of(cls, frame: bytes) -> Kind:
        if frame[1] in (1, 2, 3, 4):
            return "read"
        switches_off = frame[1] == 5 and word(frame, 4) == OFF
        return "unlock" if frame[1] in (5, 15, 16) and not switches_off else "other"

    @classmethod
    def seal(cls, body: bytes) -> bytes:
        return body + crc16_modbus(body)

    @classmethod
    def unseal(cls, frame: bytes) -> bytes:
        return frame[:-2]

    def exception(self, frame: bytes, code: int) -> bytes | None:
        return self.seal(bytes([frame[0], frame[1] | 0x80, code]))

    def handle(self, frame: bytes, now_s: float) -> Heard:
        unit, function = frame[0], frame[1]
        kind, meaning = self.kind_of(frame), self.meaning(frame)
        if unit not in (self.address, EVERYBODY):
            return Heard(frame, meaning, mine=False, kind=kind)
        try:
            body = self.FUNCTIONS[function](self, frame, now_s)
        except Refused as refused:
            body = bytes([function | 0x80, refused.code])
        if unit == EVERYBODY and not self.answers_everybody(frame):
            return Heard(frame, meaning, True, kind)
        return Heard(
            frame, meaning, True, kind, self.answer(now_s, bytes([self.unit_in_answer(unit)]) + body)
        )

    def answers_everybody(self, frame: bytes) -> bool:
        """True for the one question to unit 0 that asks a lone board for its address."""
        return frame[1] == 3

    def unit_in_answer(self, unit: int) -> int:
        """The unit byte of an answer to `unit`."""
        return self.address

    @abstractmethod
    def meaning(self, frame: bytes) -> str:
        """A sentence for the trace."""

    # What registers and coils mean

    @abstractmethod
    def read_register(self, at: int) -> int: ...

    @abstractmethod
    def write_register(self, at: int, value: int, now_s: float) -> None: ...

    @abstractmethod
    def write_registers(self, at: int, values: list[int], now_s: float) -> None: ...

    @abstractmethod
    def write_coil(self, at: int, value: int, now_s: float) -> None: ...

    def input_channel(self, at: int) -> int:
        """Channel of an input's address; raises Refused."""
        return self._channel(at)

    def coil_channel(self, at: int) -> int:
        """Channel of a coil's address; raises Refused."""
        return self._channel(at)

    def switch(self, channel: int, on: bool, now_s: float) -> None:
        (self.world.hold if on else self.world.release)(self.name, channel, now_s)

    def toggle(self, channel: int, now_s: float) -> None:
        self.switch(channel, not self.world.relay(self.name, channel), now_s)

    def switch_by_value(self, channel: int, value: int, now_s: float) -> None:
        """FC05's values on one relay; raises Refused for any other."""
        if value == TOGGLE:
            self.toggle(channel, now_s)
        elif value in (ON, OFF):
            self.switch(channel, value == ON, now_s)
        else:
            raise Refused(ILLEGAL_VALUE)

    # The functions: each returns function byte and what follows it

    def _channel(self, at: int) -> int:
        if not 0 <= at < self.spec.channels:
            raise Refused(ILLEGAL_ADDRESS)
        return at + 1

    def _count(self, frame: bytes, most: int = 2_000) -> tuple[int, int]:
        first, count = word(frame, 2), word(frame, 4)
        if not 1 <= count <= most:
            raise Refused(ILLEGAL_VALUE)
        return first, count

    def _read_coils(self, frame: bytes, now_s: float) -> bytes:
        first, count = self._count(frame)
        channel = self.coil_channel(first)
        self.coil_channel(first + count - 1)
        bits = packed([self.world.relay(self.name, channel + index) for index in range(count)])
        return bytes([frame[1], len(bits)]) + bits

    def _read_inputs(self, frame: bytes, now_s: float) -> bytes:
        first, count = self._count(frame)
        channel = self.input_channel(first)
        self.input_channel(first + count - 1)
        bits = self.inputs(channel, count, now_s)
        return bytes([frame[1], len(bits)]) + bits

    def _read_registers(self, frame: bytes, now_s: float) -> bytes:
        first, count = self._count(frame, 125)
        words = b"".join(self.read_register(first + index).to_bytes(2, "big") for index in range(count))
        return bytes([frame[1], len(words)]) + words

    def _write_coil(self, frame: bytes, now_s: float) -> bytes:
        self.write_coil(word(frame, 2), word(frame, 4), now_s)
        return frame[1:6]

    def _write_register(self, frame: bytes, now_s: float) -> bytes:
        self.write_register(word(frame, 2), word(frame, 4), now_s)
        return frame[1:6]

    def _write_coils(self, frame: bytes, now_s: float) -> bytes:
        first, count = self._count(frame)
        if frame[6] != (count + 7) // 8:
            raise Refused(ILLEGAL_VALUE)
        channels = [self.coil_channel(first + index) for index in range(count)]
        for index, channel in enumerate(channels):
            self.switch(channel, bool(frame[7 + index // 8] >> index % 8 & 1), now_s)
        return frame[1:6]

    def _write_registers(self, frame: bytes, now_s: float) -> bytes:
        first, count = self._count(frame, 123)
        if frame[6] != 2 * count:
            raise Refused(ILLEGAL_VALUE)
        self.write_registers(first, [word(frame, 7 + 2 * index) for index in range(count)], now_s)
        return frame[1:6]

    def _refuse(self, frame: bytes, now_s: float) -> bytes:
        raise Refused(ILLEGAL_FUNCTION)

    FUNCTIONS: ClassVar[dict[int, Callable[[ModbusFirmware, bytes, float], bytes]]] = {
        1: _read_coils,
        2: _read_inputs,
        3: _read_registers,
        4: _refuse,
        5: _write_coil,
        6: _write_register,
        15: _write_coils,
        16: _write_registers,
    }


def word(frame: bytes, at: int) -> int:
    return frame[at] << 8 | frame[at + 1]
