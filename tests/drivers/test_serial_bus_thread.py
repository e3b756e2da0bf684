"""The thread on a descriptor: unplugging, stuck ports, other people's mistakes. On real pseudo-terminals only."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import psutil
import pytest

from drivers.bus import BusState
from drivers.errors import BoardSilent, PortLost
from drivers.serial_bus import SerialBus
from drivers.transaction import Priority, Procedure
from tests.drivers.bus_stage import (
    LINE,
    READ,
    Firmware,
    PtyPeer,
    ToyBoard,
    ask,
    outcome_of,
    play_on_pty,
    pty_stage,
    read,
    reply,
    request,
    unlock,
)

WAIT_MAX_S = 20.0  # only a failing test waits so long
RSS_GROWTH_MAX = (
    4 << 20
)  # allocator noise; a leak of one trace entry a cycle would be visible in the soak run


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[tuple[SerialBus, PtyPeer, Firmware]]:
    firmware = Firmware(doors=1)
    with pty_stage(firmware, tmp_path) as (bus, peer):
        bus.start()
        yield bus, peer, firmware


def states_of(bus: SerialBus) -> SimpleQueue[BusState]:
    states: SimpleQueue[BusState] = SimpleQueue()
    bus.on_state(states.put)
    return states


def until_open(states: SimpleQueue[BusState]) -> None:
    while not states.get(timeout=WAIT_MAX_S).open:
        pass


def cycle(
    bus: SerialBus, peer: PtyPeer, states: SimpleQueue[BusState], answers: SimpleQueue[Any], n: int
) -> None:
    """One unplug and replug; every third one while a question is on the wire."""
    if n % 3 == 0:
        slow = ask(request(READ, 9), reply_timeout_s=WAIT_MAX_S)
        asked = threading.Thread(target=lambda: answers.put(_outcome(bus, slow)))
        asked.start()
        peer.unplug()
        asked.join(WAIT_MAX_S)
        answers.get(timeout=WAIT_MAX_S)
    else:
        peer.unplug()
    while states.get(timeout=WAIT_MAX_S).open:
        pass
    peer.plug_in()
    until_open(states)
    assert bus.perform_blocking(read()) == reply(READ, 1)


def _outcome(bus: SerialBus, transaction: Any) -> Any:
    try:
        return bus.perform_blocking(_once(transaction))
    except PortLost as error:
        return error


def _once(transaction: Any) -> Procedure[bytes]:
    return (yield transaction)


def unplug_many(bus: SerialBus, peer: PtyPeer, times: int) -> None:
    bus.perform_blocking(read())
    states, answers = states_of(bus), SimpleQueue[Any]()
    bus.attach(ToyBoard(1))
    process = psutil.Process()
    for n in range(20):  # until pools and caches are warm
        cycle(bus, peer, states, answers, n)
    gc.collect()
    before = (process.num_fds(), threading.active_count(), process.memory_info().rss)

    for n in range(times):
        cycle(bus, peer, states, answers, n)

    gc.collect()
    assert (process.num_fds(), threading.active_count()) == before[:2]
    assert process.memory_info().rss - before[2] < RSS_GROWTH_MAX


def test_a_hundred_unplug_cycles_leave_everything_flat(tmp_path: Path) -> None:
    """F-025, a tenth: descriptors, threads and memory; a third of the cycles interrupt a question."""
    with pty_stage(Firmware(doors=1), tmp_path) as (bus, peer):
        bus.start()
        unplug_many(bus, peer, 100)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_thousand_unplug_cycles_leave_everything_flat(tmp_path: Path) -> None:
    """F-025 in full."""
    with pty_stage(Firmware(doors=1), tmp_path) as (bus, peer):
        bus.start()
        unplug_many(bus, peer, 1000)


def test_an_unplugged_port_fails_the_question_in_flight_long_before_its_deadline(
    stage: tuple[SerialBus, PtyPeer, Firmware],
) -> None:
    """The deadline is twenty seconds away; the caller hears at once that the port is gone."""
    bus, peer, _ = stage
    bus.perform_blocking(read())
    answers: SimpleQueue[Any] = SimpleQueue()
    sent = threading.Event()
    bus.on_trace(lambda entry: sent.set())
    slow = ask(request(READ, 9), reply_timeout_s=WAIT_MAX_S)
    asked = threading.Thread(target=lambda: answers.put(_outcome(bus, slow)))

    asked.start()
    assert sent.wait(WAIT_MAX_S)
    peer.unplug()

    error = answers.get(timeout=WAIT_MAX_S / 2)
    assert type(error) is PortLost
    assert error.bytes_left


def test_a_board_comes_back_under_another_name_behind_the_same_link(tmp_path: Path) -> None:
    """F-019: the kernel gives the adapter a new number; the link is what the configuration names."""
    with pty_stage(Firmware(doors=1), tmp_path) as (bus, peer):
        keeper, _ = os.openpty()  # takes the freed number, so that the port cannot get it again
        bus.start()
        assert bus.perform_blocking(read()) == reply(READ, 1)
        states, first = states_of(bus), peer.path
        peer.unplug()
        other = os.openpty()
        peer.plug_in()
        until_open(states)

        assert peer.path != first
        assert bus.perform_blocking(read()) == reply(READ, 1)
        for descriptor in (keeper, *other):
            os.close(descriptor)


def test_a_port_that_takes_no_bytes_ends_by_deadline(tmp_path: Path) -> None:
    """F-027: the far side stopped reading and the kernel's buffers fill up. No question hangs: each ends by its own
    deadline, and in the end it is the port that takes no more."""

    async def story(bus: Any, peer: Any) -> Any:
        await bus.perform(read())
        peer.deaf = True
        long = ask(request(READ) * 400, reply_timeout_s=0.0, drain_s=0.0, reply_bytes_max=0)
        facts = []
        for _ in range(20):
            with pytest.raises(BoardSilent) as caught:
                await bus.perform(_once(long))
            facts.append(caught.value.fact.split(" ")[:3])
        return facts

    line = replace(LINE, baudrate=10_000_000, gap_s=1e-6, latency_s=0.0)
    facts = play_on_pty(Firmware(doors=1), story, tmp_path, line)
    assert ["the", "port", "took"] in facts
    assert ["no", "reply", "to"] in facts


def test_a_listener_that_raises_does_not_end_the_bus(stage: tuple[SerialBus, PtyPeer, Firmware]) -> None:
    """Somebody else's mistake: the port keeps its owner."""
    bus, _, _ = stage
    told: SimpleQueue[Any] = SimpleQueue()

    def faulty(sample: Any) -> None:
        told.put(sample)
        raise ZeroDivisionError("listener mistake")

    bus.watch(ToyBoard(1), 0.01, faulty)

    told.get(timeout=WAIT_MAX_S)
    told.get(timeout=WAIT_MAX_S)
    assert bus.perform_blocking(read()) == reply(READ, 1)


def test_a_codec_that_raises_costs_the_port_a_fresh_start_only(
    stage: tuple[SerialBus, PtyPeer, Firmware],
) -> None:
    """A recogniser's mistake fails its caller; the bus opens the port anew and goes on."""
    bus, _, _ = stage
    bus.perform_blocking(read())
    states = states_of(bus)

    def broken(buffer: bytes) -> None:
        raise ZeroDivisionError("codec mistake")

    with pytest.raises(PortLost, match="internal error"):
        bus.perform_blocking(_once(ask(request(READ), recognise=broken)))

    until_open(states)
    assert bus.perform_blocking(read()) == reply(READ, 1)


def test_many_callers_from_many_threads_get_their_own_answers(
    stage: tuple[SerialBus, PtyPeer, Firmware],
) -> None:
    """M-05: concurrent callers; each hears its own board."""
    bus, _, _ = stage
    wrong: list[Any] = []

    def caller(address: int) -> None:
        for _ in range(30):
            answer = bus.perform_blocking(read(address), Priority.VERIFY)
            if answer != reply(READ, 1, address=address):
                wrong.append(answer)

    threads = [threading.Thread(target=caller, args=(n % 3 + 1,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_MAX_S)

    assert wrong == []
    assert bus.stats().boards["1"].answered == 60


def test_stopping_fails_what_is_under_way_and_frees_the_port(tmp_path: Path) -> None:
    """No thread, no descriptor, no caller is left behind."""
    with pty_stage(Firmware(silent=True), tmp_path) as (bus, peer):
        bus.start()
        answers: SimpleQueue[Any] = SimpleQueue()
        sent = threading.Event()
        bus.on_trace(lambda entry: sent.set())
        slow = ask(request(READ), reply_timeout_s=WAIT_MAX_S)
        asked = threading.Thread(target=lambda: answers.put(_outcome(bus, slow)))
        asked.start()
        assert sent.wait(WAIT_MAX_S)

        bus.stop()

        assert type(answers.get(timeout=WAIT_MAX_S / 2)) is PortLost
        assert not any(thread.name == "bus-main" for thread in threading.enumerate())
        second = SerialBus(replace(LINE, port=str(peer.link)))
        states = states_of(second)
        second.start()
        until_open(states)
        second.stop()


def test_a_bus_that_was_never_started_refuses(tmp_path: Path) -> None:
    """A call before `start` is a mistake that is heard, not a call that hangs."""
    with pty_stage(Firmware(), tmp_path) as (bus, _):
        answers: SimpleQueue[Any] = SimpleQueue()
        asked = threading.Thread(target=lambda: answers.put(_outcome(bus, ask(request(READ)))))
        asked.start()
        bus.stop()

        assert type(answers.get(timeout=WAIT_MAX_S / 2)) is PortLost


def test_listeners_run_on_the_loop_they_were_given(tmp_path: Path) -> None:
    """Samples cross to asyncio; nobody there has to think of threads."""
    firmware = Firmware(doors=1)

    async def run() -> Any:
        peer = PtyPeer(firmware, tmp_path / "port")
        bus = SerialBus(replace(LINE, port=str(peer.link)), asyncio.get_running_loop())
        bus.start()
        told: asyncio.Queue[int] = asyncio.Queue()
        bus.watch(ToyBoard(1), 0.01, lambda sample: told.put_nowait(threading.get_ident()))
        ident = await asyncio.wait_for(told.get(), WAIT_MAX_S)
        result = await outcome_of(bus, unlock(2, reply_timeout_s=1.0))
        bus.stop()
        peer.end()
        return ident == threading.get_ident(), result

    on_loop, result = asyncio.run(run())
    assert on_loop
    assert result == request(0x55, 1, 2)
