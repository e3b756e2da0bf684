"""What every pretend board does: find sound frames in what it hears, act on its own, answer after its turn-round time.

Sans-I/O: `receive(bytes, now)` returns what was understood, with replies that say when they are sent. A reply may be
computed only then (an unlock answer carries the contact as it stands after the pulse). A board hears every frame of
its line and answers its own address; an absent board is simply not there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Literal

from sim.world import World

FORGET_S = (
    0.1  # half a frame is forgotten after this silence; the longest gap inside a healthy frame is far shorter
)
BUFFER_MAX = 512  # twice the longest frame of any family

Kind = Literal["unlock", "read", "other"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: `at_s` is when its first bit leaves the board."""

    at_s: float
    make: Callable[[], bytes]

    def data(self) -> bytes:
        """The bytes; call it once `at_s` has come, because it reads the contacts then."""
        return self.make()


@dataclass(frozen=True, slots=True)
class Heard:
    """One sound frame. `mine` False: another address, or not for boards of this family at all."""

    frame: bytes
    meaning: str
    mine: bool
    kind: Kind = "other"
    replies: tuple[Reply, ...] = ()


@dataclass(slots=True)
class Spec:
    """How one board is set up: what its DIP switches, registers and neighbours say."""

    name: str
    address: int
    channels: int
    supply: str = "psu-1"
    char_s: float = 10 / 9600
    options: Mapping[str, str | int | bool] = field(default_factory=dict)


class Firmware(ABC):
    """One board of one family on one line."""

    family: ClassVar[str]
    usual_turn_round_s: ClassVar[float]  # from the request's last bit to the answer's first
    function_at: ClassVar[int]  # index in the unsealed frame of the byte that names the function
    address_at: ClassVar[int]  # index in the unsealed frame of the byte that holds the address
    greeting: ClassVar[bytes] = b""  # what the board prints when its power comes back
    address_step: ClassVar[int] = 1  # the next board's address byte differs by this

    def __init__(self, spec: Spec, world: World) -> None:
        self.spec = spec
        self.world = world
        self.address = spec.address
        self.turn_round_s = self.usual_turn_round_s
        self.late_s = 0.0  # this very board's own slowness, set where two boards share an address
        self._buffer = b""
        self._last_s = float("-inf")
        for channel in range(1, spec.channels + 1):
            world.add_coil(spec.name, channel, spec.supply)

    @property
    def name(self) -> str:
        return self.spec.name

    def receive(self, data: bytes, now_s: float) -> list[Heard]:
        """Bytes from the line, in any pieces. Noise is skipped, half frames are kept until `FORGET_S` of silence."""
        if now_s - self._last_s > FORGET_S:
            self._buffer = b""
        self._last_s = now_s
        self._buffer = (self._buffer + data)[-BUFFER_MAX:]
        heard = []
        while (found := self._hunt()) is not None:
            heard.append(self.handle(found, now_s))
        return heard

    def _hunt(self) -> bytes | None:
        for start in range(len(self._buffer)):
            length = self.frame_length(self._buffer[start:])
            if length is not None:
                frame = self._buffer[start : start + length]
                self._buffer = self._buffer[start + length :]
                return frame
        return None

    @classmethod
    @abstractmethod
    def frame_length(cls, data: bytes) -> int | None:
        """Length of the sound request at the start of `data`; None: none, or not complete yet."""

    @abstractmethod
    def handle(self, frame: bytes, now_s: float) -> Heard:
        """Act on one sound request."""

    @classmethod
    @abstractmethod
    def kind_of(cls, frame: bytes) -> Kind:
        """Whether a sound request moves a door, reads, or does something else."""

    def addressed(self, frame: bytes) -> bool:
        """True if a sound request names this very board."""
        return self.unseal(frame)[self.address_at] == self.address

    @classmethod
    @abstractmethod
    def seal(cls, body: bytes) -> bytes:
        """`body` with its check sum, as this family sends it."""

    @classmethod
    @abstractmethod
    def unseal(cls, frame: bytes) -> bytes:
        """The opposite of `seal`."""

    def reset(self) -> None:
        """Power was lost: what is not stored is forgotten."""
        self._buffer = b""

    def door_moved(self, number: str, at_s: float) -> list[bytes]:
        """A door of the cabinet moved: frames that the board now sends by itself. Most families never do."""
        return []

    def exception(self, frame: bytes, code: int) -> bytes | None:
        """The family's way of declining a request; None where it has none."""
        return None

    # Words for the subclasses

    def shorted(self, channel: int, at_s: float) -> bool:
        return self.world.contact(self.name, channel, at_s)

    def inputs(self, first: int, count: int, at_s: float) -> bytes:
        """`count` contacts from channel `first`, packed."""
        return packed(self.world.contacts(self.name, first, count, at_s))

    def inside(self, first: int, count: int, at_s: float) -> bytes:
        """`count` light barriers from channel `first`, packed."""
        return packed(self.world.presences(self.name, first, count, at_s))

    def answer(self, now_s: float, body: bytes, after_s: float = 0.0) -> tuple[Reply, ...]:
        """One sealed reply with bytes that are known now."""
        sealed = self.seal(body)
        return (Reply(now_s + self.turn_round_s + self.late_s + after_s, lambda: sealed),)

    def answer_later(
        self, now_s: float, make: Callable[[float], bytes], after_s: float = 0.0
    ) -> tuple[Reply, ...]:
        """One sealed reply whose bytes are read from the contacts when it is sent."""
        at_s = now_s + self.turn_round_s + self.late_s + after_s
        return (Reply(at_s, lambda: self.seal(make(at_s))),)

    def in_turn(self, channels: list[int], pulse_s: float, now_s: float, gap_s: float = 0.05) -> float:
        """Pulse channels one after another, `gap_s` apart. Returns how long the run takes."""
        for turn, channel in enumerate(channels):
            pulse = partial(self.world.pulse, self.name, channel, pulse_s)
            self.world.at(now_s + turn * (pulse_s + gap_s), pulse)
        return len(channels) * (pulse_s + gap_s)


def packed(values: Sequence[bool]) -> bytes:
    """Eight a byte, the first in bit 0 of the first byte."""
    whole = sum(1 << index for index, value in enumerate(values) if value)
    return whole.to_bytes((len(values) + 7) // 8, "little")


def frame_in(board: Firmware, data: bytes) -> bytes | None:
    """The first sound request in a piece of the wire, None if there is none."""
    for start in range(len(data)):
        length = board.frame_length(data[start:])
        if length is not None:
            return data[start : start + length]
    return None
