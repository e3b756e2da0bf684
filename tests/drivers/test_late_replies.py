"""A late reply never becomes a door state: the rule of `late_replies`, against lines that run behind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import BoardRefused, BoardSilent
from drivers.late_replies import LateReplyGuard
from drivers.registry import LOCK_BOARDS, board_from, known
from drivers.transaction import Sight, Transaction
from tests.drivers.procedures import reply_to, requests_of, settings_for

SLOTS = 3_000  # questions asked one after another; at two a second that is 25 minutes behind


def believed_late(shapes: int, behind: int) -> int:
    """How often a sample is believed on a line that answers each question `behind` questions later."""
    guard, asked, believed = LateReplyGuard(shapes), [], 0
    for slot in range(SLOTS):
        sample = guard.trusted
        shape = shapes if sample else guard.next_shape()
        asked.append(shape)
        arrived = asked[slot - behind] if slot >= behind else None
        if arrived != shape:
            guard.lost()
        elif sample:
            guard.believed()
            believed += 1
        else:
            guard.proved()
    return believed


@pytest.mark.parametrize("shapes", [1, 2, 3, 5, 9, 16, 24, 32])
def test_a_line_that_answers_everything_late_is_never_believed(shapes: int) -> None:
    """A gateway with a queue answers each question k questions later, for every k up to 120 (F-004, F-005)."""
    wrongly = {behind: count for behind in range(1, 121) if (count := believed_late(shapes, behind))}

    assert wrongly == {}


@pytest.mark.parametrize("shapes", [1, 9, 24])
def test_a_prompt_line_is_believed_all_the_time(shapes: int) -> None:
    assert believed_late(shapes, behind=0) == SLOTS


@given(st.integers(1, 32), st.integers(1, 50))
def test_after_losses_as_many_answers_in_kind_as_losses_are_asked_for_up_to_a_bound(
    shapes: int, losses: int
) -> None:
    guard = LateReplyGuard(shapes)
    for _ in range(losses):
        guard.lost()

    proofs = 0
    while not guard.trusted:
        assert 0 <= guard.next_shape() <= shapes
        guard.proved()
        proofs += 1

    assert proofs == min(losses, guard.proofs_max)


def test_a_board_without_a_second_question_is_refused() -> None:
    with pytest.raises(ValueError, match="another shape"):
        LateReplyGuard(0)


@pytest.mark.parametrize("driver", known(LOCK_BOARDS))
def test_after_a_lost_poll_the_next_question_is_another_one(driver: str) -> None:
    """The poll is lost; until a question of another shape is answered no poll is asked, and then the doors are read."""
    board = board_from(settings_for(driver), driver)
    sample = board.poll()
    assert sample is not None

    board.poll_lost()
    reading = board.read_doors()
    first = next(reading)

    assert board.poll() is None
    if driver != "kerong-cu48":  # UNVERIFIED family: only one question is known
        assert first.request != sample.request
        assert not is_reply(first, reply_to(sample))


def is_reply(transaction: Transaction, data: bytes) -> bool:
    seen = transaction.recognise(data)
    return seen is not None and seen.sight is Sight.REPLY


@pytest.mark.parametrize("driver", known(LOCK_BOARDS))
def test_a_proved_line_is_polled_again(driver: str) -> None:
    """One loss, one answer in kind, one reading: then the ordinary poll is back."""
    board = board_from(settings_for(driver), driver)
    board.poll_lost()

    asked = [transaction.request for transaction in requests_of(board.read_doors())]

    assert len(asked) == 2
    assert board.poll() is not None
    assert board.poll() is board.poll()  # built once


@pytest.mark.parametrize("driver", known(LOCK_BOARDS))
def test_silence_during_a_reading_counts_as_a_loss(driver: str) -> None:
    board = board_from(settings_for(driver), driver)
    reading = board.read_doors()
    next(reading)

    with pytest.raises(BoardSilent):
        reading.throw(BoardSilent("board A on bus main", "silent"))

    assert board.poll() is None


def test_a_refused_probe_is_an_answer_and_a_refused_reading_is_no_loss() -> None:
    """A Modbus exception shows that the board keeps up (F-016): nothing more has to be proved."""
    board = board_from(settings_for("waveshare-relay"), "waveshare-relay")
    refused = BoardRefused("board A on bus main", "unknown function")
    board.poll_lost()

    reading = board.read_doors()
    next(reading)
    reading.throw(refused)
    with pytest.raises(BoardRefused):
        reading.throw(refused)

    assert board.poll() is not None
