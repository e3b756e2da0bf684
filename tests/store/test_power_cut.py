"""The ledger and the power switch: whatever was reported as accepted is there after a cut at any point."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from edge_agent.errors import StoreError
from edge_agent.store import journal, rebuild
from edge_agent.store.ledger import Ledger
from tests.store.crash_vfs import Image, Op, RecordingVfs, images
from tests.store.locker import SOURCE, a_day, do_all, empty_file, engine_on, ledger_on, wait

BASE = "ledger.db"
CHECKPOINT_EVERY = 9  # transactions: many truncations of the log fall between the cuts


class Recording(NamedTuple):
    ops: list[Op]
    start: dict[str, bytes]
    units: list[int]  # sequence number after each accepted transaction


def record(folder: Path, synchronous: str, visits: int) -> Recording:
    """Run a day once on the recording disk."""
    path = empty_file(folder / "template.db", folder / BASE)
    vfs = RecordingVfs(f"recording-{synchronous}-{folder.name}")
    start = {BASE: path.read_bytes()}
    engine = engine_on(path, vfs=vfs.name, synchronous=synchronous)
    ledger = ledger_on(engine)
    units: list[int] = []

    def accepted(count: int) -> None:
        units.append(ledger.last_sequence)
        vfs.note(Op("ack", count=ledger.last_sequence))
        if count % CHECKPOINT_EVERY == 0:
            assert engine.tidy()

    wait(do_all(ledger, a_day(visits), accepted))
    engine.connection.close()
    vfs.unregister()
    return Recording(vfs.ops, start, units)


def sampled(recording: Recording, cuts: int, seed: int) -> Iterator[Image]:
    """`cuts` images spread evenly over the whole recording; with a full count every operation is cut."""
    rounds = max(1, -(-cuts // len(recording.ops)))
    every = max(1, len(recording.ops) * rounds // cuts)
    for number, image in enumerate(images(recording.ops, recording.start, BASE, rounds, seed)):
        if number % every == 0:
            yield image


def lost(image: Image, recording: Recording, folder: Path) -> str:
    """What is wrong after this cut, in words; "" when nothing is."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    image.write(folder)
    engine = engine_on(folder / BASE)
    try:
        last = engine.last_sequence
        if last < image.accepted:
            return f"{image.accepted} events were accepted, {last} are there"
        if last and last not in recording.units:
            return f"half a transaction: the journal ends at {last}"
        if engine.connection.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
            return "the file is damaged"
        journal.verify(engine.connection, SOURCE)
        differences = rebuild.compare(engine.connection).differences
        return f"fold and tables differ: {differences}" if differences else ""
    finally:
        engine.connection.close()


def check_cuts(tmp_path: Path, visits: int, cuts: int) -> int:
    recording = record(tmp_path, "FULL", visits)
    seed, done = 20261122, 0
    for image in sampled(recording, cuts, seed):
        problem = lost(image, recording, tmp_path / "after")
        assert not problem, f"cut {image.cut}, seed {seed}: {problem}"
        done += 1
    return done


def test_a_power_cut_at_any_point_loses_nothing_that_was_accepted(tmp_path: Path) -> None:
    """A tenth of the cuts, spread over a day of deposits and pickups."""
    assert check_cuts(tmp_path, visits=25, cuts=200) >= 200


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_two_thousand_power_cuts_lose_nothing_that_was_accepted(tmp_path: Path) -> None:
    """Every single write, truncation and sync of the day is a place for the cut."""
    assert check_cuts(tmp_path, visits=60, cuts=2500) >= 2000


def test_the_same_disk_loses_commits_that_are_not_synced(tmp_path: Path) -> None:
    """Were the harness too kind, it would find nothing with `synchronous=NORMAL` either."""
    recording = record(tmp_path, "NORMAL", 15)

    losses = [lost(image, recording, tmp_path / "after") for image in sampled(recording, 60, seed=1)]

    assert sum("accepted" in loss for loss in losses) > 10
    assert not any("damaged" in loss for loss in losses)


class Attempt(NamedTuple):
    accepted: int
    refused: int


def run_with_failures(
    folder: Path, first: int, last: int, error: type[apsw.Error]
) -> tuple[Attempt, Ledger, RecordingVfs]:
    """A day on a disk whose writes `first` to `last` fail (0: all from then on); every accepted event is counted."""
    path = empty_file(folder / "template.db", folder / f"{BASE}-{first}-{last}")
    vfs = RecordingVfs(f"failing-{folder.name}-{first}-{last}-{error.__name__}")
    engine = engine_on(path, vfs=vfs.name)
    vfs.writes, vfs.fail_from, vfs.fail_until, vfs.error = 0, first, last, error
    ledger = ledger_on(engine)
    return wait(until_refused(ledger)), ledger, vfs


async def until_refused(ledger: Ledger) -> Attempt:
    accepted = 0
    for decide in a_day(2):
        try:
            await ledger.transact(decide)
        except StoreError:
            return Attempt(accepted, 1)
        accepted = ledger.last_sequence
        if accepted > 12:
            ledger.engine.tidy()
    return Attempt(accepted, 0)


@pytest.mark.parametrize("error", [apsw.IOError, apsw.FullError])
@pytest.mark.parametrize("lasting", [False, True])
def test_a_write_or_sync_that_fails_never_yields_a_false_success(
    tmp_path: Path, error: type[apsw.Error], lasting: bool
) -> None:
    """The n-th write or sync fails, n = 1, 2, 3 … until a run ends without meeting the failure."""
    for n in range(1, 400):
        attempt, ledger, vfs = run_with_failures(tmp_path, n, 0 if lasting else n, error)
        met = vfs.writes >= n
        state = ledger.state.folded()

        ledger.engine.connection.close(True)
        vfs.unregister()
        engine = engine_on(ledger.engine.path)
        there = engine.last_sequence
        assert there >= attempt.accepted, f"n={n}: {attempt.accepted} accepted, {there} there"
        if there == attempt.accepted:
            assert engine.load().folded() == state, f"n={n}: the state in memory is not what is durable"
        journal.verify(engine.connection, SOURCE)
        assert rebuild.compare(engine.connection).differences == ()
        engine.connection.close()
        if not met:
            assert n > 20
            return
    pytest.fail("the day never ended without meeting the failure")


def test_a_failed_sync_stops_writing_until_the_file_was_opened_anew_and_checked(tmp_path: Path) -> None:
    """After an input/output error nobody knows what is on the card: no further write before a look."""
    chance = random.Random(4)
    attempt, ledger, vfs = run_with_failures(
        tmp_path, first=chance.randrange(8, 20), last=0, error=apsw.IOError
    )
    assert attempt.refused == 1

    with pytest.raises(Exception, match="takes no writes"):
        wait(ledger.transact(next(a_day(1))))
    with pytest.raises(Exception, match="injected"):
        ledger.engine.recover()
    vfs.fail_from = 0
    state = ledger.engine.recover()

    assert ledger.engine.failed is None
    assert rebuild.compare(ledger.engine.connection).differences == ()
    assert state.folded() == ledger.engine.load().folded()
    ledger.engine.connection.close()
    vfs.unregister()
