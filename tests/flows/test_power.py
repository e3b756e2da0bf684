"""The power goes at every step of a deposit, a pickup and a recall: what the next start finds is legal and honest.

A cut takes everything in memory; the journal and the doors stay. After the start, nobody was told "done" for nothing,
no door is pulsed again, and what nobody knows is called unknown.
"""

from __future__ import annotations

import pytest

from edge_agent.domain.stay import Stay
from edge_agent.domain.words import CodeLife, Contents, DoorPosition
from tests.flows.at_hand import BADGE, LATCH_S, Kiosk


@pytest.fixture
def stay(kiosk: Kiosk) -> Stay:
    """One parcel waits; the courier has gone."""
    kiosk.logs_in()
    waiting = kiosk.deposits()
    kiosk.scan(BADGE)
    kiosk.run(10)
    return waiting


def offered(kiosk: Kiosk) -> set[str]:
    return {c.number for c in kiosk.state.compartment.values() if c.offered}


def test_cut_before_the_pulse_of_a_deposit(kiosk: Kiosk) -> None:
    """Trap: the intent is durable, no frame has left. Nobody can know that: the compartment is looked at first."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    kiosk.session.scanned("SF0000000000001")
    kiosk.run(0.01)
    number = kiosk.door

    kiosk.power_cut()

    assert kiosk.screen == "home"
    assert number not in offered(kiosk)
    assert not kiosk.state.intent
    assert not kiosk.happened("parcel.deposited")


def test_cut_after_the_pulse_with_the_door_open(kiosk: Kiosk) -> None:
    """Trap: the door stands open and nobody is there any more: never stored, never free."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    kiosk.scan("SF0000000000001")
    number = kiosk.opens()

    kiosk.power_cut({number: DoorPosition.OPEN})

    assert kiosk.compartment(number).contents is Contents.UNKNOWN
    assert not kiosk.happened("parcel.deposited")
    assert len(kiosk.doors.pulses) == 0  # nothing is pulsed by a start


def test_cut_after_the_closing_and_before_the_commit(kiosk: Kiosk) -> None:
    """Trap: the parcel is inside and was never accepted: to be looked at, and the courier was never told otherwise."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    kiosk.scan("SF0000000000001")
    number = kiosk.opens()
    kiosk.run(5)
    kiosk.loop.run_until_complete(kiosk.doors.hand_closes_unseen_by_screen(number))
    told_stored = [view for view in kiosk.page.views if view.vm.notice and view.vm.notice.kind == "stored"]

    kiosk.power_cut()

    assert not told_stored
    assert kiosk.compartment(number).contents is Contents.UNKNOWN


def test_cut_after_the_commit_keeps_the_parcel(kiosk: Kiosk) -> None:
    """Told "stored" is stored: the code works at the next start."""
    kiosk.logs_in()
    stay = kiosk.deposits()

    kiosk.power_cut()
    kiosk.run(60)  # the coil rests: its ledger survived the cut
    kiosk.scan(kiosk.token_of(stay))

    assert kiosk.opens() == stay.compartment


def test_cut_after_the_claim_costs_nobody_the_code(kiosk: Kiosk, stay: Stay) -> None:
    """Trap: claimed, no opening seen. The code lives again and opens the door at the next start."""
    kiosk.session.scanned(kiosk.token_of(stay))
    kiosk.run(0.01)
    assert kiosk.state.code[stay.id].life is CodeLife.CLAIMED

    kiosk.power_cut()
    assert kiosk.state.code[stay.id].life is CodeLife.LIVE
    kiosk.run(30)
    kiosk.scan(kiosk.token_of(stay))

    assert kiosk.opens() == stay.compartment


def test_cut_with_the_recipients_door_open(kiosk: Kiosk, stay: Stay) -> None:
    """Trap: seen open, so the code is spent; the contents are unknown and nothing was collected by a time-out."""
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()

    kiosk.power_cut({stay.compartment: DoorPosition.OPEN})
    kiosk.run(600)

    assert kiosk.state.code[stay.id].life is CodeLife.SPENT
    assert kiosk.compartment(stay.compartment).contents is Contents.UNKNOWN
    assert not kiosk.happened("parcel.collected")


def test_a_cut_that_closed_the_door_meanwhile_proves_nothing(kiosk: Kiosk, stay: Stay) -> None:
    """Somebody pushed the door while the locker was dark: unknown."""
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()

    kiosk.power_cut({stay.compartment: DoorPosition.CLOSED})

    assert kiosk.compartment(stay.compartment).contents is Contents.UNKNOWN


def test_service_mode_never_survives_a_start(kiosk: Kiosk) -> None:
    """The keypad is back, not the menu."""
    kiosk.scan("LKS:card-0001")
    kiosk.touch("pin", digits="815815")
    assert kiosk.screen == "service-menu"

    kiosk.power_cut()

    assert kiosk.screen == "home"


MOMENTS_S = [0.0, 0.01, 0.1, LATCH_S + 0.01, 1.0, 5.0, 5.2, 8.5]


@pytest.mark.parametrize("moment_s", MOMENTS_S)
def test_cut_at_any_moment_of_a_pickup(kiosk: Kiosk, stay: Stay, moment_s: float) -> None:
    """Scan, open, close after five seconds, thanks: wherever the cut falls, the parcel is collected once or to be
    looked at or waiting with a live code; nothing else."""
    kiosk.session.scanned(kiosk.token_of(stay))
    closes = kiosk.loop.call_later(
        5.0, lambda: kiosk.loop.create_task(kiosk.doors.hand_closes(stay.compartment))
    )
    kiosk.run(moment_s)
    closes.cancel()

    kiosk.power_cut()

    compartment, collected = kiosk.compartment(stay.compartment), kiosk.happened("parcel.collected")
    code = kiosk.state.code.get(stay.id)
    waits = code is not None and code.life is CodeLife.LIVE
    assert len(collected) <= 1
    if collected:
        assert compartment.contents is Contents.EMPTY
    else:
        assert waits or compartment.contents is Contents.UNKNOWN
    assert not kiosk.state.intent
