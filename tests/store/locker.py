"""A small locker for the store's tests: doors, deposits and pickups as plain events, a ledger under a virtual clock."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.clock import VirtualClock
from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, Draft, VaultWrite
from edge_agent.domain.instant import Instant
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Basis, Cause, CredentialKind, Height
from edge_agent.randomness import SeededRandomness, uuid7
from edge_agent.store import migrate
from edge_agent.store.engine import Engine
from edge_agent.store.executor import Inline
from edge_agent.store.keys import Keys, draw
from edge_agent.store.ledger import Decide, Ledger
from edge_agent.store.opening import Opened, open_ledger
from edge_agent.store.places import Settings
from edge_agent.store.vault import Vault

T = TypeVar("T")

LOCKER = "HK-0001"
SOURCE = f"/lockers/{LOCKER}"
PHONE = "+85291234567"
KEYS = draw(SeededRandomness(7))


def wait(work: Coroutine[Any, Any, T]) -> T:
    """Run one coroutine to its end: tests of the store need no loop of their own."""
    return asyncio.run(work)


def settings(folder: Path, **changes: Any) -> Settings:
    return Settings(folder / "state", LOCKER, "Asia/Hong_Kong", **changes)


def clock() -> VirtualClock:
    return VirtualClock()


def opened(at: Settings, time: VirtualClock | None = None, seed: int = 1) -> Opened:
    """The ledger of a whole agent, everything inline. Its tables are made here, without the process of their own."""
    if not at.state_dir.exists():
        at.state_dir.mkdir(parents=True)
        migrate.main(at.ledger)
    return wait(open_ledger(at, time or clock(), SeededRandomness(seed), Inline()))


def empty_file(template: Path, path: Path) -> Path:
    """A ledger file with tables and nothing in them; made once, then copied."""
    if not template.exists():
        migrate.main(template)
    shutil.copyfile(template, path)
    return path


def engine_on(path: Path, keys: Keys = KEYS, seed: int = 2, **seams: Any) -> Engine:
    chance = SeededRandomness(seed)
    return Engine(path, SOURCE, Vault(keys.device, chance), newborn=uuid7(clock().wall, chance), **seams)


def ledger_on(engine: Engine, time: VirtualClock | None = None, seed: int = 3, **more: Any) -> Ledger:
    return Ledger(engine, engine.load(), time or clock(), SeededRandomness(seed), Inline(), **more)


def says(*events: e.Event, vault: tuple[VaultWrite, ...] = (), result: Any = None) -> Decide:
    """A decision that writes exactly these events."""

    def decide(state: LockerState, at: Instant) -> Decision:
        draft = Draft(state, at)
        draft.add(*events)
        return draft.done(result, vault)

    return decide


def doors(count: int) -> Decide:
    """The configuration names doors 1 to `count`; a technician found them empty."""
    specs = tuple(e.DoorSpec(str(n), "S", 1, Height.MIDDLE, "A") for n in range(1, count + 1))
    return says(
        e.ConfigApplied("digest", specs), e.AcceptancePassed("technician", tuple(d.number for d in specs))
    )


def deposit(n: int, door: str, phone: str = PHONE) -> Iterator[Decide]:
    """One parcel, four transactions: reserved with intent, opened, closed, stored."""
    stay, parcel, intent, session = f"stay-{n}", f"parcel-{n}", f"intent-{n}d", f"session-{n}d"
    waybill = f"SF{n:013d}"
    reserved = e.DepositReserved(
        stay, parcel, door, "sf", "courier-1", session, f"wh{n:062x}", f"ph{hash_of(phone)}"
    )
    wanted = e.DoorOpenRequested(intent, door, Cause.DEPOSIT, "courier-1", 1, n * 9000, 300, session, stay)
    yield says(
        reserved,
        wanted,
        vault=(VaultWrite(stay, "phone", phone), VaultWrite(stay, f"waybill:{parcel}", waybill)),
    )
    yield says(e.DoorOpened(intent, door))
    yield says(e.DoorClosed(door, intent, 9000))
    stored = e.ParcelDeposited(
        stay, parcel, door, "sf", "courier-1", f"ch{n:062x}", f"th{n:062x}", 172_800_000, session, "S"
    )
    yield says(
        stored, e.SessionEnded(session, "done"), vault=(VaultWrite(stay, "code", f"{73_190_000 + n}"),)
    )


def pickup(n: int, door: str) -> Iterator[Decide]:
    """The same parcel leaves, three transactions: claimed with intent, opened, closed and collected."""
    stay, intent, session = f"stay-{n}", f"intent-{n}p", f"session-{n}p"
    wanted = e.DoorOpenRequested(
        intent, door, Cause.PICKUP, "recipient", 1, n * 9000 + 4000, 300, session, stay
    )
    yield says(wanted, e.CodeClaimed(stay, intent, session, CredentialKind.CODE))
    yield says(e.DoorOpened(intent, door), e.CodeSpent(stay, intent))
    taken = e.ParcelCollected(stay, (f"parcel-{n}",), door, Basis.RECIPIENT, session, "code", 9000)
    yield says(e.DoorClosed(door, intent, 9000), taken, e.SessionEnded(session, "done"))


def hash_of(phone: str) -> str:
    return phone.encode().hex().zfill(62)


def a_day(visits: int, door_count: int = 6, seed: int = 5) -> Iterator[Decide]:
    """Deposits and pickups, one after the other, over few doors: each item is one transaction."""
    chance = random.Random(seed)
    free = [str(n) for n in range(1, door_count + 1)]
    inside: list[tuple[int, str]] = []
    yield doors(door_count)
    for n in range(1, visits + 1):
        if inside and (not free or chance.random() < 0.4):
            there, door = inside.pop(chance.randrange(len(inside)))
            yield from pickup(there, door)
            free.append(door)
        if free:
            door = free.pop(0)
            yield from deposit(n, door)
            inside.append((n, door))


async def do_all(
    ledger: Ledger, decisions: Iterator[Decide], after_each: Callable[[int], None] | None = None
) -> int:
    """Transact every decision; `after_each` is told how many are accepted so far. Returns the count."""
    count = 0
    for decide in decisions:
        await ledger.transact(decide)
        count += 1
        if after_each is not None:
            after_each(count)
    return count
