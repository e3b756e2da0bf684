"""One unit of work: decided and durable under one lock, told only afterwards, or nothing at all."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import apsw
import pytest

from edge_agent.clock import VirtualClock
from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.refusals import FULL, Refusal
from edge_agent.domain.state import LockerState
from edge_agent.randomness import SeededRandomness
from edge_agent.store import inbox, outbox, upkeep
from edge_agent.store.executor import WAITING_MAX, StoreThread
from edge_agent.store.journal import read_after
from edge_agent.store.ledger import Committed
from edge_agent.store.opening import open_ledger
from edge_agent.store.outbox import Ack
from tests.store.locker import a_day, do_all, doors, opened, says, settings, wait


def test_a_refusal_changes_nothing_and_tells_nobody(tmp_path: Path) -> None:
    ledger = opened(settings(tmp_path)).ledger
    told: list[Committed] = []
    ledger.subscribe(told.append)
    before = ledger.state.folded()

    def refuse(state: LockerState, at: Instant) -> Decision:
        raise Refusal(FULL, "no compartment of size S is free")

    with pytest.raises(Refusal):
        wait(ledger.transact(refuse))

    assert (ledger.last_sequence, told) == (0, [])
    assert ledger.state.folded() == before


def test_listeners_hear_of_a_commit_when_it_is_durable_and_applied(tmp_path: Path) -> None:
    at = settings(tmp_path)
    ledger = opened(at).ledger
    seen: list[tuple[int, int, int]] = []

    def listen(committed: Committed) -> None:
        other = apsw.Connection(str(at.ledger), flags=apsw.SQLITE_OPEN_READONLY)
        on_disk = other.execute("SELECT count(*) FROM journal").fetchall()[0][0]
        other.close()
        seen.append((committed.rows[-1].sequence, on_disk, len(ledger.state.compartment)))

    end = ledger.subscribe(listen)
    wait(ledger.transact(doors(4)))
    end()
    wait(ledger.transact(says(e.ServiceEntered("technician"))))

    assert seen == [(2, 2, 4)]


def test_units_of_many_callers_are_done_one_after_the_other(tmp_path: Path) -> None:
    """Twenty callers at once on the store's thread: each decision sees what the one before left."""

    async def many() -> list[int]:
        found = await open_ledger(settings(tmp_path), VirtualClock(), SeededRandomness(1), StoreThread())
        seen: list[int] = []

        def decide(state: LockerState, at: Instant) -> Decision:
            seen.append(found.ledger.last_sequence)
            return Decision((e.ServiceEntered("technician"),))

        await asyncio.gather(*(found.ledger.transact(decide) for _ in range(20)))
        await found.ledger.close()
        return seen

    assert wait(many()) == list(range(20))


def test_a_caller_that_gives_up_does_not_tear_its_unit(tmp_path: Path) -> None:
    """A cancelled request has begun: it is finished under the lock, and the next one comes after it."""

    async def give_up() -> tuple[int, int]:
        found = await open_ledger(settings(tmp_path), VirtualClock(), SeededRandomness(1), StoreThread())
        caller = asyncio.ensure_future(found.ledger.transact(doors(3)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        caller.cancel()
        later = await found.ledger.transact(says(e.ServiceEntered("technician")))
        await found.ledger.close()
        return later.rows[0].sequence, len(found.ledger.state.compartment)

    assert wait(give_up()) == (3, 3)


def test_more_work_than_the_bound_is_refused_and_not_piled_up(tmp_path: Path) -> None:
    async def flood() -> int:
        thread = StoreThread()
        release = asyncio.Event()
        loop = asyncio.get_running_loop()
        blocker = asyncio.ensure_future(
            thread.run(lambda: asyncio.run_coroutine_threadsafe(release.wait(), loop).result())
        )
        jobs = [asyncio.ensure_future(thread.run(int)) for _ in range(WAITING_MAX + 5)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        refused = sum(job.done() and job.exception() is not None for job in jobs)
        release.set()
        await asyncio.gather(blocker, *jobs, return_exceptions=True)
        thread.close()
        return refused

    assert wait(flood()) == 6


def test_the_watermark_moves_only_by_a_fitting_word_of_the_cloud(tmp_path: Path) -> None:
    at = settings(tmp_path)
    ledger = opened(at).ledger
    wait(do_all(ledger, a_day(3)))
    batch = wait(ledger.events_after(0, limit=6))
    assert (batch.first, batch.last, batch.epoch) == (1, 6, ledger.epoch)

    assert wait(ledger.acknowledge("another-epoch", 3)) is Ack.FOREIGN_EPOCH
    assert wait(ledger.acknowledge(ledger.epoch, 8)) is Ack.BEYOND
    assert wait(ledger.acknowledge(ledger.epoch, 0)) is Ack.BEYOND
    assert ledger.watermark == 0
    assert wait(ledger.acknowledge(ledger.epoch, 7)) is Ack.TAKEN
    assert wait(ledger.acknowledge(ledger.epoch, 4)) is Ack.RESEND
    assert ledger.watermark == 6
    wait(ledger.close())

    again = opened(at).ledger
    assert again.watermark == 6
    assert wait(again.hello()) == outbox.Hello(again.epoch, 1, again.last_sequence, 7)
    assert wait(again.acknowledge(again.epoch, again.last_sequence + 1)) is Ack.TAKEN, (
        "published before the restart"
    )


def test_batches_join_without_gap_and_stay_below_their_size(tmp_path: Path) -> None:
    ledger = opened(settings(tmp_path)).ledger
    wait(do_all(ledger, a_day(5)))

    sequences: list[int] = []
    after = 0
    while batch := wait(ledger.events_after(after, max_bytes=2_000)).events:
        assert sum(map(len, batch)) <= 2_000 or len(batch) == 1
        sequences += [int(json.loads(event)["sequence"]) for event in batch]
        after = sequences[-1]

    assert sequences == list(range(1, ledger.last_sequence + 1))


def test_the_long_poll_returns_with_the_event_and_gives_up_in_time(tmp_path: Path) -> None:
    async def poll() -> tuple[bool, bool, bool]:
        found = await open_ledger(settings(tmp_path), VirtualClock(), SeededRandomness(1), StoreThread())
        ledger = found.ledger
        early = await ledger.wait_beyond(0, timeout_s=0.01)
        waiting = asyncio.ensure_future(ledger.wait_beyond(0, timeout_s=30))
        await ledger.transact(doors(1))
        came = await waiting
        at_once = await ledger.wait_beyond(1, timeout_s=0)
        await ledger.close()
        return early, came, at_once

    assert wait(poll()) == (False, True, True)


def test_a_commands_answer_is_durable_with_what_it_did_and_comes_again(tmp_path: Path) -> None:
    at, time = settings(tmp_path), VirtualClock()
    found = opened(at, time)
    exp_ms = int(time.wall.timestamp() * 1000)
    answer = inbox.Answer("jti-1", exp_ms, {"status": "done", "result": {"door": "7"}})
    done = e.CommandDone("jti-1", "unlock", "support", "done")

    assert wait(found.ledger.answer_to("jti-1")) is None
    wait(found.ledger.transact(says(done), answer=answer))
    found.ledger.engine.connection.close(True)
    again = opened(at, time)

    assert wait(again.ledger.answer_to("jti-1")) == answer.body
    time.advance(30 * 86_400 - 1)
    wait(upkeep.keep(again.ledger))
    assert wait(again.ledger.answer_to("jti-1")) == answer.body
    time.advance(2)
    wait(upkeep.keep(again.ledger))
    assert wait(again.ledger.answer_to("jti-1")) is None


def test_a_clock_that_steps_leaves_the_order_to_the_sequence(tmp_path: Path) -> None:
    time = VirtualClock()
    ledger = opened(settings(tmp_path), time).ledger
    for jump_s in (0, 86_400, -10 * 365 * 86_400, 3_600):
        time.jump_wall(jump_s)
        wait(ledger.transact(says(e.ClockJumped(jump_s * 1000))))

    rows = [s.row for s in read_after(ledger.engine.connection, ledger.engine.epoch, 0, 10)]

    assert [row.sequence for row in rows] == [1, 2, 3, 4]
    assert len({row.monotonic_ms for row in rows}) == 1
    assert [row.wall_ms for row in rows] != sorted(row.wall_ms for row in rows)
