"""A relay board that opens doors: what Waveshare's own protocol and the generic Modbus profile have in common.

A relay board does not know that a lock hangs on it. So it is switched off at start and at stop, it is not used before
`prepare` has seen that its inputs cannot drive its relays, and each pulse is one the board times itself.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator
from typing import ClassVar, Literal

from drivers.errors import BoardRefused, BusError, NotArmed
from drivers.lock_board import BoardInfo, BoardSettings, UnlockReport, UnlockSent
from drivers.lock_boards.modbus_frames import (
    DRAIN_S,
    PULSE_STEP_MS,
    REPLY_TIMEOUT_S,
    UNITS,
    pulse_steps,
    recognise_reply,
    reply_length,
)
from drivers.polled_board import PolledBoard, unlock_outcome
from drivers.transaction import Priority, Procedure, Transaction

PULSE_MS_MAX = 1000  # hard cap for a solenoid; sellers quote as little as 200 ms
RELAYS_MAX = 32
# Some boards greet in ASCII at power-up, over the first exchange; switching off twice is harmless.
START_RESENDS = 1


class RelayBoard(PolledBoard):
    """Base of the Modbus relay boards. A subclass gives frames; this class gives order and refusals."""

    addresses: ClassVar[range] = UNITS
    channels_max: ClassVar[int] = RELAYS_MAX
    pulse_control: ClassVar[Literal["per-frame", "stored", "fixed"]] = "per-frame"
    pulse_ms_max: ClassVar[int] = PULSE_MS_MAX

    def __init__(self, settings: BoardSettings) -> None:
        super().__init__(settings)
        self._armed = False

    @property
    def pulse_ms(self) -> int:
        """In whole steps of 100 ms, rounded up."""
        return pulse_steps(self.settings.pulse_ms, self.pulse_ms_max) * PULSE_STEP_MS

    @abstractmethod
    def pulse_frame(self, channel: int, steps: int) -> bytes:
        """The one frame that energises `channel` for `steps` x 100 ms and ends by itself."""

    @abstractmethod
    def off_frames(self) -> tuple[bytes, ...]:
        """What switches every coil off."""

    @abstractmethod
    def mode_frame(self) -> bytes:
        """Asks how the inputs act on the relays; empty where no input can."""

    @abstractmethod
    def modes(self, reply: bytes) -> tuple[int, ...]:
        """Meaning of the reply to `mode_frame`: one entry per channel, 0 is "inputs and relays are independent"."""

    def request(self, frame: bytes, priority: Priority = Priority.POLL, resends: int = 0) -> Transaction:
        """`frame` as a transaction that moves no door."""
        return Transaction(
            request=frame,
            recognise=recognise_reply(frame),
            reply_timeout_s=REPLY_TIMEOUT_S,
            drain_s=DRAIN_S,
            board=self.settings.name,
            priority=priority,
            resends=resends,
            reply_bytes_max=reply_length(frame),
        )

    def prepare(self) -> Procedure[BoardInfo]:
        """A reading comes first: its answer differs from its own echo, which the answer to a write does not."""
        self._armed = False
        info = yield from self.identify()
        yield from self.all_off()
        yield from self._check_modes()
        self._armed = True
        return info

    def _check_modes(self) -> Generator[Transaction, bytes, None]:
        if not self.mode_frame():
            return
        try:
            reply = yield self.request(self.mode_frame(), resends=START_RESENDS)
        except BoardRefused as refused:
            raise NotArmed(self.where, f"does not tell its input modes ({refused.fact})") from refused
        coupled = [str(channel) for channel, mode in enumerate(self.modes(reply), 1) if mode]
        if coupled:
            raise NotArmed(
                self.where, f"inputs {', '.join(coupled)} drive relays: set their mode to normal (0)"
            )

    def unlock(self, channel: int) -> Procedure[UnlockReport]:
        self.check_channel(channel)
        return self._unlock(channel)

    def _unlock(self, channel: int) -> Generator[Transaction, bytes, UnlockReport]:
        if not self._armed:
            refused = NotArmed(self.where, "was not prepared, or its inputs may drive its relays")
            return UnlockReport(UnlockSent.NOT_SENT, refused.fact, refused.code)
        frame = self.pulse_frame(channel, pulse_steps(self.settings.pulse_ms, self.pulse_ms_max))
        try:
            yield Transaction(
                request=frame,
                recognise=recognise_reply(frame),
                reply_timeout_s=REPLY_TIMEOUT_S,
                drain_s=DRAIN_S,
                board=self.settings.name,
                priority=Priority.UNLOCK,
                actuates=True,
                reply_bytes_max=reply_length(frame),
            )
        except BusError as error:
            return unlock_outcome(error)
        return UnlockReport(UnlockSent.ACCEPTED, f"pulse of {self.pulse_ms} ms confirmed")

    def all_off(self) -> Procedure[None]:
        for frame in self.off_frames():
            yield self.request(frame, Priority.STOP, START_RESENDS)
