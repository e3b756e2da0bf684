"""Procedures seen from outside: the same questions, watched for time, or asked with less patience."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from time import monotonic
from typing import TypeVar

from drivers.errors import BusError
from drivers.transaction import Procedure, Transaction

T = TypeVar("T")


def timed(procedure: Procedure[T], into: list[float], patience_s: float | None = None) -> Procedure[T]:
    """Runs `procedure` and notes how long each answer took, in seconds.

    With `patience_s` no answer is waited for longer, and a later one is drained only as long: for asking addresses
    where most likely nobody is. Never for an unlock.
    """
    return _timed(procedure, into, patience_s)


def _timed(
    procedure: Procedure[T], into: list[float], patience_s: float | None
) -> Generator[Transaction, bytes, T]:
    try:
        transaction = next(procedure)
        while True:  # ends: with the procedure, whose transactions are bounded by the driver
            begun = monotonic()
            try:
                reply = yield _hurried(transaction, patience_s)
            except BusError as error:
                transaction = procedure.throw(error)
            else:
                into.append(monotonic() - begun)
                transaction = procedure.send(reply)
    except StopIteration as finished:
        result: T = finished.value
        return result


def _hurried(transaction: Transaction, patience_s: float | None) -> Transaction:
    if patience_s is None:
        return transaction
    return replace(
        transaction,
        reply_timeout_s=min(transaction.reply_timeout_s, patience_s),
        drain_s=min(transaction.drain_s, patience_s / 2),
        resends=0,
    )
