"""Grow 7E 00 engines: GM65 and GM8xx, sold as Waveshare Barcode Module, Hamlet and Newland EM3095. 9600 8N1, 3.3 V.

Source: the modules' manuals as quoted by public drivers; golden bytes in tests/golden/. Verified on: paper only.
Frame:  [7E 00][type 07 read, 08 write, 09 save][length][zone, high byte first][data ..][CRC-16/XMODEM, high byte first]
Answer: [02 00][type][length][data ..][CRC]: 00 done, 01 wrong CRC, 03 unknown command
Quirks: the answer has no terminator and sticks to the front of the next code: taken off by exact match.
        Zone 0003 with value 03 switches set-up codes off and is confirmed by one public driver only (UNVERIFIED for
        GM8xx): scan the maker's own sheet too. Continuous mode floods the port; command or sensing mode is meant here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from drivers.checksums import crc16_xmodem
from drivers.scanner import Scanner

HEAD = bytes.fromhex("7E 00")
UNCHECKED = bytes.fromhex("AB CD")
DATA_MAX = 255


class Type(IntEnum):
    READ = 0x07
    WRITE = 0x08
    SAVE = 0x09


class Zone(IntEnum):
    MODE = 0x0000
    TRIGGER = 0x0002
    SET_UP_CODES = 0x0003
    BAUD = 0x002A


MODE_COMMAND = 0xD5  # lamp and sound on, light and aim while reading, reading on command
SET_UP_CODES_OFF = 0x03
TRIGGER_NOW = 0x01

ANSWERS = {  # whole frames: an answer is stripped by exact match only
    bytes.fromhex("02 00 00 01 00 33 31"): "ok",
    bytes.fromhex("02 00 01 01 00 04 01"): "refused",  # wrong CRC
    bytes.fromhex("02 00 03 01 00 6A 61"): "refused",  # unknown command
}
ANSWER_LEN = 7


@dataclass(frozen=True, slots=True)
class ZoneFrame:
    """One command. For READ, `data` is one byte: how many to read."""

    type: Type
    zone: int
    data: bytes
    checked: bool = True  # without: the mark that asks the module not to check

    def __post_init__(self) -> None:
        if not 0 <= self.zone <= 0xFFFF or not 1 <= len(self.data) <= DATA_MAX:
            raise ValueError(f"zone {self.zone} with {len(self.data)} bytes")

    def encode(self) -> bytes:
        length = 1 if self.type is Type.READ else len(self.data)
        body = bytes((self.type, length)) + self.zone.to_bytes(2, "big") + self.data
        return HEAD + body + (crc16_xmodem(body).to_bytes(2, "big") if self.checked else UNCHECKED)

    @classmethod
    def decode(cls, frame: bytes) -> ZoneFrame:
        body, check = frame[len(HEAD) : -2], frame[-2:]
        sound = frame.startswith(HEAD) and check in (UNCHECKED, crc16_xmodem(body).to_bytes(2, "big"))
        if not sound or len(body) < 5 or len(body) != 4 + body[1]:
            raise ValueError(f"{frame.hex(' ')} is no sound Grow frame")
        return cls(Type(body[0]), int.from_bytes(body[2:4], "big"), body[4:], check != UNCHECKED)


class GrowScanner(Scanner):
    """One Grow engine. With `trigger = "always"` its own reading mode is left as it was set."""

    family: ClassVar[str] = "grow"

    def start_commands(self) -> tuple[bytes, ...]:
        """Volatile: nothing is saved, so that a locker's restarts do not wear the module's flash out."""
        commands: tuple[bytes, ...] = (
            ZoneFrame(Type.WRITE, Zone.SET_UP_CODES, bytes((SET_UP_CODES_OFF,))).encode(),
        )
        if self.settings.trigger == "command":
            commands += (ZoneFrame(Type.WRITE, Zone.MODE, bytes((MODE_COMMAND,))).encode(),)
        return commands

    def trigger_on(self) -> bytes:
        return ZoneFrame(Type.WRITE, Zone.TRIGGER, bytes((TRIGGER_NOW,))).encode()

    def trigger_off(self) -> bytes:
        """Empty: the module stops by itself, after a code or its own read time-out (5 s when new)."""
        return b""

    def strip_answers(self, raw: bytes) -> bytes:
        while (answer := ANSWERS.get(raw[:ANSWER_LEN])) is not None:
            self.answers[answer] += 1
            raw = raw[ANSWER_LEN:]
        return raw
