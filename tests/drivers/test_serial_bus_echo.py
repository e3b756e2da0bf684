"""The adapter's local echo: what it may not confirm, and how the bus learns of it. Told on both pumps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from drivers.errors import BadReply, BoardSilent, EchoCollision
from drivers.lock_board import BoardInfo, UnlockSent
from drivers.transaction import Priority, Procedure
from tests.drivers.bus_stage import (
    IDENTIFY,
    LINE,
    OFF,
    READ,
    UNLOCK,
    Answer,
    Firmware,
    Pieces,
    ToyBoard,
    always,
    ask,
    framed,
    once,
    outcome_of,
    read,
    reply,
    request,
    unlock,
)

Play = Callable[..., Any]


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
