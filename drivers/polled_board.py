"""A lock board that is asked for its doors: the part of the contract that is the same for every such family.

A family gives `sample` (the question about all doors, built once), `probes` (questions of other shapes, see
`drivers.late_replies`) and `decode_poll`; this class decides which of them may be asked next.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator
from functools import cached_property
from typing import ClassVar

from drivers.errors import (
    BoardRefused,
    BusBusy,
    BusError,
    NotArmed,
    PortForbidden,
    PortHeld,
    PortMissing,
    WrongPortKind,
)
from drivers.late_replies import LateReplyGuard
from drivers.lock_board import BoardSettings, DoorReadings, LockBoard, UnlockReport, UnlockSent
from drivers.transaction import Procedure, Transaction

# These are raised before a byte is written, whatever the bus says about it.
NEVER_SENT = (BusBusy, NotArmed, PortForbidden, PortHeld, PortMissing, WrongPortKind)


class PolledBoard(LockBoard):
    """Base of the built-in families. Raises ValueError for an address or channel count that the family cannot have."""

    channels_max: ClassVar[int]

    def __init__(self, settings: BoardSettings) -> None:
        super().__init__(settings)
        self._check_settings()

    @cached_property
    def _late(self) -> LateReplyGuard:
        return LateReplyGuard(len(self.probes()))

    @abstractmethod
    def sample(self) -> Transaction:
        """The question about all doors; the same object each time, so that the scan path builds nothing."""

    @abstractmethod
    def probes(self) -> tuple[Transaction, ...]:
        """Questions whose answers cannot be mistaken for the sample's; better if not for each other's either."""

    def poll(self) -> Transaction | None:
        return self.sample() if self._late.trusted else None

    def poll_lost(self) -> None:
        self._late.lost()

    def read_doors(self) -> Procedure[DoorReadings]:
        while not self._late.trusted:  # ends: each round proves once (at most proofs_max times) or raises
            yield from self._probe()
        reply = yield from self._ask(self.sample())
        self._late.believed()
        return self.decode_poll(reply)

    def _probe(self) -> Generator[Transaction, bytes, None]:
        try:
            yield from self._ask((*self.probes(), self.sample())[self._late.next_shape()])
        except BoardRefused:  # a board that refuses a probe has answered it
            pass
        self._late.proved()

    def _ask(self, transaction: Transaction) -> Generator[Transaction, bytes, bytes]:
        try:
            return (yield transaction)
        except BoardRefused:
            raise
        except BusError:
            self._late.lost()
            raise

    @property
    def where(self) -> str:
        """Place for error messages."""
        return f"board {self.settings.name} (address {self.settings.address}) on bus {self.settings.bus}"

    def check_channel(self, channel: int) -> None:
        if not 1 <= channel <= self.channels:
            raise ValueError(f"board {self.name} has channels 1 to {self.channels}, not {channel}")

    def _check_settings(self) -> None:
        own = self.settings
        if own.address not in self.addresses:
            span = f"{self.addresses.start} to {self.addresses.stop - 1}"
            raise ValueError(f"board {own.name}: address {own.address}, but {self.family} has {span}")
        if not 1 <= own.channels <= self.channels_max:
            raise ValueError(
                f"board {own.name}: {own.channels} channels, but {self.family} has 1 to {self.channels_max}"
            )
        if own.pulse_ms < 1:
            raise ValueError(f"board {own.name}: a pulse of {own.pulse_ms} ms")


def unlock_outcome(error: BusError) -> UnlockReport:
    """What is known of an unlock frame after `error`. Silence is never "it did not open"."""
    if isinstance(error, BoardRefused):
        return UnlockReport(UnlockSent.REFUSED, error.fact, error.code)
    if error.bytes_left and not isinstance(error, NEVER_SENT):
        return UnlockReport(UnlockSent.UNKNOWN, error.fact, error.code)
    return UnlockReport(UnlockSent.NOT_SENT, error.fact, error.code)
