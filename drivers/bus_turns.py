"""What takes turns on the wire: a procedure that somebody called (`Job`), or a look at a board (`drivers.scan_plan`).

The bus core asks a turn for its transaction, and tells it the reply or the error; the turn then has another
transaction, or is over. Everything here runs on the bus's own thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from drivers.errors import BusError
from drivers.transaction import Priority, Procedure, Transaction

FAILURES_MAX = 16  # a procedure that goes on asking on a closed port is closed after so many refusals

Done = Callable[[Any, BaseException | None], None]
"""Result and None, or None and the error."""


def never() -> bool:
    """The default of "has the caller gone?": nobody can cancel."""
    return False


def unsent(error: BusError) -> BusError:
    """The same fact for a request of which no byte left; a new object, because each raise adds to a traceback."""
    return type(error)(error.where, error.fact, bytes_left=False)


class Turn(Protocol):
    """One user of the wire. `transaction` is None before it began and after it ended; `raw` is a reply to this very
    question that was recognised before, if there is one."""

    transaction: Transaction | None
    resent: int
    raw: bytes | None

    def answered(self, reply: bytes, now: float) -> None: ...

    def failed(self, error: BusError, now: float) -> None: ...


class Job:
    """One procedure on its way. `exempt`: it prepares a board, so it may talk to one that is not prepared."""

    __slots__ = ("_done", "_procedure", "abandoned", "exempt", "priority", "raw", "resent", "transaction")

    def __init__(
        self,
        procedure: Procedure[Any],
        priority: Priority,
        done: Done,
        abandoned: Callable[[], bool] = never,
        exempt: bool = False,
    ) -> None:
        self._procedure = procedure
        self._done = done
        self.priority = priority
        self.abandoned = abandoned
        self.exempt = exempt
        self.resent = 0
        self.raw: bytes | None = None
        self.transaction: Transaction | None = None

    def begin(self) -> bool:
        """Run up to the first transaction; False where the procedure asked for none, or its caller has gone."""
        if self.abandoned():
            self._procedure.close()
            return False
        self._step(next, self._procedure)
        return self.transaction is not None

    def answered(self, reply: bytes, now: float) -> None:
        self._step(self._procedure.send, reply)

    def failed(self, error: BusError, now: float) -> None:
        self._step(self._procedure.throw, error)

    def refuse(self, error: BusError) -> None:
        """End it without the wire: `error` is thrown in at its present question, and unsent at each further one."""
        if self.transaction is None and not self.begin():
            return
        for _ in range(FAILURES_MAX):
            self.failed(error, 0.0)
            error = unsent(error)
            if self.transaction is None:
                return
        self.transaction = None
        self._procedure.close()
        self._done(None, error)

    def _step(self, move: Callable[[Any], Transaction], value: Any) -> None:
        self.resent = 0
        try:
            self.transaction = move(value)
        except StopIteration as end:
            self.transaction = None
            self._done(end.value, None)
        except (
            Exception
        ) as error:  # a driver's mistake belongs to its caller; the bus has other boards to serve
            self.transaction = None
            self._done(None, error)


class EchoProbe:
    """A harmless question asked only to learn whether the adapter echoes; its outcome interests nobody else."""

    __slots__ = ("raw", "resent", "transaction")

    def __init__(self, question: Transaction) -> None:
        self.transaction: Transaction | None = question
        self.resent = 0
        self.raw: bytes | None = None

    def answered(self, reply: bytes, now: float) -> None:
        self.transaction = None

    def failed(self, error: BusError, now: float) -> None:
        self.transaction = None
