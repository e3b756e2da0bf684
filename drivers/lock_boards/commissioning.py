"""Frames that a technician may need while putting a board into service, and that no board driver can send.

They change or reveal a board's own settings, speak to every board of a line at once, or end what a factory tool began.
One board on the line, by hand, never from a running locker: that is why they stand apart from the families.
Source: as in the families' files; golden bytes in tests/golden/. Verified on: paper only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from drivers.lock_boards import kerong_frames, lock_8a, modbus_frames, wkly

EVERY_UNIT = 0x00
EVERY_CU16 = 0xF0
WAVESHARE_ADDRESS_AT = 0x4000
LC_ADDRESS_AT = 0x0000
RELEASE_8A, RELEASE_FUNCTION = 0x9B, 0x10
WKLY_LED, WKLY_RELEASE = 0x81, 0x89
CU16_STATUS_OF_ALL = 0x32


@dataclass(frozen=True, slots=True)
class AddressQuery:
    """Asks the only Modbus relay board on the line for its address; two boards would answer over each other."""

    register: int

    WAVESHARE: ClassVar[int] = WAVESHARE_ADDRESS_AT
    LC: ClassVar[int] = LC_ADDRESS_AT

    def encode(self) -> bytes:
        return modbus_frames.seal(
            bytes((EVERY_UNIT, modbus_frames.Function.READ_WORDS)) + _words(self.register, 1)
        )


def address_in(reply: bytes) -> int:
    """Address in an answer to AddressQuery, which LC boards send from unit 0. Raises ValueError."""
    body = modbus_frames.unseal(reply)
    if body[1:3] != bytes((modbus_frames.Function.READ_WORDS, 2)) or len(body) != 5:
        raise ValueError(f"{reply.hex(' ')} names no address")
    return int.from_bytes(body[3:5], "big")


@dataclass(frozen=True, slots=True)
class WaveshareAddress:
    """Gives the only Waveshare board on the line its address: these boards have no switches."""

    unit: int

    def __post_init__(self) -> None:
        if self.unit not in modbus_frames.UNITS:
            raise ValueError(f"unit {self.unit}: 1 to 255")

    def encode(self) -> bytes:
        head = bytes((EVERY_UNIT, modbus_frames.Function.WRITE_WORD))
        return modbus_frames.seal(head + _words(WAVESHARE_ADDRESS_AT, self.unit))


@dataclass(frozen=True, slots=True)
class Release8A:
    """Ends a hold that another tool switched on: de-energises one lock of an 8A board."""

    board: int
    lock: int

    def encode(self) -> bytes:
        lock_8a.Unlock(self.board, self.lock)  # the same bounds
        return lock_8a.seal(bytes((RELEASE_8A, self.board, self.lock, RELEASE_FUNCTION)))


@dataclass(frozen=True, slots=True)
class ReleaseWkly:
    """Ends a hold that another tool switched on: de-energises one channel of a WKLY board."""

    board: int
    channel: int

    def encode(self) -> bytes:
        wkly.Unlock(self.board, self.channel)  # the same bounds
        return wkly.seal(self.board, WKLY_RELEASE, bytes((self.channel,)))


@dataclass(frozen=True, slots=True)
class BlinkWkly:
    """Blinks the lamp of one channel of a WKLY board: which door is that?"""

    board: int
    channel: int

    def encode(self) -> bytes:
        wkly.Unlock(self.board, self.channel)  # the same bounds
        return wkly.seal(self.board, WKLY_LED, bytes((self.channel,)))


@dataclass(frozen=True, slots=True)
class EveryCu16Query:
    """Asks every CU16 of the line for its status; they answer one after another, nine bytes each."""

    def encode(self) -> bytes:
        return kerong_frames.seal(bytes((EVERY_CU16, CU16_STATUS_OF_ALL)))


def _words(first: int, second: int) -> bytes:
    return first.to_bytes(2, "big") + second.to_bytes(2, "big")
