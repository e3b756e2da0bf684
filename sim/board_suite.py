"""The shared board suite: what every lock-board driver has to show before it may be used. For third parties too.

    from sim.board_suite import Bench, BoardSuite

    class TestMyBoard(BoardSuite):
        @pytest.fixture
        def bench(self, locker_sim):
            cabinet = locker_sim("my-board")
            ...                                   # start a bus on cabinet.ports["..."]
            yield Bench(board=MyBoard(settings), perform=bus.perform_blocking, cabinet=cabinet)

Nothing here imports a driver: a board is anything with the calls of the LockBoard contract, its answers are compared by
their values and codes, and what really happened is asked of the simulated cabinet.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import pytest

from sim.cabinet import SimCabinet

SETTLE_MAX_S = (
    5.0  # latch, hand and the slowest family's answer together take below 2 s; only a failure waits so long
)
SILENT = "BUS-110"
BAD = "BUS-111"

Perform = Callable[[Any], Any]
"""Runs one procedure on the bus to its result, or raises what it raises."""


@dataclass
class Bench:
    """One board on one line in front of one simulated cabinet. The board is prepared when the suite gets it."""

    board: Any
    perform: Perform
    cabinet: SimCabinet
    confirms: bool = True  # False for families that answer no unlock
    doors: dict[int, str] = field(init=False)

    def __post_init__(self) -> None:
        coils = self.cabinet.world.harness.coils
        self.doors = {
            channel: number for (board, channel), number in coils.items() if board == self.board.name
        }

    @property
    def channels(self) -> tuple[int, ...]:
        """First, middle and last: a wrong bit order or an off-by-one shows there."""
        return tuple(sorted({1, (self.board.channels + 1) // 2, self.board.channels}))

    def read(self) -> tuple[str, ...]:
        """One word a channel: open, closed or unknown."""
        return tuple(door.value for door in self.perform(self.board.read_doors()).doors)

    def read_until(self, wanted: dict[int, str]) -> tuple[str, ...]:
        """Read until the wanted channels say so; the last reading in any case.

        A single reading may be lost: a board that speaks unasked can talk over its own question.
        """
        until, doors = monotonic() + SETTLE_MAX_S, ("unknown",) * self.board.channels
        while True:  # ends: at `until`
            doors = self.read_or(doors)
            if all(doors[channel - 1] == word for channel, word in wanted.items()) or monotonic() > until:
                return doors

    def read_or(self, before: tuple[str, ...]) -> tuple[str, ...]:
        """One reading, or what was known before if no answer came."""
        try:
            return self.read()
        except Exception as error:
            if getattr(error, "code", "") not in (SILENT, BAD):
                raise
            return before

    def read_while(self, waiting: Callable[[], bool]) -> None:
        """Let time pass on the line, by reading, until `waiting` is over; fails when it never is."""
        until = monotonic() + SETTLE_MAX_S
        while waiting():  # ends: at `until`
            assert monotonic() < until, "waited in vain"
            self.read_or(())

    def close(self, channel: int) -> None:
        """A hand shuts the door; it stays open while the coil still pulls the latch."""
        self.read_while(lambda: not self.cabinet.hand(self.doors[channel], "close"))

    def energised(self) -> list[int]:
        """Channels of this board whose coil was energised, in order."""
        return [entry.channel for entry in self.cabinet.coils(self.board.name)]


def answer_to(transaction: Any) -> Generator[Any, bytes, bytes]:
    """A procedure of one question: its raw answer."""
    return (yield transaction)


class BoardSuite:
    """Subclass, give a fixture `bench`, and every claim below is tested against your board."""

    def test_a_prepared_board_says_who_it_is(self, bench: Bench) -> None:
        info = bench.perform(bench.board.prepare())

        assert info.family == bench.board.family
        assert info.address == bench.board.settings.address
        assert info.channels >= bench.board.channels

    def test_identifying_moves_nothing(self, bench: Bench) -> None:
        bench.perform(bench.board.identify())

        assert bench.energised() == []

    def test_closed_doors_read_closed_one_entry_a_channel(self, bench: Bench) -> None:
        assert bench.read() == ("closed",) * bench.board.channels

    def test_one_unlock_opens_that_door_and_no_other(self, bench: Bench) -> None:
        for channel in bench.channels:
            report = bench.perform(bench.board.unlock(channel))
            doors = bench.read_until({channel: "open"})

            assert report.sent.value == "accepted"
            assert [n for n, word in enumerate(doors, 1) if word == "open"] == [channel]
            bench.close(channel)
            assert bench.read_until({channel: "closed"}) == ("closed",) * bench.board.channels
        assert bench.energised() == list(bench.channels)

    def test_a_pulse_ends_by_itself_within_the_familys_bound(self, bench: Bench) -> None:
        channel = bench.channels[-1]
        bench.perform(bench.board.unlock(channel))
        bench.read_until({channel: "open"})

        bench.read_while(lambda: bench.cabinet.coils(bench.board.name)[0].length_s is None)
        entry = bench.cabinet.coils(bench.board.name)[0]

        assert entry.length_s is not None
        assert 0 < entry.length_s * 1000 <= bench.board.pulse_ms_max + 1

    @pytest.mark.parametrize("beyond", [0, -1, 1])
    def test_a_channel_out_of_range_raises_before_any_byte(self, bench: Bench, beyond: int) -> None:
        before = len(bench.cabinet.trace())
        channel = bench.board.channels + 1 if beyond > 0 else beyond

        with pytest.raises(ValueError, match="channel"):
            bench.perform(bench.board.unlock(channel))

        assert len(bench.cabinet.trace()) == before

    def test_the_prebuilt_poll_reads_what_reading_reads(self, bench: Bench) -> None:
        bench.perform(bench.board.unlock(bench.channels[0]))
        doors = bench.read_until({bench.channels[0]: "open"})

        transaction = bench.board.poll()
        assert transaction is not None
        reply = bench.perform(answer_to(transaction))

        assert transaction is bench.board.poll()
        assert tuple(door.value for door in bench.board.decode_poll(reply).doors) == doors

    def test_a_lost_answer_to_an_unlock_costs_no_second_pulse(self, bench: Bench) -> None:
        channel = bench.channels[0]
        fault = bench.cabinet.faults.add("swallow-reply", board=bench.board.name, of="unlock")
        report = bench.perform(bench.board.unlock(channel))
        bench.cabinet.faults.clear(fault)

        assert report.sent.value == ("unknown" if bench.confirms else "accepted")
        assert bench.read_until({channel: "open"})[channel - 1] == "open"
        assert bench.energised() == [channel]

    def test_a_lost_unlock_frame_is_never_claimed_to_be_refused(self, bench: Bench) -> None:
        fault = bench.cabinet.faults.add("swallow-request", board=bench.board.name, of="unlock")
        report = bench.perform(bench.board.unlock(bench.channels[0]))
        bench.read_while(lambda: not fault.uses)
        bench.cabinet.faults.clear(fault)

        assert report.sent.value == ("unknown" if bench.confirms else "accepted")
        assert bench.energised() == []
        assert bench.read_until({})[0] == "closed"

    def test_silence_is_said_to_be_silence_and_the_next_answer_is_believed_again(self, bench: Bench) -> None:
        fault = bench.cabinet.faults.add("silent", board=bench.board.name)
        with pytest.raises(Exception) as raised:
            bench.read()
        bench.cabinet.faults.clear(fault)

        assert getattr(raised.value, "code", "") == SILENT
        assert bench.board.poll() is None
        assert bench.read() == ("closed",) * bench.board.channels
        assert bench.board.poll() is not None

    def test_noise_before_and_after_answers_costs_nothing(self, bench: Bench) -> None:
        for where in ("before", "after"):
            fault = bench.cabinet.faults.add("garbage", board=bench.board.name, where=where, bytes=3)
            doors = bench.read()
            bench.cabinet.faults.clear(fault)
            assert doors == ("closed",) * bench.board.channels

    def test_switching_off_opens_nothing(self, bench: Bench) -> None:
        bench.perform(bench.board.all_off())

        assert bench.energised() == []
        assert bench.read() == ("closed",) * bench.board.channels
