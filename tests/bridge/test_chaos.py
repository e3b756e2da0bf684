"""Random cuts of agent, bridge, broker and line, while doors are blocked and opened: the record equals the journal.

Everything is a process of its own and dies by SIGKILL at a random moment, often while it still recovers from the last
one. A failing run prints its seed in the test's name; the same seed makes the same cuts.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bridge.site import AGENT, EAGER, WIDE, Kind, Site, opened
from tests.bridge.stage import SOURCE

PAUSE_MAX_S = 0.4  # between two cuts: about what a bridge needs to be back
HALT_EVERY = 50  # cuts; then everything has to arrive before it goes on
ORDER_EVERY = 25  # cuts; a signed unlock, sent twice


class Chaos:
    """One seeded run. `cuts` counts what was cut."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site, self.dice = site, random.Random(seed)
        self.cuts: Counter[str] = Counter()
        self.orders: list[str] = []
        self._never = threading.Event()
        proxy = site.proxy
        self._deeds: tuple[tuple[int, str, Callable[[], None]], ...] = (
            (2, "agent", lambda: self._restart(AGENT)),
            (6, "bridge", lambda: self._restart(EAGER)),
            (6, "broker", self._broker),
            (8, "line", proxy.cut),
            (8, "line in a message", lambda: proxy.cut_after(self.dice.randint(1, 4_000))),
            (4, "half the line", proxy.half_close),
            (3, "stall", proxy.stall),
            (3, "refusal", proxy.refuse),
            (3, "drip", lambda: proxy.drip(20_000.0)),
        )

    def run(self, cuts: int) -> None:
        weights, names, _ = zip(*self._deeds, strict=True)
        for number in range(1, cuts + 1):
            self._happenings()
            if number % ORDER_EVERY == 0:
                self._order(f"chaos-{number}", door=1 + number // ORDER_EVERY % 20)
            (name,) = self.dice.choices(names, weights)
            next(deed for _, known, deed in self._deeds if known == name)()
            self.cuts[name] += 1
            self._never.wait(self.dice.random() * PAUSE_MAX_S)
            if name != "line in a message":  # that one waits for its message
                self.site.proxy.heal()
            if number % HALT_EVERY == 0:
                self.site.whole()
        self.site.proxy.heal()

    def _restart(self, program: str) -> None:
        self.site.kill(program)
        self.site.start(program)

    def _broker(self) -> None:
        self.site.broker.kill()
        self._never.wait(self.dice.random() * PAUSE_MAX_S)
        self.site.broker.start()

    def _happenings(self) -> None:
        for _ in range(self.dice.randint(0, 3)):
            self.site.happen(str(self.dice.randint(30, 60)))

    def _order(self, command: str, door: int) -> None:
        """For the session that presence shows now; it may be over before the order arrives, or before its end."""
        order = self.site.unlock(str(door), jti=command, case=command)
        self.orders.append(command)
        for _ in range(2):
            self.site.order(order)


@pytest.mark.parametrize(
    ("kind", "cuts", "seed"),
    [
        (Kind.SECURED, 14, 1),
        (Kind.EMBEDDED, 8, 2),
        pytest.param(Kind.SECURED, 1_000, 3, marks=[pytest.mark.soak, pytest.mark.timeout(3_600)]),
        pytest.param(Kind.EMBEDDED, 200, 4, marks=[pytest.mark.soak, pytest.mark.timeout(900)]),
    ],
)
def test_whatever_is_cut_the_record_equals_the_journal(
    tmp_path: Path, kind: Kind, cuts: int, seed: int
) -> None:
    """F-073, F-077, F-093: gap-free, no doubles, the same bytes; no order opened a door twice."""
    with opened(tmp_path, kind, bridge=EAGER, **WIDE) as site:
        chaos = Chaos(site, seed)
        chaos.run(cuts)

        site.whole()
        print(f"{sum(chaos.cuts.values())} cuts: {dict(chaos.cuts)}; {site.last()} events")

        events = site.office.record.events(SOURCE)
        intents = Counter(
            event["data"]["case"] for event in events if event["type"] == "locker.door.open_requested"
        )
        assert sum(chaos.cuts.values()) == cuts
        assert set(intents.values()) <= {1}
        assert set(intents) <= set(chaos.orders)
        assert len(site.cabinet.coils()) <= len(intents)
