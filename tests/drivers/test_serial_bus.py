"""One request, one reply: what the bus accepts, what it refuses, and what it never does. Told on both pumps.

Every story runs on a real pseudo-terminal and in virtual time, and has to end alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from drivers.bus_core import QUEUE_MAX
from drivers.errors import BadReply, BoardRefused, BoardSilent, BusBusy
from drivers.transaction import Priority, Procedure
from tests.drivers.bus_stage import (
    LINE,
    READ,
    REPLY_TIMEOUT_S,
    UNLOCK,
    Firmware,
    Pieces,
    always,
    ask,
    once,
    outcome_of,
    play_in_virtual_time,
    push,
    read,
    refusal,
    reply,
    request,
    unlock,
)

TOO_LATE_S = LINE.latency_s + REPLY_TIMEOUT_S + 0.03  # after the deadline, within the drain
Play = Callable[..., Any]


def only_read(bus: Any, peer: Any) -> Any:
    return outcome_of(bus, read())


def test_a_board_that_answers_is_heard(play: Play) -> None:
    """The plain case, counted."""

    async def story(bus: Any, peer: Any) -> Any:
        return await bus.perform(read()), bus.stats().boards["1"]

    got, counters = play(always((0.0, reply(READ, 3))), story)

    assert got == reply(READ, 3)
    assert (counters.sent, counters.answered, counters.silent) == (1, 1, 0)
    assert sum(counters.round_trips) == 1


def test_silence_is_silence_and_not_a_bad_reply(play: Play) -> None:
    """F-014: nobody answers; the next board on the same wire is served."""

    async def story(bus: Any, peer: Any) -> Any:
        return [await outcome_of(bus, read(9)), await outcome_of(bus, read(1))]

    assert play(Firmware(doors=5), story) == [(BoardSilent, True), reply(READ, 5)]


def test_a_late_reply_is_never_the_answer_to_the_next_question(play: Play) -> None:
    """F-003, X-03: the reply to board 1's first read comes after its deadline; the second read gets its own reply."""
    states = iter([[(TOO_LATE_S, reply(READ, 0xFF))], [(0.0, reply(READ, 1))]])

    async def story(bus: Any, peer: Any) -> Any:
        first = await outcome_of(bus, read())
        return first, await outcome_of(bus, read()), bus.stats().late_bytes

    assert play(lambda frame: next(states), story) == ((BoardSilent, True), reply(READ, 1), 6)


def test_another_boards_reply_is_ignored_and_counted_while_the_deadline_stands(play: Play) -> None:
    """F-006: board 2 answers in board 1's place, then board 1 does."""

    async def story(bus: Any, peer: Any) -> Any:
        return await bus.perform(read(1)), bus.stats().boards["1"].foreign

    answer = always((0.0, reply(READ, 7, address=2)), (0.02, reply(READ, 1, address=1)))
    assert play(answer, story) == (reply(READ, 1), 1)


def test_only_another_boards_reply_is_silence(play: Play) -> None:
    """F-006: a wrong unit alone never becomes a door state."""
    assert play(always((0.0, reply(READ, 7, address=2))), only_read) == (BoardSilent, True)


def test_a_refusal_is_an_answer(play: Play) -> None:
    """F-016: the board declines; the error says so, and the line is free at once."""

    async def story(bus: Any, peer: Any) -> Any:
        return await outcome_of(bus, read()), bus.stats().boards["1"].refused

    assert play(always((0.0, refusal())), story) == ((BoardRefused, True), 1)


@pytest.mark.parametrize("noise", [b"\x00", b"\xff", b"\xa5\x01", b"\x5a", bytes(range(40))])
def test_noise_before_a_reply_costs_nothing(play: Play, noise: bytes) -> None:
    """F-009: stray bytes, even those that look like the beginning of a frame, are hunted past and counted."""

    async def story(bus: Any, peer: Any) -> Any:
        return await bus.perform(read()), bus.stats().noise_bytes

    assert play(always((0.0, noise + reply(READ, 2))), story) == (reply(READ, 2), len(noise))


@pytest.mark.parametrize(
    "damaged",
    [reply(READ, 2)[:-1], reply(READ, 2)[:-1] + b"\x00", reply(READ, 2)[1:], b"\x5a"],
    ids=["cut", "checksum", "head lost", "one byte"],
)
def test_a_damaged_reply_is_a_bad_reply(play: Play, damaged: bytes) -> None:
    """F-008, F-011: bytes came, none of them a sound reply."""

    async def story(bus: Any, peer: Any) -> Any:
        return await outcome_of(bus, read()), bus.stats().boards["1"].bad

    assert play(always((0.0, damaged)), story) == ((BadReply, True), 1)


def test_a_reply_in_single_bytes_is_put_together(play: Play) -> None:
    """F-010: an adapter delivers byte by byte with gaps."""
    drip = [(0.004 * n, bytes([byte])) for n, byte in enumerate(reply(READ, 6, 1))]

    assert play(always(*drip), only_read) == reply(READ, 6, 1)


def test_a_pushed_frame_between_request_and_reply_goes_to_the_listener(play: Play) -> None:
    """A door that moves while its board is being asked: both are heard."""

    async def story(bus: Any, peer: Any) -> Any:
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        bus.on_push(lambda frame: loop.call_soon_threadsafe(heard.put_nowait, frame))
        return await bus.perform(read()), await heard.get(), bus.stats().pushed

    assert play(always((0.0, push(4) + reply(READ, 8))), story) == (reply(READ, 8), push(4), 1)


def test_an_actuation_goes_out_exactly_once_when_its_confirmation_is_lost(play: Play) -> None:
    """F-001, X-01: no reply to an unlock; one frame on the wire, and the error says that bytes left."""

    async def story(bus: Any, peer: Any) -> Any:
        result = await outcome_of(bus, unlock(7), Priority.UNLOCK)
        await outcome_of(bus, read(1))
        return result, [frame for frame in peer.frames if frame[2] == UNLOCK]

    def loses_confirmations(frame: bytes) -> Pieces:
        return [] if frame[2] == UNLOCK else [(0.0, reply(READ))]

    result, frames = play(loses_confirmations, story)
    assert result == (BoardSilent, True)
    assert frames == [request(UNLOCK, 1, 7)]


def test_an_actuation_cannot_even_be_given_re_sends() -> None:
    """The vocabulary itself refuses it."""
    with pytest.raises(ValueError, match="never re-sent"):
        ask(request(UNLOCK), resends=1)


@pytest.mark.parametrize(("resends", "frames"), [(0, 1), (2, 3)])
def test_a_lost_read_is_re_sent_within_its_bound(play: Play, resends: int, frames: int) -> None:
    """Reads may be asked again: so often and no more."""

    async def story(bus: Any, peer: Any) -> Any:
        return (
            await outcome_of(bus, read(9, resends=resends)),
            len(peer.frames),
            bus.stats().boards["9"].resends,
        )

    assert play(Firmware(), story) == ((BoardSilent, True), frames, resends)


def test_a_re_sent_read_that_is_answered_is_one_success(play: Play) -> None:
    """The first request is lost; its caller does not even notice."""
    answers = iter([[], [(0.0, reply(READ, 4))]])

    assert play(lambda frame: next(answers), lambda bus, peer: outcome_of(bus, read(resends=1))) == reply(
        READ, 4
    )


def test_a_frame_without_a_reply_is_done_once_it_left(play: Play) -> None:
    """Some families never confirm an unlock: whatever they say instead is drained, not believed."""

    async def story(bus: Any, peer: Any) -> Any:
        result = await outcome_of(bus, unlock(3, replies=False))
        return result, await outcome_of(bus, read())

    def grunts(frame: bytes) -> Pieces:
        return [(0.01, b"\x99")] if frame[2] == UNLOCK else [(0.0, reply(READ, 1))]

    assert play(grunts, story) == (b"", reply(READ, 1))


def test_a_procedure_decides_what_follows_a_failure(play: Play) -> None:
    """The error is thrown in at the question; the procedure asks in another shape and ends well."""

    def careful() -> Procedure[bytes]:
        try:
            return (yield ask(request(READ, 9)))
        except BoardSilent:
            return (yield ask(request(READ, 2)))

    assert play(Firmware(doors=1), lambda bus, peer: outcome_of(bus, careful())) == reply(READ, 1, address=2)


def test_a_mistake_in_a_procedure_reaches_its_caller_and_spares_the_bus(play: Play) -> None:
    """A driver that raises something else than a BusError costs its own call only."""

    def broken() -> Procedure[bytes]:
        yield ask(request(READ))
        raise ZeroDivisionError("driver mistake")

    async def story(bus: Any, peer: Any) -> Any:
        with pytest.raises(ZeroDivisionError):
            await bus.perform(broken())
        return await outcome_of(bus, read())

    assert play(Firmware(doors=2), story) == reply(READ, 2)


# Who goes next.


def test_the_most_urgent_goes_next_whoever_came_first(play: Play) -> None:
    """While a question is on the wire four more are asked in the wrong order."""

    async def story(bus: Any, peer: Any) -> Any:
        first = asyncio.ensure_future(bus.perform(read(1), Priority.POLL))
        await peer.heard(1)
        rest = [
            bus.perform(once(ask(request(READ, 1, arg=priority))), priority)
            for priority in (Priority.POLL, Priority.VERIFY, Priority.UNLOCK, Priority.STOP)
        ]
        await asyncio.gather(first, *rest)
        return [frame[3] for frame in peer.frames[1:]]

    assert play(always((0.05, reply(READ))), story) == [0, 1, 2, 3]


def test_the_queue_is_bounded_and_says_so(play: Play) -> None:
    """Too many callers at once: those beyond the bound hear BUS-116, and nothing of theirs was sent."""

    async def story(bus: Any, peer: Any) -> Any:
        calls = [outcome_of(bus, read(1), Priority.POLL) for _ in range(QUEUE_MAX + 6)]
        return await asyncio.gather(*calls), len(peer.frames)

    results, frames = play(Firmware(), story)
    busy = [result for result in results if result == (BusBusy, False)]
    assert 1 <= len(busy) <= 6
    assert frames == QUEUE_MAX + 6 - len(busy)


def test_a_caller_who_left_before_the_turn_came_sends_nothing(play: Play) -> None:
    """A cancelled unlock that had not begun is dropped: nobody waits in front of that door any more."""

    async def story(bus: Any, peer: Any) -> Any:
        first = asyncio.ensure_future(bus.perform(read(1)))
        await peer.heard(1)
        second = asyncio.ensure_future(bus.perform(unlock(5), Priority.UNLOCK))
        await asyncio.sleep(0)
        second.cancel()
        await first
        await bus.perform(read(1))
        return [frame[2] for frame in peer.frames]

    assert play(always((0.05, reply(READ))), story) == [READ, READ]


def test_frames_that_nobody_answers_keep_their_distance_too() -> None:
    """The silence counts from the end of the last frame on the wire, whoever sent it."""

    async def story(bus: Any, peer: Any) -> Any:
        for _ in range(5):
            await bus.perform(unlock(3, replies=False, drain_s=0.0))
        return [later - earlier for earlier, later in pairwise(peer.times)]

    gaps = play_in_virtual_time(Firmware(silent=True), story)
    assert min(gaps) >= 5 * LINE.char_s + LINE.silence_s - 1e-9
