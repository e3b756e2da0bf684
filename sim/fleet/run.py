"""A fleet's run: broker, office members, lockers, storms, and what came of it. One event loop for all lockers."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.cloud.record import Record
from sim.cloud.tls import context
from sim.fleet.broker import OwnMosquitto
from sim.fleet.figures import Figures, Meter
from sim.fleet.line import Broker
from sim.fleet.locker import FleetLocker

HELPERS = 8  # threads that dial for everybody; nothing else blocks
TICK_S = 5.0  # between two looks at a locker's keep-alive and patience; each locker has its own moment in it
DRAIN_S = 60.0  # for what is under way at the end: a stalled locker asks again after 30 s
OFFICE_S = 20.0
LOOK_S = 0.01
SAY_S = 10.0  # between two lines for whoever watches
GOODBYE_S = 0.5  # for the last packets to leave
FILES_EACH = 1  # a socket
FILES_ELSE = 256


@dataclass(frozen=True, slots=True)
class Wish:
    """What to run. `rate`: events a locker and minute. `storms`: all lines cut; `restarts`: our own broker killed."""

    lockers: int
    minutes: float
    rate: float = 1.0
    seed: int = 1
    broker: str = ""
    broker_pid: int = 0  # of a broker on this machine that is not ours, to measure it
    papers: tuple[str, ...] = ()  # CA, certificate, key
    offices: int = 2
    storms: int = 1
    restarts: int = 0
    patience_s: float = (
        150.0  # for everybody to come online, or back after a storm: above the back-off's ceiling
    )
    folder: Path = Path()


@dataclass
class Storm:
    """One of them: how long until `share` of all lines stood again, and the busiest second of dialling."""

    what: str
    back_s: dict[str, float] = field(default_factory=dict)
    connects_per_s: int = 0


@dataclass
class Outcome:
    """The run's end, for printing and for tests."""

    wish: Wish
    figures: Figures
    first_connect_s: float = 0.0
    storms: list[Storm] = field(default_factory=list)
    offices: list[dict[str, float]] = field(default_factory=list)
    broker_cpu_percent: float = 0.0
    broker_rss_mib: float = 0.0
    fleet_cpu_percent: float = 0.0
    took_s: float = 0.0
    missing: int = 0
    broken: int = 0  # lockers whose record has a gap or does not reach the journal's end

    @property
    def lost(self) -> bool:
        return bool(self.missing or self.broken)


class Fleet:
    """The lockers of one run, in the running loop."""

    def __init__(self, wish: Wish, url: str, helpers: ThreadPoolExecutor) -> None:
        self.figures = Figures()
        self._wish = wish
        self._dice = random.Random(wish.seed)
        self._loop = asyncio.get_running_loop()
        broker = Broker(url, context(*wish.papers) if wish.papers else None)
        self.lockers = [
            FleetLocker(
                f"F-{number:06d}", broker, random.Random(f"{wish.seed}-{number}"), self.figures, helpers
            )
            for number in range(1, wish.lockers + 1)
        ]
        self._going = True

    def start(self) -> None:
        for locker in self.lockers:
            locker.start()
            self._every(TICK_S, locker.tick)

    def begin_events(self) -> None:
        for locker in self.lockers:
            self._every(60.0 / self._wish.rate, lambda one=locker: self._going and one.happen())  # type: ignore[misc]

    def stop_events(self) -> None:
        self._going = False

    def _every(self, period_s: float, deed: Callable[[], Any]) -> None:
        """At its own moment of each period."""
        next_s = self._loop.time() + self._dice.uniform(0, period_s)

        def again() -> None:
            nonlocal next_s
            next_s += period_s
            self._loop.call_at(next_s, again)
            deed()

        self._loop.call_at(next_s, again)

    async def until_online(self, share: float, within_s: float) -> float:
        """How long it took; raises TimeoutError."""
        began_s, wanted = time.monotonic(), int(share * len(self.lockers))
        if not await _until(lambda: self.figures.online >= wanted, within_s):
            raise TimeoutError(f"{self.figures.online} of {len(self.lockers)} lockers are online")
        return time.monotonic() - began_s

    async def until_acknowledged(self, within_s: float) -> None:
        """Until nothing waits, or the time is up: what is missing then is counted."""
        await _until(lambda: self.figures.acknowledged_count >= self.figures.events, within_s)

    async def leave(self) -> None:
        for locker in self.lockers:
            locker.leave()
        await asyncio.sleep(GOODBYE_S)

    async def weather(self, storm: Storm, deed: Callable[[], None]) -> None:
        """`deed` takes every line away; note how they come back."""
        began_s, self.figures.calm = time.monotonic(), False
        deed()
        await _until(lambda: self.figures.online <= len(self.lockers) // 2, OFFICE_S)
        for share in (0.5, 0.99, 1.0):
            await self.until_online(share, self._wish.patience_s)
            storm.back_s[f"{share:.0%}"] = time.monotonic() - began_s
        await self.until_acknowledged(self._wish.patience_s)
        self.figures.calm = True
        storm.connects_per_s = self.figures.connects_per_s(began_s)


async def _until(true: Callable[[], bool], within_s: float) -> bool:
    """Look until it is so, or the time is up. The lines' callbacks run between two looks."""
    until_s = time.monotonic() + within_s
    while not (found := true()) and time.monotonic() < until_s:  # noqa: ASYNC110 - an event for each count costs more
        await asyncio.sleep(LOOK_S)
    return found


async def run(wish: Wish, say: Callable[[str], None] = lambda line: None) -> Outcome:
    """Raises RuntimeError, TimeoutError, OSError where the run cannot begin or a storm does not end."""
    _room_for(wish.lockers)
    own = None if wish.broker else OwnMosquitto(wish.folder)
    if own is not None:
        own.start()
    try:
        url = wish.broker or (own.url if own else "")
        with ThreadPoolExecutor(HELPERS, "dial") as helpers:
            return await _measured(wish, url, own, helpers, say)
    finally:
        if own is not None:
            own.stop()


async def _measured(
    wish: Wish, url: str, own: OwnMosquitto | None, helpers: ThreadPoolExecutor, say: Callable[[str], None]
) -> Outcome:
    fleet = Fleet(wish, url, helpers)
    outcome = Outcome(wish, fleet.figures)
    began_s, used_s = time.monotonic(), time.process_time()
    async with _offices(wish, url, outcome):
        fleet.start()
        outcome.first_connect_s = await fleet.until_online(1.0, wish.patience_s)
        say(f"{wish.lockers} lockers online after {outcome.first_connect_s:.1f} s")
        pid = own.pid if own is not None else wish.broker_pid
        host = Host(fleet, own, Meter(pid) if pid else None)
        fleet.begin_events()
        await _minutes(wish, host, outcome, say)
        fleet.stop_events()
        await fleet.until_acknowledged(DRAIN_S)
        host.look()
        if host.meter is not None:
            outcome.broker_cpu_percent, outcome.broker_rss_mib = (
                host.meter.cpu_percent(),
                host.meter.rss_most_mib,
            )
        outcome.took_s = time.monotonic() - began_s
        outcome.fleet_cpu_percent = 100 * (time.process_time() - used_s) / outcome.took_s
        await fleet.leave()
    _compare(fleet, wish.folder / "fleet.db", outcome)
    return outcome


@dataclass
class Host:
    """The fleet and, where it is ours, its broker."""

    fleet: Fleet
    own: OwnMosquitto | None
    meter: Meter | None

    def look(self) -> None:
        if self.meter is not None:
            self.meter.look()

    def cut_lines(self) -> None:
        for locker in self.fleet.lockers:
            locker.cut()

    def restart_broker(self) -> None:
        assert self.own is not None
        self.look()
        self.own.kill()
        self.own.start()
        if self.meter is not None:
            self.meter.follow(self.own.pid)


async def _minutes(wish: Wish, host: Host, outcome: Outcome, say: Callable[[str], None]) -> None:
    """The run's minutes, with its storms evenly between them."""
    plan = [("lines cut", host.cut_lines)] * wish.storms
    if host.own is not None:
        plan += [("broker killed", host.restart_broker)] * wish.restarts
    pause_s = 60 * wish.minutes / (len(plan) + 1)
    await _calm(pause_s, host, say)
    for what, deed in plan:
        storm = Storm(what)
        outcome.storms.append(storm)
        await host.fleet.weather(storm, deed)
        say(f"{what}: all back after {storm.back_s['100%']:.1f} s")
        await _calm(pause_s, host, say)


async def _calm(seconds: float, host: Host, say: Callable[[str], None]) -> None:
    until_s = time.monotonic() + seconds
    while (left_s := until_s - time.monotonic()) > 0:
        await asyncio.sleep(min(left_s, SAY_S))
        host.look()
        say(f"{host.fleet.figures.events} events, {host.fleet.figures.acknowledged_count} acknowledged")


@asynccontextmanager
async def _offices(wish: Wish, url: str, outcome: Outcome) -> AsyncIterator[None]:
    """The consumer group, until the block ends; its members' figures then stand in `outcome`."""
    record = str(wish.folder / "fleet.db")
    Record(record).close()  # made once: two members that make it at the same moment lock each other out
    members = [_member(wish, url, record, f"office-{number}") for number in range(1, wish.offices + 1)]
    try:
        for member in members:
            assert member.stdout is not None
            said = await asyncio.to_thread(
                member.stdout.readline
            )  # it ends by itself where no broker answers
            if said.strip() != "ready":
                raise RuntimeError(f"the broker at {url} does not answer the office")
        yield
    finally:
        for member in members:
            member.terminate()
        for member in members:
            told = member.communicate(timeout=OFFICE_S)[0].strip()
            if told.startswith("{"):
                outcome.offices.append(json.loads(told))


def _member(wish: Wish, url: str, record: str, name: str) -> subprocess.Popen[str]:
    patience = str(min(wish.patience_s, OFFICE_S))
    command = [sys.executable, "-m", "sim.fleet.member", url, record, name, patience, *wish.papers]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program


def _compare(fleet: Fleet, record: Path, outcome: Outcome) -> None:
    """Journals against the record: what is missing, and whose row of numbers is not 1, 2, 3 ... to the end."""
    base = sqlite3.connect(record)
    rows = {
        (source, epoch): (count, last)
        for source, epoch, count, last in base.execute(
            "SELECT source, epoch, count(*), max(sequence) FROM event GROUP BY source, epoch"
        )
    }
    base.close()
    for locker in fleet.lockers:
        count, last = rows.get((f"/lockers/{locker.name}", locker.journal.epoch), (0, 0))
        outcome.missing += locker.journal.made - count
        outcome.broken += count != last or last != locker.journal.made


def _room_for(lockers: int) -> None:
    """A socket each, here and in a broker of ours. Raises RuntimeError where the system allows fewer."""
    wanted = lockers * FILES_EACH + FILES_ELSE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted <= hard or (soft < wanted and hard == resource.RLIM_INFINITY):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    elif soft < wanted:
        raise RuntimeError(f"{wanted} open files needed, {hard} allowed: raise the limit (ulimit -n)")
