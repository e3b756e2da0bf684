"""People who do anything at all, in any order: the flows never break, and no screen claims what is not durable.

Each seed is one long day at one locker: hands, scanners, jammed latches, silent sensors, failing disks, power cuts,
drawn by lot. Repeat one with `pytest tests/flows/test_random_people.py -k "seed-7"`.
"""

from __future__ import annotations

import logging
import random
from functools import partial
from pathlib import Path

import pytest

from edge_agent.domain import clock_rules
from edge_agent.domain.words import Contents, DoorPosition, ParcelStatus
from edge_agent.kiosk.actions import ARGUMENTS, Digits, Flag, Named, Stars, Waybill
from edge_agent.kiosk.desk import View
from edge_agent.kiosk.screens import Thanks
from tests.flows.at_hand import BADGE, CARD, OTHER_BADGE, PHONE, STAFF_PIN, Kiosk
from tests.flows.furnishing import PIN, change_carrier

STEPS = 600
SEEDS_DEFAULT, SEEDS_SOAK = 15, 150
CARDS = [
    "LKC:S",
    "LKC:M",
    "LKC:L",
    "LKC:BIGGER",
    "LKC:UNDO",
    "LKC:OVERDUE",
    "LKC:DONE",
    "LKC:REPORT",
    "LKC:HELP",
]


class Anybody:
    """Whoever comes along, by seed."""

    def __init__(self, kiosk: Kiosk, seed: int) -> None:
        self.kiosk = kiosk
        self.lot = random.Random(seed)
        self.waybills = 0
        self.deeds = [
            *[self.does_the_next_thing] * 30,
            *[self.touches] * 8,
            *[self.scans] * 5,
            *[self.closes_a_door] * 6,
            *[self.waits] * 3,
            *[self.latches_and_sensors] * 1,
            *[self.disk] * 1,
        ]

    def does_something(self) -> None:
        self.lot.choice(self.deeds)()
        if self.lot.random() < 0.004:
            self.kiosk.power_cut()
            watch(self.kiosk)

    def does_the_next_thing(self) -> None:
        """What the screen asks for, as most people do."""
        screen, fresh = self.kiosk.screen, f"SF{self.waybills:013d}"
        if screen == "home":
            self.kiosk.run(4)
            tokens = [
                "LKT:" + message["token"] for message in self.kiosk.messages.values() if "token" in message
            ]
            self.kiosk.scan(self.lot.choice([BADGE, BADGE, OTHER_BADGE, CARD, *tokens[-6:]]))
        elif screen == "courier-scan":
            self.waybills += 1
            self.kiosk.scan(fresh)
        elif screen == "choose-size":
            self.kiosk.touch("size", id=self.lot.choice(["S", "M", "L"]))
        elif screen == "recipient-phone":
            self.kiosk.touch("phone", digits=self.lot.choice([PHONE, "85290000000"]))
        elif screen in ("courier-pin", "pickup-phone"):
            self.touches()
        else:
            self.kiosk.run(0.5)
            self.closes_a_door()

    def touches(self) -> None:
        vm = self.kiosk.vm
        allowed = [name for name in ARGUMENTS if vm.allows(name)]
        name = self.lot.choice(allowed)
        self.kiosk.touch(name, **self.arguments(name))

    def arguments(self, name: str) -> dict[str, object]:
        kind = ARGUMENTS[name]
        if kind is Digits:
            return {
                "digits": self.lot.choice(
                    [PIN, STAFF_PIN, PHONE, PHONE[-4:], "1001", "12345678", *self.codes()]
                )
            }
        if kind is Named:
            vm = self.kiosk.vm
            lines = [line.id for line in (*getattr(vm, "lines", ()), *getattr(vm, "last", ()))]
            return {
                "id": self.lot.choice(
                    [*lines, "S", "M", "L", "3", "7", "en", "dirty", "doors", "verify", "scanner"]
                )
            }
        if kind is Waybill:
            return {
                "text": self.lot.choice([f"SF{self.waybills:013d}", "SF1000000000002", "X-1", "123456789012"])
            }
        if kind is Flag:
            return {"on": self.lot.random() < 0.8}
        return {"stars": self.lot.randint(1, 5)} if kind is Stars else {}

    def codes(self) -> list[str]:
        return [message["code"] for message in self.kiosk.messages.values() if "code" in message][-3:]

    def scans(self) -> None:
        self.waybills += 1
        tokens = [
            "LKT:" + message["token"] for message in self.kiosk.messages.values() if "token" in message
        ][-4:]
        fresh = f"SF{self.waybills:013d}"
        corpus = [
            BADGE,
            BADGE,
            OTHER_BADGE,
            CARD,
            fresh,
            fresh,
            fresh,
            *tokens,
            self.lot.choice(CARDS),
            "\x01",
            "LKT:no",
        ]
        self.kiosk.scan(self.lot.choice(corpus))

    def closes_a_door(self) -> None:
        self.kiosk.run(self.lot.choice([0.1, 0.5, 3.0]))
        for number in self.open_doors()[:1]:
            if not self.kiosk.disk.fails:
                self.kiosk.close(after_s=self.lot.choice([0.1, 1.0, 5.0]), number=number)

    def open_doors(self) -> list[str]:
        found = [c.number for c in self.kiosk.state.compartment.values() if c.door is DoorPosition.OPEN]
        return self.lot.sample(found, len(found))

    def waits(self) -> None:
        self.kiosk.run(self.lot.choice([0.2, 1.0, 4.0, 25.0, 70.0, 200.0]))
        for number in self.open_doors():
            since = self.kiosk.compartment(number).door_since
            if (
                since
                and self.kiosk.clock.monotonic_s() - since.monotonic_ms / 1000 > 180
                and not self.kiosk.disk.fails
            ):
                self.kiosk.loop.run_until_complete(self.kiosk.doors.stays_open(number))
        if self.lot.random() < 0.1 and not self.kiosk.disk.fails:
            self.kiosk.transact(partial(clock_rules.checkpoint, usable=True))

    def latches_and_sensors(self) -> None:
        some = {str(n) for n in self.lot.sample(range(1, 13), 3)}
        self.kiosk.doors.jammed = some if self.lot.random() < 0.4 else set()
        self.kiosk.doors.mute = some if self.lot.random() < 0.2 else set()

    def disk(self) -> None:
        """It fails between two deeds of the doors: their own journalling is the cabinet's story, not the screen's."""
        self.kiosk.run(1)
        self.kiosk.disk.fails = True
        self.touches()
        self.kiosk.disk.fails = False
        self.kiosk.run(1)


def watch(kiosk: Kiosk) -> None:
    """Look over every view at the moment it is shown."""
    shown = kiosk.page.show

    def show(view: View) -> None:
        claims_only_what_is_durable(kiosk, view)
        shown(view)

    kiosk.page.show = show  # type: ignore[method-assign]


def claims_only_what_is_durable(kiosk: Kiosk, view: View) -> None:
    context = kiosk.session.context
    if view.vm.notice is not None and view.vm.notice.kind == "stored":
        status = kiosk.state.parcel[context.last[0].parcel].status
        assert status is ParcelStatus.STORED, "told stored before the commit"
    if isinstance(view.vm, Thanks) and view.vm.kind == "pickup":
        assert kiosk.state.parcel[kiosk.state.stay[context.stay].parcels[0]].status is ParcelStatus.COLLECTED


def holds(kiosk: Kiosk) -> None:
    """What must be true whatever people do."""
    live = [stay.compartment for stay in kiosk.state.stay.values() if stay.live]
    assert len(live) == len(set(live)), "two live stays in one compartment"
    for compartment in kiosk.state.compartment.values():
        assert not compartment.offered or compartment.contents is Contents.EMPTY
    requested = [event.intent for event in kiosk.happened("door.open_requested")]
    assert len(requested) == len(set(requested))
    assert not kiosk.task.done()


def one_day(folder: Path, template: Path, seed: int) -> tuple[list[str], int]:
    """Returns the journal's types and how many views were shown."""
    kiosk = Kiosk(folder, template, seed)
    try:
        change_carrier(kiosk, phone_required=seed % 3 == 0)
        watch(kiosk)
        anybody = Anybody(kiosk, seed)
        for _ in range(STEPS):
            anybody.does_something()
            holds(kiosk)
        kiosk.run(600)
        for number in anybody.open_doors():
            kiosk.loop.run_until_complete(kiosk.doors.stays_open(number))
            kiosk.run(1)
        kiosk.run(600)
        assert kiosk.screen in ("home", "out-of-service")
        return [event.TYPE for event in kiosk.journal], len(kiosk.page.views)
    finally:
        kiosk.stop()


def seeds() -> list[object]:
    """A tenth by default; all of them in the soak."""
    few = [pytest.param(seed, id=f"seed-{seed}") for seed in range(SEEDS_DEFAULT)]
    many = range(SEEDS_DEFAULT, SEEDS_SOAK)
    return [*few, *(pytest.param(seed, id=f"seed-{seed}", marks=pytest.mark.soak) for seed in many)]


@pytest.mark.parametrize("seed", seeds())
def test_people_do_anything_and_nothing_breaks(
    tmp_path: Path, empty_ledger: Path, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    """No flow breaks, no screen lies, nobody gets another's compartment, and the keypad comes back at the end."""
    caplog.set_level(logging.ERROR)

    one_day(tmp_path / "locker", empty_ledger, seed)

    assert not [record for record in caplog.records if record.getMessage().startswith("flow broken")]


def test_the_same_seed_is_the_same_day(tmp_path: Path, empty_ledger: Path) -> None:
    """A failure that is found can be repeated: events and views, one by one."""
    first = one_day(tmp_path / "a", empty_ledger, 3)

    assert one_day(tmp_path / "b", empty_ledger, 3) == first
    assert "parcel.deposited" in first[0]
