"""A port that goes and comes back: who is told what, and what is certain not to have left. Told on both pumps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from drivers.errors import PortLost, PortMissing
from drivers.transaction import Priority, Procedure
from tests.drivers.bus_stage import (
    LINE,
    READ,
    REPLY_TIMEOUT_S,
    UNLOCK,
    Answer,
    Firmware,
    Pieces,
    always,
    ask,
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
