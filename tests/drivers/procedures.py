"""Running a board's procedures without a bus: every question is answered at once, by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drivers.lock_board import BoardSettings
from drivers.lock_boards import kerong_cu16, kerong_cu48, lock_8a, modbus_frames, wkly
from drivers.lock_boards.modbus_frames import Function
from drivers.transaction import Transaction


def settings_for(driver: str, **changes: Any) -> BoardSettings:
    address = 0 if driver in ("kerong-cu16", "kerong-cu48", "wkly") else 1
    return BoardSettings(**{"name": "A", "bus": "main", "address": address, "channels": 8} | changes)


def requests_of(procedure: Any) -> Iterator[Transaction]:
    """The transactions of a procedure whose every question is answered with an echo-like reply."""
    try:
        transaction = next(procedure)
        while True:
            yield transaction
            transaction = procedure.send(reply_to(transaction))
    except StopIteration:
        return


def reply_to(transaction: Transaction) -> bytes:
    """A sound answer in kind, all zeros, from a board of 24 channels; for an unlock without answers nothing."""
    request = transaction.request
    if not transaction.replies:
        return b""
    if request.startswith(wkly.MARK):
        board, command, data = request[5], request[6], request[7:-1]
        answers = bytes((0, *data, 0)) if data else bytes((0, 24)) + bytes(24)
        return wkly.seal(board, command, answers)
    if request[0] == kerong_cu16.Unlock(0, 1).encode()[0] and request[-2] == 0x03:
        if len(request) == kerong_cu48.REQUEST_LEN:
            return kerong_cu48.Status(request[1], 0, bytes(6)).encode()
        query = kerong_cu16.StatusQuery.decode(request)
        return kerong_cu16.Status(query.board, kerong_cu16.ANSWERS[query.command], 0, 0).encode()
    if len(request) == lock_8a.FRAME_LEN:
        head, board, lock = request[:3]
        if lock:
            return lock_8a.ContactReport(lock_8a.Head(head), board, lock, False).encode()
        return lock_8a.BoardReport(board, bytes(3)).encode()
    if request[1] in (Function.READ_COILS, Function.READ_INPUTS, Function.READ_WORDS):
        data = bytes(modbus_frames.reply_length(request) - 5)
        return modbus_frames.seal(request[:2] + bytes((len(data),)) + data)
    return modbus_frames.seal(request[:6])


def arm(board: Any) -> None:
    """Run `prepare` on a relay board, which refuses unlocks before."""
    if board.family in ("waveshare-relay", "modbus-relay"):
        assert list(requests_of(board.prepare()))
