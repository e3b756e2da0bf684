"""Boards show who they are before anything else is asked of them. In virtual time, so exact."""

from __future__ import annotations

import asyncio
from typing import Any

from drivers.errors import BoardSilent, PortLost, WrongBoard
from drivers.lock_board import UnlockReport, UnlockSent
from drivers.transaction import Priority
from tests.drivers.bus_stage import (
    IDENTIFY,
    READ,
    UNLOCK,
    Firmware,
    ToyBoard,
    read,
)
from tests.drivers.scan_log import INTERVAL_S, Log, play


def test_a_board_is_prepared_before_its_first_use() -> None:
    """The unlock was asked first; the board's identity goes over the wire before it."""

    async def story(bus: Any, peer: Any) -> Any:
        bus.attach(ToyBoard(1))
        report = await bus.perform(ToyBoard(1).unlock(7), Priority.UNLOCK)
        return report, [frame[2] for frame in peer.frames], bus.boards()["1"].identity

    assert play(Firmware(), story) == (UnlockReport(UnlockSent.ACCEPTED), [IDENTIFY, UNLOCK], "0")


def test_a_board_that_is_not_the_one_gets_no_unlock_and_its_neighbours_do() -> None:
    """F-020: another board answers under this address: nothing that could move a door is sent to it."""

    async def story(bus: Any, peer: Any) -> Any:
        bus.attach(ToyBoard(1, serial_number=42))
        bus.attach(ToyBoard(2))
        wrong = await bus.perform(ToyBoard(1).unlock(7), Priority.UNLOCK)
        right = await bus.perform(ToyBoard(2).unlock(7), Priority.UNLOCK)
        unlocked = [frame[1] for frame in peer.frames if frame[2] == UNLOCK]
        return (wrong.sent, wrong.code), right.sent, unlocked, type(bus.boards()["1"])

    expected = (UnlockSent.NOT_SENT, WrongBoard.code), UnlockSent.ACCEPTED, [2], WrongBoard
    assert play(Firmware(), story) == expected


def test_a_board_that_was_attached_early_is_not_prepared_twice() -> None:
    """Attached while the rest of the program was loading, and once more by its owner: it shows once who it is."""

    async def story(bus: Any, peer: Any) -> Any:
        board, log = ToyBoard(1), Log()
        bus.attach(board)
        await asyncio.sleep(1)
        bus.attach(board)
        bus.watch(board, INTERVAL_S, log)
        await asyncio.sleep(1)
        return [frame[2] for frame in peer.frames].count(IDENTIFY), bool(log.samples)

    assert play(Firmware(), story) == (1, True)


def test_a_board_that_could_not_be_prepared_is_tried_again_and_then_used() -> None:
    """It was still booting; a little later it is served without anybody's help."""
    firmware = Firmware(silent=True)

    async def story(bus: Any, peer: Any) -> Any:
        log = Log()
        bus.attach(ToyBoard(1))
        bus.watch(ToyBoard(1), INTERVAL_S, log)
        await asyncio.sleep(5)
        early = (await bus.perform(ToyBoard(1).unlock(1))).sent
        firmware.silent = False
        await asyncio.sleep(40)
        return early, (await bus.perform(ToyBoard(1).unlock(1))).sent, list(log.samples)

    assert play(firmware, story) == (UnlockSent.NOT_SENT, UnlockSent.ACCEPTED, [BoardSilent, [], []])


def test_after_a_lost_port_every_board_shows_again_who_it_is() -> None:
    """F-017, F-019: unplugged and back, perhaps under another name: identity first, then fresh readings."""
    firmware = Firmware(doors=0b1)

    async def story(bus: Any, peer: Any) -> Any:
        log = Log()
        board = ToyBoard(1)
        bus.attach(board)
        bus.watch(board, INTERVAL_S, log)
        await asyncio.sleep(5)
        peer.unplug()
        await asyncio.sleep(5)
        before = len(peer.frames)
        peer.plug_in()
        await asyncio.sleep(5)
        return list(log.samples), [frame[2] for frame in peer.frames[before:]][:2]

    assert play(firmware, story) == ([[1], [1], PortLost, [1], [1]], [IDENTIFY, READ])


def test_a_board_swapped_while_it_was_silent_is_found_out() -> None:
    """S-03: it came back with another serial number: its doors stay unknown."""
    firmware = Firmware(serial_number=1)

    async def story(bus: Any, peer: Any) -> Any:
        log = Log()
        board = ToyBoard(1, serial_number=1)
        bus.attach(board)
        bus.watch(board, INTERVAL_S, log)
        await asyncio.sleep(5)
        firmware.silent = True
        await asyncio.sleep(30)
        firmware.silent, firmware.serial_number = False, 2
        await asyncio.sleep(30)
        return list(log.samples), type(bus.boards()["1"])

    assert play(firmware, story) == ([[], [], BoardSilent], WrongBoard)


def test_service_is_back_within_half_a_second_of_the_replug_whatever_the_outage_lasted() -> None:
    """Back-off of the reopening is capped: most of an hour makes nobody wait longer."""

    async def story(bus: Any, peer: Any) -> Any:
        delays = []
        for outage_s in (0.5, 60.0, 3000.0):
            peer.unplug()
            await asyncio.sleep(outage_s)
            back = asyncio.Event()
            plugged_at = asyncio.get_running_loop().time()
            unsubscribe = bus.on_state(lambda state, back=back: back.set() if state.open else None)
            peer.plug_in()
            await back.wait()
            await bus.perform(read())
            delays.append(asyncio.get_running_loop().time() - plugged_at)
            unsubscribe()
        return max(delays)

    assert play(Firmware(), story) <= 0.5
