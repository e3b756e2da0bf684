"""What every barcode scanner can do, and how a stream of bytes becomes codes. Pure: no port, no clock, no logging.

A scanner sends `[prefix][AIM identifier]text[suffix][terminator]`. `LineFramer` finds the texts; a family adds its
acknowledgements, its trigger and its start-up commands. What a barcode contains is a stranger's input: a text with a
control byte, too many bytes, or the look of a set-up code is dropped and counted, and nothing in it is ever obeyed.
Third parties register a subclass of `Scanner` under the entry-point group `locker_edge.scanners`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Literal

# A signed pickup token and every carrier's label stay below; a 3 kB QR code is nobody's waybill.
LENGTH_MAX = 512
# Ends a code that has no terminator: longer than an adapter's pause, shorter than a person's.
IDLE_GAP_S = 0.08
REPEAT_S = 1.5  # a code held before the window is read again and again; drivers in the field use 1 to 2 s
REPEATS_KEPT = 8  # distinct codes remembered inside the repeat window: a hand shows one or two

AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")  # ISO/IEC 15424: "]", letter of the symbology, modifier
SET_UP = (  # the texts of vendors' set-up sheets, where they are plain text; none is a waybill or a token
    re.compile(r"\^_\^"),  # DE2120 and its relatives
    re.compile(r"_SET_"),  # Grow
    re.compile(r"[@#]?(SCNMOD|SCNTRG|SETUP|NLS)[0-9A-Z]*;?$"),  # Newland
    re.compile(r"[@#][A-Z]{6}"),  # Newland, any command stored or volatile
    re.compile(r"[A-Z0-9]{6,9}[.!]$"),  # Honeywell menu command, stored or volatile
)


class Dropped(Enum):
    """Why something that arrived is no scan. Counted, so that a technician sees a dirty window or an attack."""

    TOO_LONG = "too_long"
    NOT_TEXT = "not_text"  # a control byte, or a byte above 7E
    SET_UP = "set_up"
    AFFIX = "affix"  # the prefix or suffix that the engine was told to add is missing
    CUT = "cut"  # ended by silence although this scanner ends each code with CR or LF
    REPEAT = "repeat"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Scan:
    """One code: `text` without prefix, suffix and identifier; `aim` is the identifier ("]Q1") or empty."""

    text: str
    aim: str = ""


@dataclass(frozen=True, slots=True)
class ScannerSettings:
    """Everything a scanner driver is told; built by `main` or `lockerctl` from `[[scanner]]`.

    `trigger` says whether the engine reads always or on command. `prefix` and `suffix` are what the engine was set to
    add. `terminator`: "any" takes CR, LF, CRLF and silence; "line" only the first three; "gap" only silence.
    """

    name: str
    baudrate: int = 9600
    trigger: Literal["always", "command"] = "always"
    prefix: str = ""
    suffix: str = ""
    terminator: Literal["any", "line", "gap"] = "any"
    options: Mapping[str, str | int | bool] = field(default_factory=dict)


def as_sent(raw: bytes) -> bytes:
    """For families that add nothing of their own to the codes."""
    return raw


class LineFramer:
    """Bytes in, codes out. `now` is monotonic seconds, handed in; memory is bounded by LENGTH_MAX and REPEATS_KEPT."""

    def __init__(self, settings: ScannerSettings, strip: Callable[[bytes], bytes] = as_sent) -> None:
        """`strip` takes a family's acknowledgements off the front of one raw code."""
        self.dropped: Counter[Dropped] = Counter()
        self.codes = 0
        self._settings = settings
        self._strip = strip
        self._limit = (
            LENGTH_MAX + len(settings.prefix) + len(settings.suffix) + 64
        )  # room for acknowledgements
        self._raw = bytearray()
        self._too_long = False
        self._last_byte_at = 0.0
        self._seen_at: OrderedDict[str, float] = OrderedDict()

    @property
    def due_at(self) -> float | None:
        """When `tick` has something to do (monotonic seconds); None while no code is half received."""
        return self._last_byte_at + IDLE_GAP_S if self._raw or self._too_long else None

    def feed(self, data: bytes, now: float) -> list[Scan]:
        """Codes completed by `data`, in order. A pause before `data` ends the code that came before it."""
        scans = self.tick(now)
        self._last_byte_at = now
        for piece in self._pieces(data):
            if piece in (b"\r", b"\n"):
                scans += self._finish(now)
            else:
                self._collect(piece)
        return scans

    def tick(self, now: float) -> list[Scan]:
        """The code that silence has ended by `now`, if any."""
        if self.due_at is None or now < self.due_at:
            return []
        if self._settings.terminator == "line" and self._strip(bytes(self._raw)):
            self._drop(Dropped.CUT)
            self._forget()
            return []
        return self._finish(now)

    def _pieces(self, data: bytes) -> list[bytes]:
        return [data] if self._settings.terminator == "gap" else re.split(rb"([\r\n])", data)

    def _collect(self, piece: bytes) -> None:
        room = self._limit - len(self._raw)
        self._raw += piece[:room]
        self._too_long = self._too_long or len(piece) > room

    def _finish(self, now: float) -> list[Scan]:
        raw, too_long = bytes(self._raw), self._too_long
        self._forget()
        if too_long:
            return self._drop(Dropped.TOO_LONG)
        text = self._strip(raw)
        return self._judge(text, now) if text else []

    def _forget(self) -> None:
        self._raw.clear()
        self._too_long = False

    def _judge(self, raw: bytes, now: float) -> list[Scan]:
        """One raw code, affixes and all, to the scan it is; or dropped, with the reason counted."""
        if not all(0x20 <= byte <= 0x7E for byte in raw):
            return self._drop(Dropped.NOT_TEXT)
        text, prefix, suffix = raw.decode("ascii"), self._settings.prefix, self._settings.suffix
        if not (text.startswith(prefix) and text.endswith(suffix) and len(text) >= len(prefix + suffix)):
            return self._drop(Dropped.AFFIX)
        text = text[len(prefix) : len(text) - len(suffix)]
        aim = AIM.match(text)
        scan = Scan(text[3:] if aim else text, aim.group() if aim else "")
        wrong = self._wrong_with(scan.text, now)
        if wrong:
            return self._drop(wrong)
        self.codes += 1
        return [scan]

    def _wrong_with(self, text: str, now: float) -> Dropped | None:
        if not text.strip():
            return Dropped.EMPTY
        if len(text) > LENGTH_MAX:
            return Dropped.TOO_LONG
        if any(pattern.match(text) for pattern in SET_UP):
            return Dropped.SET_UP
        return Dropped.REPEAT if self._repeated(text, now) else None

    def _repeated(self, text: str, now: float) -> bool:
        """True while `text` has been read again and again with pauses below REPEAT_S."""
        before = self._seen_at.pop(text, None)
        self._seen_at[text] = now
        if len(self._seen_at) > REPEATS_KEPT:
            self._seen_at.popitem(last=False)
        return before is not None and now - before < REPEAT_S

    def _drop(self, why: Dropped) -> list[Scan]:
        self.dropped[why] += 1
        return []


class Scanner(ABC):
    """One barcode engine as a codec: byte strings to send, and what received bytes mean. No I/O, no waiting.

    The port sends `start_commands()` after each opening, with `pause_s` between them, and hands in what it reads.
    """

    family: ClassVar[str]
    pause_s: ClassVar[float] = 0.05  # engines need up to 50 ms between two commands

    def __init__(self, settings: ScannerSettings) -> None:
        self.settings = settings
        self.answers: Counter[str] = Counter()  # the engine's own answers: "ok", "refused"
        self._framer = LineFramer(settings, self.strip_answers)

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def dropped(self) -> Mapping[Dropped, int]:
        return self._framer.dropped

    @property
    def codes(self) -> int:
        """Scans handed on since start."""
        return self._framer.codes

    @property
    def due_at(self) -> float | None:
        """When `tick` has to be called at the latest (monotonic seconds), None: not before more bytes came."""
        return self._framer.due_at

    def feed(self, data: bytes, now: float) -> list[Scan]:
        """Received bytes to scans; `now` is monotonic seconds."""
        return self._framer.feed(data, now)

    def tick(self, now: float) -> list[Scan]:
        """Scans that silence has completed by `now`."""
        return self._framer.tick(now)

    @abstractmethod
    def start_commands(self) -> tuple[bytes, ...]:
        """Sent after each opening: set-up barcodes off first, then the trigger mode."""

    @abstractmethod
    def trigger_on(self) -> bytes:
        """Starts reading; empty where the engine has no trigger on the wire."""

    @abstractmethod
    def trigger_off(self) -> bytes:
        """Stops reading; empty where the engine stops by itself."""

    def strip_answers(self, raw: bytes) -> bytes:
        """`raw` without the engine's own answers at its front; families with answers override and count them."""
        return raw
