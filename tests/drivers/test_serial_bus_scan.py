"""Watching boards inside the bus: what is told, what is not, and who goes first. In virtual time, so exact."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drivers.bus import ADAPTER_LATENCY_S
from drivers.bus_core import BABBLE_MAX_S
from drivers.errors import BoardSilent
from drivers.scan_plan import (
    ARMED_STRETCH_S,
    CONFIRM_AFTER_S,
    CONFIRMS_RUNNING_MAX,
    MISSES_MAX,
    SILENT_POLL_MAX_S,
    STEADY_FIRST_S,
)
from drivers.transaction import Priority
from tests.drivers.bus_stage import (
    DRAIN_S,
    LINE,
    READ,
    REPLY_TIMEOUT_S,
    UNLOCK,
    Firmware,
    Pieces,
    ToyBoard,
    outcome_of,
    play_on_pty,
    push,
    read,
    reply,
    request,
    unlock,
)
from tests.drivers.scan_log import INTERVAL_S, Log, open_doors, play


def test_a_watched_board_is_told_once_while_nothing_changes() -> None:
    """A minute of looks; its watcher hears the first sample and the one that confirms it."""
    firmware = Firmware(doors=0b100)

    async def story(bus: Any, peer: Any) -> Any:
        log = Log()
        bus.watch(ToyBoard(1), INTERVAL_S, log)
        await asyncio.sleep(60)
        return list(log.samples), len(peer.frames)

    samples, looks = play(firmware, story)
    assert samples == [[3], [3]]
    assert 110 <= looks <= 122


def test_whoever_heard_of_a_change_elsewhere_gets_two_looks() -> None:
    """A board pushed, or a contact may have become quiet: the same doors again, told twice, and not a third time."""
    firmware = Firmware(doors=0b100)

    async def story(bus: Any, peer: Any) -> Any:
        log, board = Log(), ToyBoard(1)
        never = bus.looked_at(board)
        bus.watch(board, INTERVAL_S, log)
        await asyncio.sleep(10)
        looked_at_s = bus.looked_at(board)
        log.samples.clear()
        bus.look_again(board)
        await asyncio.sleep(10)
        return never, asyncio.get_running_loop().time() - 10 - looked_at_s, list(log.samples)

    never, age_s, samples = play(firmware, story)
    assert never == float("-inf")
    assert 0 <= age_s <= INTERVAL_S
    assert samples == [[3], [3]]


def test_a_change_is_told_with_a_second_look_soon_after() -> None:
    """The door watch wants two equal reads: both come, and the second does not wait for the interval."""
    firmware = Firmware()

    async def story(bus: Any, peer: Any) -> Any:
        log = Log()
        bus.watch(ToyBoard(1), INTERVAL_S, log)
        await asyncio.sleep(3)
        firmware.doors = 0b1
        await asyncio.sleep(3)
        return list(log.samples), log.times

    samples, times = play(firmware, story)
    assert samples == [[], [], [1], [1]]
    assert CONFIRM_AFTER_S <= times[3] - times[2] < CONFIRM_AFTER_S * 2


def test_a_bounce_is_told_as_it_was_seen() -> None:
    """Open for one look, closed at the next: three samples, and whoever debounces decides."""
    states = iter([0, 0, 1, 0])

    async def story(bus: Any, peer: Any) -> Any:
        log = Log()
        bus.watch(ToyBoard(1), INTERVAL_S, log)
        await asyncio.sleep(10)
        return list(log.samples)

    assert play(lambda frame: [(0.0, reply(READ, next(states, 0)))], story) == [[], [], [1], [], []]


def test_a_chattering_contact_does_not_take_the_bus() -> None:
    """F-034: a contact that is different at every look is looked at a little more often, not without end."""
    flips = iter(range(10_000))

    async def story(bus: Any, peer: Any) -> Any:
        bus.watch(ToyBoard(1), INTERVAL_S, Log())
        await asyncio.sleep(60)
        return len(peer.frames)

    looks = play(lambda frame: [(0.0, reply(READ, next(flips) & 1))], story)
    assert looks <= 60 / INTERVAL_S * CONFIRMS_RUNNING_MAX


def test_a_board_that_falls_silent_is_told_once_after_several_misses_and_asked_with_back_off() -> None:
    """F-014: one miss is nothing, three are silence; ten minutes of it cost a handful of looks a minute."""
    firmware = Firmware()

    async def story(bus: Any, peer: Any) -> Any:
        log = Log()
        bus.watch(ToyBoard(1), INTERVAL_S, log)
        await asyncio.sleep(2)
        firmware.silent, before = True, len(peer.frames)
        await asyncio.sleep(600)
        return list(log.samples), log.times[-1], len(peer.frames) - before

    samples, told_at, looks = play(firmware, story)
    assert samples == [[], [], BoardSilent]
    assert told_at <= 2 + MISSES_MAX * (INTERVAL_S + 1)
    assert looks <= 600 / SILENT_POLL_MAX_S + 12


def test_one_lost_reply_is_not_silence() -> None:
    """A miss between good looks changes nothing for the watcher."""
    looks = iter(range(10_000))

    async def story(bus: Any, peer: Any) -> Any:
        log = Log()
        bus.watch(ToyBoard(1), INTERVAL_S, log)
        await asyncio.sleep(60)
        return list(log.samples)

    def loses_every_fifth(frame: bytes) -> Pieces:
        return [] if next(looks) % 5 == 4 else [(0.0, reply(READ, 1))]

    assert play(loses_every_fifth, story) == [[1], [1]]


def test_a_board_that_comes_back_is_told_when_it_is_steady() -> None:
    """Its doors may have moved meanwhile: the return is a sample like any other, with its confirmation."""
    firmware = Firmware()

    async def story(bus: Any, peer: Any) -> Any:
        log = Log()
        bus.watch(ToyBoard(1), INTERVAL_S, log)
        await asyncio.sleep(2)
        firmware.silent = True
        await asyncio.sleep(60)
        firmware.silent, firmware.doors = False, 0b10
        await asyncio.sleep(SILENT_POLL_MAX_S + STEADY_FIRST_S + 2)
        return list(log.samples)

    assert play(firmware, story) == [[], [], BoardSilent, [2], [2]]


def test_a_flapping_board_makes_no_storm() -> None:
    """F-015: two seconds there, two seconds away, for ten minutes: a few falls are told, not a hundred and fifty."""
    firmware = Firmware()

    async def story(bus: Any, peer: Any) -> Any:
        log = Log()
        bus.watch(ToyBoard(1), INTERVAL_S, log)
        for _ in range(150):
            await asyncio.sleep(2)
            firmware.silent = not firmware.silent
            await asyncio.sleep(2)
            firmware.silent = not firmware.silent
        return list(log.samples).count(BoardSilent)

    assert 1 <= play(firmware, story) <= 5


def test_after_a_miss_the_question_has_another_shape_until_it_is_answered() -> None:
    """The bus tells the board of its lost poll, and asks by its procedure while the board wants that."""
    misses = iter([1, 0, 0, 1, 1])

    async def story(bus: Any, peer: Any) -> Any:
        bus.watch(ToyBoard(1), INTERVAL_S, Log())
        await asyncio.sleep(4)
        return [frame[3] for frame in peer.frames[:5]]

    def answer(frame: bytes) -> Pieces:
        return [(0.0, reply(READ, 1))] if next(misses, 1) else []

    assert play(answer, story) == [
        0,
        0,
        1,
        1,
        0,
    ]  # read, lost read, other shape lost, other shape answered, read


def test_an_armed_bus_is_quiet_and_the_unlock_goes_at_once() -> None:
    """Somebody types a code: no look is on the wire when the door is asked for."""

    async def story(bus: Any, peer: Any) -> Any:
        bus.watch(ToyBoard(1), 0.0, Log())
        await asyncio.sleep(1)
        bus.armed(0.5)
        await asyncio.sleep(0.1)
        before = len(peer.frames)
        await asyncio.sleep(0.3)
        during, asked_at = len(peer.frames) - before, asyncio.get_running_loop().time()
        await bus.perform(unlock(1), Priority.UNLOCK)
        took = peer.times[-1] - asked_at
        await asyncio.sleep(1)
        return during, took, len(peer.frames) - before

    during, took, after = play(Firmware(), story)
    assert (during, took < 0.002, after > 10) == (0, True, True)


def test_hint_after_hint_cannot_blind_the_locker() -> None:
    """Armed for a minute on end: a present board gets one look in each stretch, an absent one none."""

    async def story(bus: Any, peer: Any) -> Any:
        bus.watch(ToyBoard(1), INTERVAL_S, Log())
        bus.watch(ToyBoard(9), INTERVAL_S, Log())
        await asyncio.sleep(30)
        before = len(peer.frames)
        for _ in range(200):
            bus.armed(0.5)
            await asyncio.sleep(0.3)
        asked = [frame[1] for frame in peer.frames[before:]]
        return asked.count(1), asked.count(9)

    present, absent = play(Firmware(), story)
    assert absent == 0
    assert 60 / ARMED_STRETCH_S * 0.8 <= present <= 60 / ARMED_STRETCH_S


def test_after_an_opening_the_hint_is_over() -> None:
    """The door was asked for and its board is to be looked at often: the rest of the hold blinds nobody."""

    async def story(bus: Any, peer: Any) -> Any:
        board = ToyBoard(1)
        bus.watch(board, INTERVAL_S, Log())
        await asyncio.sleep(5)
        bus.armed(1.0)
        before = len(peer.frames)
        bus.fast(board, for_s=2.0, interval_s=0.1)
        await asyncio.sleep(0.55)
        return len(peer.frames) - before

    assert 4 <= play(Firmware(), story) <= 6


def test_fast_looks_end_by_themselves() -> None:
    """After an opening its board is looked at often for a while, and then no more."""

    async def story(bus: Any, peer: Any) -> Any:
        board = ToyBoard(1)
        bus.watch(board, INTERVAL_S, Log())
        await asyncio.sleep(5)
        before = len(peer.frames)
        bus.fast(board, for_s=2.0, interval_s=0.1)
        await asyncio.sleep(2)
        fast = len(peer.frames) - before
        await asyncio.sleep(10)
        return fast, len(peer.frames) - before - fast

    fast, later = play(Firmware(), story)
    assert 17 <= fast <= 21
    assert 18 <= later <= 21


def test_an_unwatched_board_is_left_alone() -> None:
    """No look after the end of the watch."""

    async def story(bus: Any, peer: Any) -> Any:
        board = ToyBoard(1)
        bus.watch(board, INTERVAL_S, Log())
        await asyncio.sleep(2)
        bus.unwatch(board)
        await asyncio.sleep(0.1)
        before = len(peer.frames)
        await asyncio.sleep(10)
        return before > 0, len(peer.frames) - before

    assert play(Firmware(), story) == (True, 0)


def test_boards_watched_without_a_pause_take_turns() -> None:
    """Interval 0: each gets its share of the wire."""

    async def story(bus: Any, peer: Any) -> Any:
        for address in (1, 2, 3):
            bus.watch(ToyBoard(address), 0.0, Log())
        await asyncio.sleep(10)
        return [[frame[1] for frame in peer.frames].count(address) for address in (1, 2, 3)]

    shares = play(Firmware(), story)
    assert max(shares) - min(shares) <= 3 < 100 < min(shares)


def test_the_line_is_silent_between_any_two_frames() -> None:
    """3.5 characters at least, or the gap that the slowest family on the wire needs."""
    line = replace(LINE, baudrate=9600, gap_s=0.025)

    async def story(bus: Any, peer: Any) -> Any:
        ended: list[float] = []
        loop = asyncio.get_running_loop()
        bus.on_trace(lambda entry: ended.append(loop.time()))
        bus.watch(ToyBoard(1), 0.0, Log())
        await asyncio.sleep(3)
        return [sent - received for received, sent in zip(ended[1::2], ended[2::2], strict=False)]

    gaps = play(Firmware(), story, line)
    assert len(gaps) > 20
    assert min(gaps) >= 0.025 - 1e-9
    assert replace(LINE, baudrate=9600).silence_s == pytest.approx(3.5 * 10 / 9600)
    assert replace(LINE, baudrate=115200).silence_s == pytest.approx(0.00175)


def test_a_babbling_line_does_not_silence_the_bus() -> None:
    """A device that never stops talking: requests go out all the same, after a bounded wait."""

    async def story(bus: Any, peer: Any) -> Any:
        loop = asyncio.get_running_loop()

        def babble() -> None:
            peer.say(b"\x00")
            loop.call_at(loop.time() + 0.0005, babble)

        babble()
        await asyncio.sleep(0.2)
        asked_at = loop.time()
        result = await asyncio.wait_for(outcome_of(bus, read()), 10)
        return result, loop.time() - asked_at

    result, took = play(Firmware(doors=4), story)
    assert result == reply(READ, 4)
    assert took < BABBLE_MAX_S + 0.01


def test_an_unlock_that_comes_while_a_look_is_on_the_wire_is_the_very_next_frame() -> None:
    """Four boards watched without a pause; each of fifty unlocks overtakes every look but the one under way."""

    async def story(bus: Any, peer: Any) -> Any:
        for address in (1, 2, 3):
            bus.watch(ToyBoard(address), 0.0, Log())
        await asyncio.sleep(0.5)
        behind = []
        for n in range(50):
            await asyncio.sleep(0.0137 + 0.0001 * n)
            before = bus.stats()
            sent = sum(board.sent for board in before.boards.values())
            await bus.perform(unlock(n % 8 + 1), Priority.UNLOCK)
            behind.append(next(at for at, frame in enumerate(peer.frames[sent - 1 :]) if frame[2] == UNLOCK))
        return behind

    assert set(play(Firmware(), story)) <= {0, 1}


def test_behind_a_silent_board_an_unlock_waits_one_deadline_and_one_drain() -> None:
    """The worst moment: the question to an absent board has just left."""

    async def story(bus: Any, peer: Any) -> Any:
        question = asyncio.ensure_future(outcome_of(bus, read(9), Priority.POLL))
        await peer.heard(1)
        asked_at = asyncio.get_running_loop().time()
        await bus.perform(unlock(1), Priority.UNLOCK)
        await question
        return peer.times[1] - asked_at

    line = replace(LINE, baudrate=9600, latency_s=ADAPTER_LATENCY_S, echo="none")
    waited = play(Firmware(), story, line)
    wire_s = 30 * line.char_s
    assert waited <= REPLY_TIMEOUT_S + DRAIN_S + ADAPTER_LATENCY_S + wire_s + line.silence_s


def test_a_door_that_is_pushed_while_nobody_asks_is_heard() -> None:
    """An unsolicited frame on a quiet line, in two pieces and behind noise."""

    async def story(bus: Any, peer: Any) -> Any:
        heard: list[bytes] = []
        bus.on_push(heard.append)
        bus.watch(ToyBoard(1), 10.0, Log())
        await asyncio.sleep(1)
        peer.say(b"\xff" + push(6)[:2])
        await asyncio.sleep(0.001)
        peer.say(push(6)[2:])
        await asyncio.sleep(1)
        return heard, bus.stats().pushed

    assert play(Firmware(), story) == ([push(6)], 1)


def test_watching_on_a_real_pseudo_terminal_tells_the_same(tmp_path: Path) -> None:
    """The scan path of the thread: a change on the far side reaches the watcher with its confirmation."""
    firmware = Firmware()

    async def story(bus: Any, peer: Any) -> Any:
        loop, samples = asyncio.get_running_loop(), asyncio.Queue[Any]()
        bus.watch(ToyBoard(1), 0.01, lambda sample: loop.call_soon_threadsafe(samples.put_nowait, sample))
        first = [open_doors(await samples.get()) for _ in range(2)]
        firmware.doors = 0b1000
        then = [open_doors(await samples.get()) for _ in range(2)]
        return first, then, peer.frames[0]

    assert play_on_pty(firmware, story, tmp_path) == ([[], []], [[4], [4]], request(READ))
