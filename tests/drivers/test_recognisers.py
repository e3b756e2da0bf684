"""An answer counts for the question that was asked, and for no other: board, function, length, address and value."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from drivers.checksums import xor8
from drivers.lock_boards import lock_8a, wkly
from drivers.lock_boards.modbus_frames import CoilOff, Flash, recognise_reply
from drivers.registry import LOCK_BOARDS, board_from, known, scanner_from
from drivers.scanner import ScannerSettings
from drivers.scanner_link import WAITING_MAX, ScannerLink
from drivers.transaction import Sight, Transaction
from tests.drivers.procedures import arm, reply_to, settings_for

TOLD_APART = [
    driver for driver in known(LOCK_BOARDS) if driver != "kerong-cu48"
]  # that one knows one question only


def board_of(driver: str, **changes: Any) -> Any:
    board = board_from(settings_for(driver, **changes), driver)
    arm(board)
    return board


def questions(board: Any) -> list[Transaction]:
    """Everything the board is asked in service and answers."""
    unlocks = [next(board.unlock(channel)) for channel in range(1, board.channels + 1)]
    return [board.sample(), *board.probes(), *(one for one in unlocks if one.replies)]


def is_reply(transaction: Transaction, data: bytes) -> bool:
    seen = transaction.recognise(data)
    return seen is not None and seen.sight is Sight.REPLY


@pytest.mark.parametrize("driver", TOLD_APART)
def test_no_question_takes_the_answer_to_another(driver: str) -> None:
    """A known client took a late answer for coil 2 as the confirmation of coil 7, and a sensor for a command."""
    asked = questions(board_of(driver, channels=16))

    mistaken = [
        (one.request.hex(" "), other.request.hex(" "))
        for one, other in permutations(asked, 2)
        if is_reply(one, reply_to(other))
    ]

    assert mistaken == []
    assert all(is_reply(one, reply_to(one)) for one in asked)


@pytest.mark.parametrize("driver", known(LOCK_BOARDS))
def test_no_board_takes_the_answer_of_its_neighbour(driver: str) -> None:
    mine, theirs = questions(board_of(driver, address=2)), questions(board_of(driver, address=3))

    assert not any(is_reply(one, reply_to(other)) for one in mine for other in theirs)


@pytest.mark.parametrize(
    "answer",
    [
        Flash(1, 0x0201, 3),  # another relay
        Flash(1, 0x0200, 4),  # another length
        Flash(2, 0x0200, 3),  # another board
        CoilOff(1, 0x0200),
    ],
)
def test_the_echo_of_a_pulse_has_to_repeat_it_whole(answer: Any) -> None:
    seen = recognise_reply(Flash(1, 0x0200, 3).encode())(answer.encode())

    assert seen is not None
    assert seen.sight is Sight.FOREIGN


def test_a_refusal_for_another_channel_is_not_ours() -> None:
    recognise = wkly.recognise_answer(0, wkly.Command.UNLOCK, 3, range(3, 4))

    mine = recognise(wkly.DoorReport(wkly.Command.UNLOCK, 0, wkly.FAILED, 3, 0).encode())
    other = recognise(wkly.DoorReport(wkly.Command.UNLOCK, 0, wkly.FAILED, 4, 0).encode())
    short = recognise(wkly.seal(0, wkly.Command.UNLOCK, bytes((wkly.FAILED,))))

    assert mine is not None
    assert mine.sight is Sight.REFUSAL
    assert other is not None
    assert other.sight is Sight.FOREIGN
    assert short is not None
    assert short.sight is Sight.REFUSAL


@pytest.mark.parametrize(
    ("status", "looks_foreign"),
    [
        ("01 00 80", slice(0, 5)),  # the first five bytes are a sound answer about one lock
        ("80 02 B1 00", slice(2, 7)),  # so are five bytes in the middle, about a neighbour's
    ],
)
def test_an_answer_is_not_cut_short_by_a_frame_that_a_part_of_it_resembles(
    status: str, looks_foreign: slice
) -> None:
    """The rest is still on its way: until it is there nothing is reported, and then the whole."""
    groups = bytes.fromhex(status)
    whole = lock_8a.BoardReport(1, groups).encode()
    recognise = lock_8a.recognise_board(1, range(len(groups), len(groups) + 1))
    assert not xor8(whole[looks_foreign])

    early = [recognise(whole[:length]) for length in range(len(whole))]
    seen = recognise(whole)

    assert early == [None] * len(whole)
    assert seen is not None
    assert (seen.sight, seen.end) == (Sight.REPLY, len(whole))


def test_a_pushed_door_before_the_answer_is_handed_out_first() -> None:
    push = wkly.DoorChanged(0, 5, 0).encode()
    answer = wkly.DoorReport(wkly.Command.UNLOCK, 0, 0, 3, 0).encode()
    recognise = wkly.recognise_answer(0, wkly.Command.UNLOCK, 3, range(3, 4))

    first = recognise(push + answer)
    second = recognise(answer)

    assert first is not None
    assert (first.sight, first.end) == (Sight.PUSHED, len(push))
    assert second is not None
    assert second.sight is Sight.REPLY


def test_scanner_commands_keep_the_engines_pause_and_never_pile_up() -> None:
    """An engine that gets two commands at once hears one garbled one; a hundred presses are not a hundred triggers."""
    link = ScannerLink(scanner_from(ScannerSettings("front", trigger="command"), "newland"))
    link.opened(10.0)
    first, second = link.scanner.start_commands()

    assert link.due(10.0) == first
    assert link.due(10.0 + link.scanner.pause_s / 2) == b""
    assert link.wake_at == pytest.approx(10.0 + link.scanner.pause_s)
    assert link.due(10.0 + link.scanner.pause_s) == second
    assert link.wake_at is None

    for _ in range(100):
        link.trigger_on()
    sent = [link.due(20.0 + n) for n in range(100)]
    assert sum(command != b"" for command in sent) == WAITING_MAX
