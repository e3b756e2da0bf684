"""The load run: an idle locker first, then peak season with a flapping broker, then the count.

Both parts do the same visits at the same pace of one person; what differs is what else goes on: a deposit each few
seconds with pickups between them, a full ledger, orders from the office, and a broker that is killed again and again.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from sim.cloud.asking import ask
from sim.demo import BADGE, lockerctl
from sim.fleet.figures import Meter, percentile
from sim.load.people import People, Told
from sim.load.site import LOCKER, Site, site, waybill

TOKEN = re.compile(r"LKT:([0-9a-f]+)")
FLAP_DOWN_S = 2.0  # how long the broker is away each time
OPERATOR_S = 5.0  # between two orders of the office
REST_S = 2.5  # a coil rests two seconds after a pulse; nobody reads a message faster
MESSAGE_S = 10.0  # for an SMS at an idle locker
LOOK_S = 0.05
DRAIN_S = 150.0  # for the record to have the whole journal: above the bridge's longest back-off
SCANNER = "front"


@dataclass(frozen=True, slots=True)
class Wish:
    """`every_s`: a deposit each so long, and as many pickups; `idle`: visits of the idle part."""

    minutes: float
    every_s: float = 8.0
    doors: int = 390
    idle: int = 30
    flap_s: float = 30.0  # between two deaths of the broker; 0: none
    folder: Path = Path()

    @property
    def lie_s(self) -> float:
        """How long a parcel lies at the peak: up to five minutes, so that the locker fills."""
        return max(REST_S, min(300.0, self.minutes * 60 / 6))

    @property
    def parcels(self) -> int:
        return self.idle + int(self.minutes * 60 / self.every_s) + 1


@dataclass
class Outcome:
    """For printing and for tests."""

    wish: Wish
    idle: Told = field(default_factory=Told)
    peak: Told = field(default_factory=Told)
    flaps: int = 0
    orders: int = 0
    journal: int = 0
    recorded: int = 0
    counted: dict[str, int] = field(default_factory=dict)
    energisings: int = 0
    load: dict[str, tuple[float, float]] = field(default_factory=dict)  # program → (% of a core, MiB)
    behind_s: float = 0.0  # how late the last deposit began
    inside: set[str] = field(default_factory=set)  # doors with a parcel, by the cabinet
    believed: set[str] = field(default_factory=set)  # the same, by the office

    def wrong(self) -> list[str]:
        """What was lost, doubled or left undone; empty where nothing was."""
        deposits = len(self.idle.deposit_s) + len(self.peak.deposit_s)
        pickups = len(self.idle.pickup_s) + len(self.peak.pickup_s)
        told = self.idle.failed + self.peak.failed
        if self.inside != self.believed:
            told.append(
                f"doors with a parcel: {sorted(self.inside)}, the office believes {sorted(self.believed)}"
            )
        for name, found, wanted in (
            ("deposits in the record", self.counted.get("stored", 0), deposits),
            ("pickups in the record", self.counted.get("collected", 0), pickups),
            ("coils energised", self.energisings, deposits + pickups),
            ("events in the record", self.recorded, self.journal),
        ):
            if found != wanted:
                told.append(f"{name}: {found}, {wanted} expected")
        return told


class Messages:
    """The recipients' telephones: tokens by the SMS of the office's page, oldest first."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._seen: set[str] = set()
        self._tokens: deque[tuple[float, str]] = deque()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="messages", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        number = 0
        while not self._stopped.is_set():
            told = ask(self._page, f"/view?locker={LOCKER}&after={number}")
            number = told["number"]
            for one in reversed(told["view"]["messages"] if told["view"] else []):
                found = TOKEN.search(one["text"])
                if found and found[1] not in self._seen:
                    self._seen.add(found[1])
                    self._tokens.append((time.monotonic(), found[1]))

    def next(self, rest_s: float, wait_s: float = 0.0) -> str:
        """A message that is `rest_s` old: its recipient comes now. "" where none is within `wait_s`."""
        until_s = time.monotonic() + wait_s
        while not self._due(rest_s):
            if time.monotonic() >= until_s:
                return ""
            time.sleep(LOOK_S)
        return self._tokens.popleft()[1]

    def _due(self, rest_s: float) -> bool:
        return bool(self._tokens) and time.monotonic() - self._tokens[0][0] >= rest_s

    def stop(self) -> None:
        self._stopped.set()


def run(wish: Wish, say: Callable[[str], None] = lambda line: None) -> Outcome:
    """Raises RuntimeError, OSError where it cannot begin."""
    outcome = Outcome(wish)
    with site(wish.folder, wish.doors, wish.parcels) as place:
        people, messages = People(place.cabinet, SCANNER, BADGE), Messages(place.page)
        numbers = count(1)
        say(f"{wish.doors} doors in service; {wish.idle} visits at an idle locker")
        for _ in range(wish.idle):
            _visit(people, messages, next(numbers), outcome.idle)
        say(f"peak: a deposit each {wish.every_s:g} s for {wish.minutes:g} minutes")
        meters = {name: Meter(pid) for name, pid in place.pids.items()}
        with _troubles(place, wish, outcome):
            _peak(wish, people, messages, numbers, outcome, say)
        for name, meter in meters.items():
            meter.look()
            outcome.load[name] = (meter.cpu_percent(), meter.rss_most_mib)
        messages.stop()
        _count(place, outcome)
    return outcome


def _visit(people: People, messages: Messages, number: int, told: Told) -> None:
    people.deposit(waybill(number), told)
    if token := messages.next(REST_S, MESSAGE_S):
        people.pickup(token, told)


def _peak(
    wish: Wish,
    people: People,
    messages: Messages,
    numbers: Iterator[int],
    outcome: Outcome,
    say: Callable[[str], None],
) -> None:
    """A deposit at its moment, as many pickups as there is time for until the next one."""
    began_s = time.monotonic()
    for turn in range(int(wish.minutes * 60 / wish.every_s)):
        due_s = began_s + turn * wish.every_s
        time.sleep(max(0.0, due_s - time.monotonic()))
        outcome.behind_s = time.monotonic() - due_s
        people.deposit(waybill(next(numbers)), outcome.peak)
        if token := messages.next(wish.lie_s):
            people.pickup(token, outcome.peak)
        if turn % 10 == 9:
            say(
                f"{len(outcome.peak.deposit_s)} deposits, {len(outcome.peak.pickup_s)} pickups, {outcome.flaps} flaps"
            )


@contextmanager
def _troubles(place: Site, wish: Wish, outcome: Outcome) -> Iterator[None]:
    """The broker dies again and again, and the office asks for things all the time, until the block ends."""
    over = threading.Event()

    def flap() -> None:
        while wish.flap_s and not over.wait(wish.flap_s):
            place.broker.kill()
            over.wait(FLAP_DOWN_S)
            place.broker.start()
            outcome.flaps += 1

    def order() -> None:
        while not over.wait(OPERATOR_S):
            try:
                ask(place.page, f"/lockers/{LOCKER}/orders", {"cmd": "read_doors"})
                outcome.orders += 1
            except (ValueError, OSError):
                pass  # the locker is away with its broker: an operator tries again, too

    threads = [threading.Thread(target=deed, daemon=True) for deed in (flap, order)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _count(place: Site, outcome: Outcome) -> None:
    """Journal, record and coils against what people did."""
    outcome.energisings = len(place.cabinet.coils())
    until_s = time.monotonic() + DRAIN_S
    while time.monotonic() < until_s:
        outcome.journal = _journal_length(place)
        view = ask(place.page, f"/view?locker={LOCKER}")["view"]
        outcome.recorded = int(view["picture"]["last"])
        if outcome.recorded >= outcome.journal:
            break
        time.sleep(0.5)
    types: dict[str, int] = view["picture"]["types"]
    outcome.counted = {
        "stored": types.get("parcel.deposited", 0),
        "collected": types.get("parcel.collected", 0),
    }
    outcome.inside = {door["number"] for door in place.cabinet.doors() if door["inside"] == "parcel"}
    outcome.believed = {door["number"] for door in view["picture"]["doors"] if door["contents"] == "parcel"}


def _journal_length(place: Site) -> int:
    told: dict[str, Any] = json.loads(lockerctl(place.config, "--json", "journal", "show", "--last", "1"))
    return int(told["events"][0]["sequence"])


def ratio(outcome: Outcome, share: float) -> float:
    """Peak's latency over idle's, at this share."""
    idle_s = percentile(outcome.idle.latencies_s, share)
    return percentile(outcome.peak.latencies_s, share) / idle_s if idle_s else 0.0
