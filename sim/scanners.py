"""Pretend barcode scanners: they read what is shown to them, obey their triggers and acknowledge their commands.

Same shape as a line: `write(bytes, now)` is the host's command, `read(now)` what has reached the host, with the port's
wire time. A code is `[prefix]text[suffix][terminator]`; raw bytes are sent as they are (a hostile or broken scanner).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import ClassVar

from edge_agent.config import Scanner as ScannerConfig
from sim.checks import crc16_xmodem
from sim.wire import char_s
from sim.world import World

COMMANDS_MAX = 4_096  # bytes of half a command kept; every real one is below 300
OUTBOX_MAX = 1_000  # pieces waiting for a host that never reads
TRIGGER_S = 5.0  # a triggered engine gives up after this: the usual factory setting
ENGINE_S = 0.01  # from command to acknowledgement
CR = b"\r"


class SimScanner:
    """Plain line mode: reads always, understands nothing. Families override `_command` and the pattern table."""

    patterns: ClassVar[tuple[tuple[re.Pattern[bytes], str], ...]] = ()

    def __init__(
        self,
        name: str,
        world: World,
        character_s: float = 10 / 9600,
        always: bool = True,
        prefix: bytes = b"",
        suffix: bytes = b"",
    ) -> None:
        self.name = name
        self.world = world
        self.char_s = character_s
        self.always = always
        self.prefix, self.suffix, self.terminator = prefix, suffix, CR
        self.reading_until_s = float("-inf")
        self.commands: deque[bytes] = deque(maxlen=1_000)  # what the host sent, for assertions
        self.on_wake: Callable[[], None] = lambda: None
        self._half = b""
        self._outbox: deque[tuple[float, bytes]] = deque(maxlen=OUTBOX_MAX)
        self._free_s = float("-inf")

    def reading(self, now_s: float) -> bool:
        """True while the light is on."""
        return self.always or now_s < self.reading_until_s

    def show(self, code: bytes, now_s: float, raw: bool = False) -> bool:
        """Hold a code before the window. True if it was read; `raw` bytes are sent whatever the engine does."""
        with self.world.lock:
            if not raw and not self.reading(now_s):
                return False
            framed = code if raw else self.prefix + code + self.suffix + self.terminator
            self.reading_until_s = float("-inf")
            self._send(framed, now_s)
        self.on_wake()
        return True

    def write(self, data: bytes, now_s: float) -> None:
        """Bytes from the host, in any pieces."""
        with self.world.lock:
            self._half = (self._half + data)[-COMMANDS_MAX:]
            self._take_commands(now_s)

    def read(self, now_s: float) -> bytes:
        """Everything that reached the host up to `now_s`, once."""
        with self.world.lock:
            ready = b""
            while self._outbox and self._outbox[0][0] <= now_s:
                ready += self._outbox.popleft()[1]
            return ready

    def next_due_s(self) -> float | None:
        with self.world.lock:
            return self._outbox[0][0] if self._outbox else None

    def takes_more_s(self) -> float:
        """Commands are taken at any time."""
        return float("-inf")

    def clear(self) -> None:
        """The cable was pulled."""
        with self.world.lock:
            self._outbox.clear()
            self._half = b""

    # Inside

    def _take_commands(self, now_s: float) -> None:
        while (found := self._first_command()) is not None:
            match, action = found
            self._half = self._half[match.end() :]
            self.commands.append(match.group())
            getattr(self, action)(match, now_s)

    def _first_command(self) -> tuple[re.Match[bytes], str] | None:
        found = [
            (match, action) for pattern, action in self.patterns if (match := pattern.search(self._half))
        ]
        return min(found, key=lambda one: one[0].start(), default=None)

    def _send(self, data: bytes, now_s: float, after_s: float = 0.0) -> None:
        start_s = max(now_s + after_s, self._free_s)
        self._free_s = start_s + len(data) * self.char_s
        self._outbox.append((self._free_s, data))

    def _trigger(self, match: re.Match[bytes], now_s: float) -> None:
        self.reading_until_s = now_s + TRIGGER_S

    def _stop(self, match: re.Match[bytes], now_s: float) -> None:
        self.reading_until_s = float("-inf")

    def _ignore(self, match: re.Match[bytes], now_s: float) -> None:
        """Understood, nothing to show for it (a beep)."""


class GrowScanner(SimScanner):
    """`7E 00 TYPE LEN ADDR_H ADDR_L DATA.. CRC_H CRC_L`, answered `02 00 TYPE LEN DATA CRC`. AB CD: no check wanted."""

    HEAD = b"\x7e\x00"
    READ, WRITE, SAVE, LINK = 0x07, 0x08, 0x09, 0x0A
    OK, BAD_CRC, UNKNOWN = 0x00, 0x01, 0x03
    ZONE_MODE, ZONE_TRIGGER, ZONE_BAUD = 0x0000, 0x0002, 0x002A
    COMMAND_MODE = 0b01
    SKIP_CHECK = b"\xab\xcd"

    def __init__(self, name: str, world: World, character_s: float = 10 / 9600, always: bool = True) -> None:
        super().__init__(name, world, character_s, always)
        self.zones = {
            self.ZONE_MODE: 0xD6 if always else 0xD5,
            self.ZONE_BAUD: 0x39,
            self.ZONE_BAUD + 1: 0x01,
        }
        self.saved = dict(self.zones)

    def _take_commands(self, now_s: float) -> None:
        while (start := self._half.find(self.HEAD)) >= 0:
            self._half = self._half[start:]
            if len(self._half) < 6 or len(self._half) < (length := self._length(self._half)):
                return
            frame, self._half = self._half[:length], self._half[length:]
            self.commands.append(frame)
            self._obey(frame, now_s)
        self._half = self.HEAD[:1] if self._half.endswith(self.HEAD[:1]) else b""

    @classmethod
    def _length(cls, half: bytes) -> int:
        return 6 + (1 if half[2] == cls.READ else half[3]) + 2

    def _obey(self, frame: bytes, now_s: float) -> None:
        if frame[-2:] not in (self.SKIP_CHECK, crc16_xmodem(frame[2:-2])):
            return self._reply(self.BAD_CRC, b"\x00", now_s)
        kind, zone, data = frame[2], int.from_bytes(frame[4:6], "big"), frame[6:-2]
        if kind == self.READ:
            return self._reply(
                self.OK, bytes(self.zones.get(zone + index, 0) for index in range(data[0])), now_s
            )
        if kind == self.LINK:
            return self._send(b"\x03\x00" + self._sealed(self.OK, b"\x00"), now_s, ENGINE_S)
        if kind not in (self.WRITE, self.SAVE):
            return self._reply(self.UNKNOWN, b"\x00", now_s)
        self._reply(self.OK, b"\x00", now_s)
        if kind == self.SAVE:
            self.saved = dict(self.zones)
        else:
            self._store(zone, data, now_s)
        return None

    def _store(self, zone: int, data: bytes, now_s: float) -> None:
        for index, value in enumerate(data):
            self.zones[zone + index] = value
        if zone == self.ZONE_TRIGGER and data[0] & 1:
            self.reading_until_s = now_s + TRIGGER_S
        if zone == self.ZONE_MODE:
            self.always = data[0] & 0b11 != self.COMMAND_MODE

    def _reply(self, result: int, data: bytes, now_s: float) -> None:
        self._send(b"\x02\x00" + self._sealed(result, data), now_s, ENGINE_S)

    @staticmethod
    def _sealed(result: int, data: bytes) -> bytes:
        body = bytes([result, len(data)]) + data
        return body + crc16_xmodem(body)


class HoneywellScanner(SimScanner):
    """SYN T CR on, SYN U CR off, SYN BEL CR beeps; SYN M CR text . or ! is repeated with an acknowledgement byte."""

    SETTING = re.compile(rb"[A-Z0-9]{6}[A-Z0-9?^*]*\Z")
    MODES: ClassVar[dict[bytes, bool]] = {b"PAPHHF": False, b"PAPPST": True, b"PAPSPF": True}
    patterns = (
        (re.compile(rb"\x16T\r"), "_trigger"),
        (re.compile(rb"\x16U\r"), "_stop"),
        (re.compile(rb"\x16\x07\r"), "_ignore"),
        (re.compile(rb"\x16M\r([^.!]{0,300})([.!])"), "_setting"),
    )

    def _setting(self, match: re.Match[bytes], now_s: float) -> None:
        text, end = match.groups()
        known = b"\x06" if self.SETTING.match(text) else b"\x05"
        self._send(text + known + end, now_s, ENGINE_S)
        self.always = self.MODES.get(text, self.always)


class NewlandScanner(SimScanner):
    """`~ SOH 0000 # command ; ETX` (or @ to store), repeated with an acknowledgement byte; `SOH T EOT` triggers."""

    patterns = (
        (re.compile(rb"~\x010000([#@])([^;]{1,300});\x03"), "_setting"),
        (re.compile(rb"\x01T\x04"), "_trigger"),
    )
    ACTIONS: ClassVar[dict[bytes, str]] = {b"SCNTRG1": "_trigger", b"SCNTRG0": "_stop"}
    MODES: ClassVar[dict[bytes, bool]] = {b"SCNMOD0": False, b"SCNMOD2": True, b"SCNMOD3": True}
    SETTING = re.compile(rb"[A-Z0-9]{6,7}[A-Z0-9*&^?]*\Z")

    def _setting(self, match: re.Match[bytes], now_s: float) -> None:
        kind, text = match.groups()
        known = b"\x06" if self.SETTING.match(text) else b"\x05"
        self._send(b"\x02\x010000" + kind + text + known + b";\x03", now_s, ENGINE_S)
        getattr(self, self.ACTIONS.get(text, "_ignore"))(match, now_s)
        self.always = self.MODES.get(text, self.always)


SCANNERS: dict[str, type[SimScanner]] = {
    "line": SimScanner,
    "grow": GrowScanner,
    "honeywell": HoneywellScanner,
    "newland": NewlandScanner,
}


def scanner_of(config: ScannerConfig, world: World) -> SimScanner:
    """The pretend scanner that `[[scanner]]` asks for. ValueError: a driver that nobody pretends."""
    family = SCANNERS.get(config.driver)
    if family is None:
        raise ValueError(
            f"scanner {config.name}: nobody pretends {config.driver!r}; there are {', '.join(SCANNERS)}"
        )
    scanner = family(config.name, world, char_s(config.baudrate), config.trigger == "always")
    scanner.prefix, scanner.suffix = config.prefix.encode(), config.suffix.encode()
    return scanner
