"""One request, one reply: what the bus accepts, what it refuses, and what it never does. Told on both pumps.

Every story runs on a real pseudo-terminal and in virtual time, and has to end alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from drivers.bus_core import QUEUE_MAX
from drivers.errors import BadReply, BoardRefused, BoardSilent, BusBusy, EchoCollision, PortLost, PortMissing
from drivers.lock_board import BoardInfo, UnlockSent
from drivers.transaction import Priority, Procedure
from tests.drivers.bus_stage import (
    IDENTIFY,
    LINE,
    OFF,
    READ,
    REPLY_TIMEOUT_S,
    UNLOCK,
    Answer,
    Firmware,
    Pieces,
    Story,
    ToyBoard,
    ask,
    framed,
    once,
    outcome_of,
    play_in_virtual_time,
    play_on_pty,
    push,
    read,
    refusal,
    reply,
    request,
    unlock,
)

TOO_LATE_S = LINE.latency_s + REPLY_TIMEOUT_S + 0.03  # after the deadline, within the drain
Play = Callable[..., Any]


@pytest.fixture(params=["pty", "virtual"])
def play(request: pytest.FixtureRequest, tmp_path: Any) -> Play:
    """`play(answer, story, line)`: the story's result on one of the pumps."""

    def on_stage(answer: Answer, story: Story, line: Any = LINE) -> Any:
        if request.param == "pty":
            return play_on_pty(answer, story, tmp_path, line)
        return play_in_virtual_time(answer, story, line)

    return on_stage


def always(*pieces: tuple[float, bytes]) -> Answer:
    return lambda frame: pieces


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


# The adapter's echo.


def echoing(firmware: Answer) -> Answer:
    return lambda frame: [(0.0, frame), *((delay_s + 0.01, piece) for delay_s, piece in firmware(frame))]


@pytest.mark.parametrize("setting", ["auto", "full"])
def test_with_a_local_echo_present_boards_work_and_absent_ones_stay_silent(play: Play, setting: str) -> None:
    """F-012: the echo equals the confirmation of an unlock, and is not taken for it."""

    async def story(bus: Any, peer: Any) -> Any:
        asked = [read(9), unlock(7, 9), read(1), unlock(7, 1)]
        return [await outcome_of(bus, procedure) for procedure in asked]

    results = play(echoing(Firmware(doors=3)), story, replace(LINE, echo=setting))
    assert results == [(BoardSilent, True), (BoardSilent, True), reply(READ, 3), request(UNLOCK, 1, 7)]


def test_before_the_echo_is_known_a_lone_copy_of_an_unlock_proves_nothing(play: Play) -> None:
    """No read was answered yet: the repeated frame may be the adapter's own. After a read it is a confirmation."""

    async def story(bus: Any, peer: Any) -> Any:
        asked = [unlock(7), read(1), unlock(7)]
        return [await outcome_of(bus, procedure) for procedure in asked]

    assert play(Firmware(), story) == [(BadReply, True), reply(READ), request(UNLOCK, 1, 7)]


def switch_off(address: int = 1) -> Procedure[bytes]:
    """Coils off: confirmed like an unlock, by repeating the frame, and harmless."""
    return once(ask(request(OFF, address), reply_bytes_max=5))


class RelayLikeBoard(ToyBoard):
    """Its preparation begins with a frame that is confirmed by its own copy."""

    def prepare(self) -> Procedure[BoardInfo]:
        yield from switch_off(self.settings.address)
        return (yield from super().prepare())


def confirms(frame: bytes) -> Pieces:
    return [(0.0, frame)] if frame[2] == OFF else Firmware(doors=3)(frame)


def test_an_attached_board_is_read_first_so_that_its_confirmations_can_be_believed(play: Play) -> None:
    """The bus asks a harmless question before the first frame that an echo could confirm."""

    async def story(bus: Any, peer: Any) -> Any:
        board = RelayLikeBoard(1)
        bus.attach(board)
        report = await bus.perform(board.unlock(7), Priority.UNLOCK)
        return report.sent, [frame[2] for frame in peer.frames]

    assert play(confirms, story) == (UnlockSent.ACCEPTED, [READ, OFF, IDENTIFY, UNLOCK])


def test_an_echo_alone_does_not_prepare_an_absent_board(play: Play) -> None:
    """Everything is repeated by the adapter, and nobody is there: no unlock leaves."""

    async def story(bus: Any, peer: Any) -> Any:
        board = RelayLikeBoard(1)
        bus.attach(board)
        report = await bus.perform(board.unlock(7), Priority.UNLOCK)
        return report.sent, [frame[2] for frame in peer.frames if frame[2] == UNLOCK]

    assert play(echoing(Firmware(silent=True)), story) == (UnlockSent.NOT_SENT, [])


def test_a_harmless_write_is_believed_alone_when_no_second_copy_follows(play: Play) -> None:
    """A board that nobody attached, on a line whose echo is not known: coils off may be believed, an unlock not."""

    async def story(bus: Any, peer: Any) -> Any:
        return await outcome_of(bus, switch_off()), await outcome_of(bus, unlock(7))

    assert play(confirms, story) == (request(OFF), (BadReply, True))


def test_an_unlock_heard_twice_is_echo_and_confirmation(play: Play) -> None:
    """The very first frame on an echoing line: the second copy can only be the board's."""
    assert play(echoing(Firmware()), lambda bus, peer: outcome_of(bus, unlock(7))) == request(UNLOCK, 1, 7)


def test_without_an_echo_the_setting_none_believes_the_first_confirmation(play: Play) -> None:
    """Whoever knows the adapter may say so."""
    line = replace(LINE, echo="none")

    assert play(Firmware(), lambda bus, peer: outcome_of(bus, unlock(7)), line) == request(UNLOCK, 1, 7)


@pytest.mark.parametrize("echo", [request(READ)[:-1], request(READ)[1:], framed(0xA5, 1, UNLOCK, 1)])
def test_a_wrong_echo_is_a_collision(play: Play, echo: bytes) -> None:
    """F-013, F-023: an echo short by a byte, or somebody else's frame on top of ours."""

    async def story(bus: Any, peer: Any) -> Any:
        return await outcome_of(bus, read()), bus.stats().collisions

    answer = always((0.0, echo), (0.01, reply(READ, 1)))
    assert play(answer, story, replace(LINE, echo="full")) == ((EchoCollision, True), 1)


# The port.


def test_a_port_lost_between_an_unlock_and_its_reply_leaves_the_outcome_unknown(play: Play) -> None:
    """F-018: bytes left. What waited behind it is certain not to have left."""

    async def story(bus: Any, peer: Any) -> Any:
        slow = {"reply_timeout_s": 20.0}
        sent = asyncio.ensure_future(outcome_of(bus, unlock(7, **slow), Priority.UNLOCK))
        waiting = asyncio.ensure_future(outcome_of(bus, unlock(8, **slow), Priority.UNLOCK))
        await peer.heard(1)
        peer.unplug()
        return await sent, await waiting, [frame[3] for frame in peer.frames]

    assert play(Firmware(silent=True), story) == ((PortLost, True), (PortLost, False), [7])


def test_a_missing_port_refuses_at_once_and_serves_when_it_comes_back(play: Play) -> None:
    """F-017: unplugged, asked meanwhile, plugged in again."""

    async def story(bus: Any, peer: Any) -> Any:
        heard: asyncio.Queue[Any] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        before = await outcome_of(bus, read())
        bus.on_state(lambda state: loop.call_soon_threadsafe(heard.put_nowait, state))
        peer.unplug()
        lost = await heard.get()
        missing = await heard.get()
        meanwhile = await outcome_of(bus, unlock(1))
        peer.plug_in()
        back = await heard.get()
        after = await outcome_of(bus, read())
        return before, type(lost.error), type(missing.error), meanwhile, back.open, after, len(peer.frames)

    got = play(Firmware(doors=1), story)
    whole = (reply(READ, 1), PortLost, PortMissing, (PortMissing, False), True, reply(READ, 1), 2)
    assert got == whole


def test_a_stopped_bus_refuses_and_does_not_hang(play: Play) -> None:
    """After stop every call hears PortLost, unsent."""

    async def story(bus: Any, peer: Any) -> Any:
        await bus.perform(read())
        bus.stop()
        return await outcome_of(bus, unlock(1)), bus.state.open

    assert play(Firmware(), story) == ((PortLost, False), False)


def test_the_trace_holds_the_raw_frames_in_order(play: Play) -> None:
    """What a technician sees, and what a support bundle carries."""

    async def story(bus: Any, peer: Any) -> Any:
        live: list[bytes] = []
        bus.on_trace(lambda entry: live.append(entry.data))
        await bus.perform(read())
        kept = [(entry.direction.value, entry.data) for entry in bus.trace()]
        return kept, live

    kept, live = play(always((0.0, reply(READ, 3))), story)
    assert kept == [("sent", request(READ)), ("received", reply(READ, 3))]
    assert live == [request(READ), reply(READ, 3)]


def test_the_same_conversation_ends_alike_on_both_pumps(tmp_path: Any) -> None:
    """One long scripted conversation with every kind of trouble: outcomes and frames are equal, word for word."""
    trouble: list[Pieces] = [
        [(0.0, reply(READ, 1))],
        [],
        [(0.0, b"\x00" + reply(READ, 2))],
        [(0.0, refusal())],
        [(TOO_LATE_S, reply(READ, 0xEE))],
        [(0.0, reply(READ, 3)[:4]), (0.02, reply(READ, 3)[4:])],
        [(0.0, reply(READ, 4)[:-1])],
        [(0.0, push(1) + reply(READ, 5, address=3) + reply(READ, 6))],
    ]

    def script() -> Answer:
        answers = iter(trouble)
        return lambda frame: next(answers)

    async def story(bus: Any, peer: Any) -> Any:
        outcomes = [await outcome_of(bus, read(resends=n % 2)) for n in range(6)]
        counters = bus.stats().boards["1"]
        return outcomes, peer.frames, (counters.sent, counters.answered, counters.bad, counters.foreign)

    on_pty = play_on_pty(script(), story, tmp_path)
    virtual = play_in_virtual_time(script(), story)

    assert on_pty == virtual
    assert len(virtual[1]) == len(trouble)


def test_what_a_procedure_asks_after_its_port_was_lost_is_certain_not_to_have_left(play: Play) -> None:
    """The question was under way, the unlock behind it in the same procedure was not: each hears its own truth."""
    heard: list[bool] = []

    def careless() -> Procedure[None]:
        for transaction in (ask(request(READ), reply_timeout_s=20.0), ask(request(UNLOCK))):
            try:
                yield transaction
            except PortLost as error:
                heard.append(error.bytes_left)

    async def story(bus: Any, peer: Any) -> Any:
        asked = asyncio.ensure_future(bus.perform(careless()))
        await peer.heard(1)
        peer.unplug()
        await asked
        return heard

    assert play(Firmware(silent=True), story) == [True, False]


def test_another_adapter_may_echo_where_the_last_one_did_not(play: Play) -> None:
    """What was learnt about the echo ends with the port: the new adapter's echo confirms nothing."""

    async def story(bus: Any, peer: Any) -> Any:
        loop, back = asyncio.get_running_loop(), asyncio.Event()
        await bus.perform(read())
        bus.on_state(lambda state: loop.call_soon_threadsafe(back.set) if state.open else None)
        peer.unplug()
        peer.answer = echoing(Firmware(silent=True))
        peer.plug_in()
        await back.wait()
        return await outcome_of(bus, unlock(7))

    assert play(Firmware(), story) == (BadReply, True)


def test_frames_that_nobody_answers_keep_their_distance_too() -> None:
    """The silence counts from the end of the last frame on the wire, whoever sent it."""

    async def story(bus: Any, peer: Any) -> Any:
        for _ in range(5):
            await bus.perform(unlock(3, replies=False, drain_s=0.0))
        return [later - earlier for earlier, later in pairwise(peer.times)]

    gaps = play_in_virtual_time(Firmware(silent=True), story)
    assert min(gaps) >= 5 * LINE.char_s + LINE.silence_s - 1e-9
