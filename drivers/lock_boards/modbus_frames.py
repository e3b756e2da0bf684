"""Modbus RTU as far as relay boards need it: the few requests, and how to know the reply to one of them.

Frame:  [unit 1..255][function][data ..][CRC-16/Modbus, low byte first]
A reply counts when unit, function, length and CRC fit, and for writes address and value too. Nothing here can switch a
relay on for good, toggle it, write to every unit or change a board's settings: there is no class for such a frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from drivers.checksums import crc16_modbus
from drivers.hunting import Partly, begins, hunt
from drivers.transaction import Recognise, Seen, Sight

UNITS = range(1, 256)  # LC boards leave the factory as 255, above the standard's 247; 0 would be every unit
REQUEST_LEN = 8
REFUSAL_LEN = 5
# Relay boards answer within a few ms; the bus adds wire time and the adapter's latency.
REPLY_TIMEOUT_S = 0.03
DRAIN_S = 0.02  # with the wire times at 9600 baud an absent board costs less than 0.1 s
PULSE_STEP_MS = 100  # both pulse schemes count in tenths of a second
PULSE_STEPS_MAX = 20  # 2 s, the longest pulse in any source; no value of a coil write (FF00, 5500) is near
BITS_MAX = 64  # channels of the largest board, rounded up to whole bytes
WORDS_MAX = 64


class Function(IntEnum):
    READ_COILS = 0x01
    READ_INPUTS = 0x02
    READ_WORDS = 0x03
    WRITE_COIL = 0x05
    WRITE_WORD = 0x06
    WRITE_COILS = 0x0F
    WRITE_WORDS = 0x10


REFUSED = 0x80  # set in the function byte of a refusal
REFUSALS = {1: "unknown function", 2: "unknown address", 3: "bad value", 4: "device failure", 6: "busy"}


def seal(body: bytes) -> bytes:
    """`body` with its check sum."""
    return body + crc16_modbus(body).to_bytes(2, "little")


def unseal(frame: bytes) -> bytes:
    """The body of a sound frame; ValueError for a wrong check sum."""
    if len(frame) < 4 or crc16_modbus(frame):  # the CRC over a frame with its own CRC is 0
        raise ValueError(f"{frame.hex(' ')} is no sound Modbus frame")
    return frame[:-2]


def _check(unit: int, address: int) -> None:
    if unit not in UNITS or not 0 <= address <= 0xFFFF:
        raise ValueError(f"unit {unit} address {address}: units are 1 to 255, addresses 16 bits")


def _request(frame: bytes, functions: tuple[Function, ...]) -> tuple[int, int, int, int]:
    """Unit, function, and the two words of an 8-byte request."""
    body = unseal(frame)
    if len(frame) != REQUEST_LEN or body[1] not in functions:
        raise ValueError(f"{frame.hex(' ')} is another request")
    return body[0], body[1], int.from_bytes(body[2:4], "big"), int.from_bytes(body[4:6], "big")


def _encode(unit: int, function: Function, first: int, second: int) -> bytes:
    return seal(bytes((unit, function)) + first.to_bytes(2, "big") + second.to_bytes(2, "big"))


@dataclass(frozen=True, slots=True)
class BitQuery:
    """Asks for `count` coils (FC01) or inputs (FC02) from `first` on."""

    unit: int
    function: Function
    first: int
    count: int

    def __post_init__(self) -> None:
        _check(self.unit, self.first)
        if (
            self.function not in (Function.READ_COILS, Function.READ_INPUTS)
            or not 1 <= self.count <= BITS_MAX
        ):
            raise ValueError(f"{self.count} bits with function {self.function}")

    def encode(self) -> bytes:
        return _encode(self.unit, self.function, self.first, self.count)

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        unit, function, first, count = _request(frame, (Function.READ_COILS, Function.READ_INPUTS))
        return cls(unit, Function(function), first, count)


@dataclass(frozen=True, slots=True)
class WordQuery:
    """Asks for `count` registers (FC03) from `first` on."""

    unit: int
    first: int
    count: int

    def __post_init__(self) -> None:
        _check(self.unit, self.first)
        if not 1 <= self.count <= WORDS_MAX:
            raise ValueError(f"{self.count} registers: 1 to {WORDS_MAX}")

    def encode(self) -> bytes:
        return _encode(self.unit, Function.READ_WORDS, self.first, self.count)

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        unit, _, first, count = _request(frame, (Function.READ_WORDS,))
        return cls(unit, first, count)


@dataclass(frozen=True, slots=True)
class CoilOff:
    """Switches one coil off (FC05, value 0000); on Waveshare boards coil 00FF means all of them."""

    unit: int
    coil: int

    def __post_init__(self) -> None:
        _check(self.unit, self.coil)

    def encode(self) -> bytes:
        return _encode(self.unit, Function.WRITE_COIL, self.coil, 0)

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        unit, _, coil, value = _request(frame, (Function.WRITE_COIL,))
        if value:
            raise ValueError(f"{frame.hex(' ')} switches nothing off")
        return cls(unit, coil)


@dataclass(frozen=True, slots=True)
class Flash:
    """One pulse timed by a Waveshare board: FC05 at `address` with the length in steps of 100 ms as its value."""

    unit: int
    address: int
    steps: int

    def __post_init__(self) -> None:
        _check(self.unit, self.address)
        _check_steps(self.steps)

    def encode(self) -> bytes:
        return _encode(self.unit, Function.WRITE_COIL, self.address, self.steps)

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        unit, _, address, steps = _request(frame, (Function.WRITE_COIL,))
        return cls(unit, address, steps)


@dataclass(frozen=True, slots=True)
class Bits:
    """Answer to BitQuery: whole bytes, bit 0 of the first byte is the first coil or input."""

    unit: int
    function: Function
    data: bytes

    def __post_init__(self) -> None:
        _check(self.unit, 0)
        if self.function not in (Function.READ_COILS, Function.READ_INPUTS) or not self.data:
            raise ValueError(f"{len(self.data)} bytes of bits with function {self.function}")

    @property
    def values(self) -> tuple[bool, ...]:
        """A multiple of eight entries; those beyond the count asked for mean nothing."""
        return tuple(bool(group >> bit & 1) for group in self.data for bit in range(8))

    def encode(self) -> bytes:
        return seal(bytes((self.unit, self.function, len(self.data))) + self.data)

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        unit, function, data = _answer(frame)
        return cls(unit, Function(function), data)


@dataclass(frozen=True, slots=True)
class Words:
    """Answer to WordQuery."""

    unit: int
    values: tuple[int, ...]

    def __post_init__(self) -> None:
        _check(self.unit, 0)

    def encode(self) -> bytes:
        data = b"".join(value.to_bytes(2, "big") for value in self.values)
        return seal(bytes((self.unit, Function.READ_WORDS, len(data))) + data)

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        unit, function, data = _answer(frame)
        if function != Function.READ_WORDS or len(data) % 2:
            raise ValueError(f"{frame.hex(' ')} holds no registers")
        return cls(unit, tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)))


def _answer(frame: bytes) -> tuple[int, int, bytes]:
    body = unseal(frame)
    if len(body) < 3 or len(body) != 3 + body[2]:
        raise ValueError(f"{frame.hex(' ')} is no answer to a reading")
    return body[0], body[1], body[3:]


def _check_steps(steps: int) -> None:
    if not 1 <= steps <= PULSE_STEPS_MAX:
        raise ValueError(f"a pulse of {steps} steps: 1 to {PULSE_STEPS_MAX}")


def pulse_steps(pulse_ms: int, longest_ms: int) -> int:
    """`pulse_ms` in whole steps of 100 ms, rounded up so that the lock gets what it needs, capped at `longest_ms`."""
    return min(-(-pulse_ms // PULSE_STEP_MS), longest_ms // PULSE_STEP_MS)


def why(refusal: bytes) -> str:
    """What an exception answer says, for people."""
    code = refusal[2]
    return REFUSALS.get(code, f"exception {code}")


def reply_length(request: bytes) -> int:
    """How many bytes the reply to `request` has when it is no refusal."""
    count = int.from_bytes(request[4:6], "big")
    match request[1]:
        case Function.READ_COILS | Function.READ_INPUTS:
            return 5 + -(-count // 8)
        case Function.READ_WORDS:
            return 5 + 2 * count
        case _:
            return REQUEST_LEN


def recognise_reply(request: bytes) -> Recognise:
    """Knows the reply to this request; whatever unit, function, length, address or value differs is foreign."""
    length = reply_length(request)
    reads = request[1] in (Function.READ_COILS, Function.READ_INPUTS, Function.READ_WORDS)
    prefix = request[:2] + bytes((length - 5,)) if reads else seal(request[:6])
    refusal = bytes((request[0], request[1] | REFUSED))

    def judge(buffer: bytes, start: int) -> Seen | Partly | None:
        end = start + length
        if buffer.startswith(prefix, start):
            if len(buffer) < end:
                return Partly.WAIT
            if not crc16_modbus(buffer[start:end]):
                return Seen(Sight.REPLY, start, end)
        if buffer.startswith(refusal, start):
            refused = buffer[start : start + REFUSAL_LEN]
            if len(refused) < REFUSAL_LEN:
                return Partly.WAIT
            if not crc16_modbus(refused):
                return Seen(Sight.REFUSAL, start, start + REFUSAL_LEN)
        if begins(buffer, start, prefix) or begins(buffer, start, refusal):
            return Partly.WAIT
        return _foreign(buffer, start)

    return hunt(judge)


def _foreign(buffer: bytes, start: int) -> Seen | None:
    """Any sound answer of any unit at `start`."""
    if len(buffer) - start < REFUSAL_LEN:
        return None
    function, third = buffer[start + 1], buffer[start + 2]
    if function & REFUSED:
        length = REFUSAL_LEN
    elif function in (Function.READ_COILS, Function.READ_INPUTS, Function.READ_WORDS):
        length = 5 + third
    elif function in (Function.WRITE_COIL, Function.WRITE_WORD, Function.WRITE_COILS, Function.WRITE_WORDS):
        length = REQUEST_LEN
    else:
        return None
    frame = buffer[start : start + length]
    return (
        Seen(Sight.FOREIGN, start, start + length)
        if len(frame) == length and not crc16_modbus(frame)
        else None
    )
