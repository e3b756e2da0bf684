"""One request in flight: received bytes in, the reply or an error out. Pure; the bus core owns the time.

Order of judgement: the adapter's local echo is taken off first, then the codec hunts for frames. Noise and other
boards' frames are counted and skipped, pushed frames handed on; only the reply to this very request ends it well.

Echo. A board confirms an unlock by repeating the request, so an echo alone would look like the confirmation of a
board that is not there. With `auto` nothing is believed before the echo is known, and it is learnt only from a request
whose reply has another shape. Until then a frame equal to the request needs a second one behind it; only a harmless
write (coils off) is believed alone, once no second copy came before its deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from drivers.bus import Echo
from drivers.bus_stats import BoardCounters, Recorder
from drivers.errors import BadReply, BoardRefused, BoardSilent, BusError, EchoCollision
from drivers.transaction import Sight, Transaction

INPUT_BYTES_MAX = (
    1024  # four of the longest Modbus frames; a line that babbles more has no reply worth finding
)
SHOWN_BYTES_MAX = 24  # of a bad reply, in an error text; the trace has all of it

Verdict = bytes | BusError | None
"""The accepted reply, why there is none, or None: not decided yet."""

CONFIGURED: dict[Literal["auto", "none", "full"], Echo] = {
    "auto": Echo.UNKNOWN,
    "none": Echo.NONE,
    "full": Echo.FULL,
}


class Exchange:
    """Reused for every request of one bus: `begin`, then `feed` until it answers, or `expire` at the deadline."""

    __slots__ = (
        "_buffer",
        "_configured",
        "_counters",
        "_echo_due",
        "_on_push",
        "_place",
        "_recogniser",
        "_recorder",
        "_skipped",
        "_transaction",
        "echo",
        "rest",
    )

    def __init__(
        self,
        place: str,
        echo: Literal["auto", "none", "full"],
        recorder: Recorder,
        on_push: Callable[[bytes], None],
    ) -> None:
        self._place = place
        self._configured = CONFIGURED[echo]
        self.echo = self._configured
        self._recorder = recorder
        self._on_push = on_push
        self._buffer = b""
        self._echo_due = False
        self._skipped = 0
        self._transaction: Transaction
        self._counters: BoardCounters
        self.rest = b""

    def forget_echo(self) -> None:
        """The port was opened anew: it may be another adapter."""
        self.echo = self._configured

    def begin(self, transaction: Transaction, counters: BoardCounters) -> None:
        """Expect the reply to `transaction`."""
        self._transaction = transaction
        self._recogniser = transaction.recognise
        self._counters = counters
        self._buffer = b""
        self._echo_due = self.echo is not Echo.NONE
        self._skipped = 0
        self.rest = b""

    @property
    def untouched(self) -> bool:
        """Nothing arrived yet, and no echo is to be taken off: a whole reply may be compared as it is."""
        return not (self._buffer or self._skipped or self._echo_due)

    def feed(self, data: bytes) -> Verdict:
        """More bytes. After an accepted reply, `rest` holds what followed it."""
        buffer = self._buffer + data if self._buffer else data
        if self._echo_due:
            stripped = self._strip_echo(buffer)
            if not isinstance(stripped, bytes):
                self._buffer = buffer[:INPUT_BYTES_MAX]
                return stripped
            buffer = stripped
        return self._hunt(buffer)

    def doubts(self, transaction: Transaction) -> bool:
        """Echo unknown: whether the adapter's echo, if it has one, would pass for the reply to `transaction`."""
        seen = transaction.recognise(transaction.request)
        return seen is not None and seen.start == 0 and seen.sight is Sight.REPLY

    def expire(self) -> bytes | BusError:
        """The deadline has come: silence, bytes that were no reply, or a lone copy that may be believed."""
        transaction = self._transaction
        where = self._where()
        if self._echo_due and self._buffer and transaction.request.startswith(self._buffer):
            if (
                self.echo is Echo.UNKNOWN
                and self._buffer == transaction.request
                and _is_harmless_write(transaction)
            ):
                return self._buffer
            if self.echo is Echo.FULL:
                return EchoCollision(
                    where, f"cut echo {_shown(self._buffer)} of {_shown(transaction.request)}"
                )
            return BadReply(
                where, f"{_shown(self._buffer)} may be the adapter's echo, and nothing followed it"
            )
        if self._buffer or self._skipped:
            self._recorder.noise_bytes += len(self._buffer)
            return BadReply(where, f"{self._skipped + len(self._buffer)} bytes, none of them the reply: "
                                   f"{_shown(self._buffer)}")  # fmt: skip
        return BoardSilent(where, f"no reply to {_shown(transaction.request)}")

    def _where(self) -> str:
        return f"board {self._transaction.board} on bus {self._place}"

    def _hunt(self, buffer: bytes) -> Verdict:
        while True:  # ends: each round drops at least one frame from the buffer
            seen = self._recogniser(buffer)
            if seen is None:
                self._keep(buffer)
                return None
            sight, start, end = seen.sight, seen.start, seen.end
            if start:
                self._skip(start)
            frame = buffer[start:end]
            if sight is Sight.REPLY:
                if self._echo_due and not self._believes(frame):
                    buffer = buffer[end:]
                    continue
                self.rest = buffer[end:]
                return frame
            if sight is Sight.REFUSAL:
                self.rest = buffer[end:]
                return BoardRefused(self._where(), f"refused by {_shown(frame)}")
            self._set_aside(sight, frame)
            buffer = buffer[end:]
            if not buffer:
                self._buffer = b""
                return None

    def _believes(self, frame: bytes) -> bool:
        """The echo is not known yet: a frame like the request may be it; a clean other one shows that there is none."""
        if frame == self._transaction.request:
            self._skip(len(frame))
            self._echo_due = False
            return False
        if not self._skipped:
            self.echo = Echo.NONE
        return True

    def _set_aside(self, sight: Sight, frame: bytes) -> None:
        if sight is Sight.PUSHED:
            self._on_push(frame)
        else:
            self._counters.foreign += 1

    def _keep(self, buffer: bytes) -> None:
        if len(buffer) > INPUT_BYTES_MAX:
            self._skip(len(buffer) - INPUT_BYTES_MAX)
            buffer = buffer[-INPUT_BYTES_MAX:]
        self._buffer = buffer

    def _skip(self, count: int) -> None:
        self._skipped += count
        self._recorder.noise_bytes += count

    def _strip_echo(self, buffer: bytes) -> Verdict:
        """`buffer` without the echo; None while it may still be arriving; a collision where it is wrong."""
        request = self._transaction.request
        if buffer.startswith(request):
            return self._after_echo(buffer[len(request) :])
        if request.startswith(buffer):
            return None
        if self.echo is Echo.FULL:
            return EchoCollision(
                self._where(), f"sent {_shown(request)}, the line carried {_shown(buffer[: len(request)])}"
            )
        return buffer

    def _after_echo(self, rest: bytes) -> Verdict:
        if self.echo is Echo.UNKNOWN:
            if self._is_reply(self._transaction.request) and not self._is_reply(rest):
                return None
            self.echo = Echo.FULL
        self._echo_due = False
        self._buffer = b""
        return rest

    def _is_reply(self, frame: bytes) -> bool:
        seen = self._recogniser(frame)
        return seen is not None and seen.start == 0 and seen.sight is Sight.REPLY


def _is_harmless_write(transaction: Transaction) -> bool:
    """No door moves, and the confirmation is exactly as long as the request: no reading can be mistaken for it."""
    return not transaction.actuates and transaction.reply_bytes_max == len(transaction.request)


def _shown(data: bytes) -> str:
    more = " ..." if len(data) > SHOWN_BYTES_MAX else ""
    return data[:SHOWN_BYTES_MAX].hex(" ").upper() + more
