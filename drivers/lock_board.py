"""What every lock board can do, whatever its maker. `drivers.registry` finds one by the name in the configuration.

Source of the families' frames and quirks: `docs/hardware/`. A third party's board is a subclass registered under the
entry-point group `locker_edge.lock_boards`; it is done when it passes the shared board suite in `sim.pytest_plugin`.
Most boards subclass `drivers.polled_board.PolledBoard`, which holds the rule about late replies.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Literal

from drivers.transaction import Procedure, Transaction


class DoorState(Enum):
    """What the sensor says. No answer is UNKNOWN, never CLOSED."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Feedback(Enum):
    """Wiring of the feedback contact: which position of the latch or door shorts it."""

    CLOSED_WHEN_LOCKED = "closed-when-locked"
    CLOSED_WHEN_OPEN = "closed-when-open"


def door_of(shorted: bool, feedback: Feedback) -> DoorState:
    """Meaning of one feedback contact. The wiring decides; a mixed-up setting shows every door the wrong way round."""
    locked = shorted is (feedback is Feedback.CLOSED_WHEN_LOCKED)
    return DoorState.CLOSED if locked else DoorState.OPEN


class UnlockSent(Enum):
    """What is known of an unlock frame. Never "open": only a sensor says that."""

    ACCEPTED = "accepted"  # the board confirmed, or the family never confirms and the frame left whole
    REFUSED = "refused"  # the board declined: no coil was energised
    NOT_SENT = "not_sent"  # no byte left: the port was gone before
    UNKNOWN = "unknown"  # bytes left, no acceptable answer: the coil may have been energised


@dataclass(frozen=True, slots=True)
class UnlockReport:
    """What the wire knows after one unlock frame; `fact` is a sentence for logs and the technician."""

    sent: UnlockSent
    fact: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class DoorReadings:
    """One sample of a board: index 0 is channel 1. `presence` says whether something is inside, None for a channel
    without such a sensor; empty where the board has none at all."""

    doors: tuple[DoorState, ...]
    presence: tuple[bool | None, ...] = ()


@dataclass(frozen=True, slots=True)
class DoorPushed:
    """A door change that the board reported by itself (WKLY)."""

    channel: int
    state: DoorState


@dataclass(frozen=True, slots=True)
class BoardInfo:
    """Who answered. `identity` is what tells this board from its neighbours: family, address, what it reveals."""

    family: str
    address: int
    channels: int
    firmware: str = ""
    identity: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """Everything a board driver is told; built by `main` or `lockerctl` from `[[board]]`.

    `pulse_ms` is what the lock needs; the driver caps it at its family's bound. `feedback_by_channel` overrides
    `feedback` for single doors. `presence` are the channels with a presence sensor. `options` are the family's own keys
    (byte order, profile ...).
    """

    name: str
    bus: str
    address: int
    channels: int
    baudrate: int = 9600
    pulse_ms: int = 300
    feedback: Feedback = Feedback.CLOSED_WHEN_LOCKED
    feedback_by_channel: Mapping[int, Feedback] = field(default_factory=dict)
    presence: frozenset[int] = frozenset()
    options: Mapping[str, str | int | bool] = field(default_factory=dict)

    def feedback_of(self, channel: int) -> Feedback:
        return self.feedback_by_channel.get(channel, self.feedback)


class LockBoard(ABC):
    """One lock board at one address. Operations are procedures for the bus to run; nothing here waits or re-sends.

    Channels count from 1 as printed on the board. A channel out of range raises ValueError before any byte leaves.
    """

    family: ClassVar[str]
    default_baudrate: ClassVar[int] = 9600
    addresses: ClassVar[range] = range(1, 33)
    pulse_control: ClassVar[Literal["per-frame", "stored", "fixed"]]  # who times the pulse; never the host
    pulse_ms_max: ClassVar[int]
    presence_inputs: ClassVar[bool] = False  # beside each lock, one that tells whether something is inside

    def __init__(self, settings: BoardSettings) -> None:
        """Raises ValueError for settings that the family does not have."""
        if settings.presence and not self.presence_inputs:
            raise ValueError(f"board {settings.name}: {self.family} has no inputs for presence sensors")
        self.settings = settings

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def channels(self) -> int:
        return self.settings.channels

    @property
    def pulse_ms(self) -> int:
        """How long one unlock energises a coil, as far as the host knows: asked for and capped, or the family's own."""
        return (
            self.pulse_ms_max
            if self.pulse_control == "fixed"
            else min(self.settings.pulse_ms, self.pulse_ms_max)
        )

    @abstractmethod
    def prepare(self) -> Procedure[BoardInfo]:
        """Run once before use and again after a lost port: identify, switch coils off, set what the family needs.

        Raises WrongBoard, NotArmed or BoardSilent; a board that raised is not used until a later run succeeds.
        """

    @abstractmethod
    def identify(self) -> Procedure[BoardInfo]:
        """Ask who is there without changing anything."""

    @abstractmethod
    def unlock(self, channel: int) -> Procedure[UnlockReport]:
        """One frame, one pulse timed by the board. Never raises BusError: the report says what is known."""

    @abstractmethod
    def read_doors(self) -> Procedure[DoorReadings]:
        """All doors in one sample. After a time-out the next sample asks in another shape until answered in kind."""

    @abstractmethod
    def all_off(self) -> Procedure[None]:
        """Coils off; for families whose coils cannot stay on, a no-op procedure that sends nothing."""

    def coils_on(self) -> Procedure[frozenset[int] | None]:
        """Channels whose coil is energised at this moment; None (nothing sent) where the family cannot tell."""
        return None
        yield  # makes this a procedure

    # The scan path inside the bus thread: frames built once, raw replies compared, decoded only on a change.

    @abstractmethod
    def poll(self) -> Transaction | None:
        """The pre-built status question, or None while the family has to ask in another way (use `read_doors`)."""

    @abstractmethod
    def decode_poll(self, reply: bytes) -> DoorReadings:
        """Meaning of a reply to `poll()`. The reply was already recognised, so this does not fail."""

    @abstractmethod
    def poll_lost(self) -> None:
        """The bus says so after each `poll()` transaction that got no reply: its answer may still arrive late.

        From then on `poll()` answers None and `read_doors()` proves the line first, until it has been answered in kind.
        A refusal is an answer and no loss. Losses inside a procedure are seen by the procedure itself.
        """

    def decode_push(self, frame: bytes) -> DoorPushed | None:
        """Meaning of an unsolicited frame of this board, None where it is not this board's."""
        return None
