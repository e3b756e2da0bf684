"""What the locker of these tests is furnished with, and how the back office changes its mind."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from edge_agent.config import Config
from edge_agent.domain import clock_rules, hardware, service
from edge_agent.domain import events as e
from edge_agent.domain.carrier import Carrier, Consent
from edge_agent.domain.courier import Courier
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.instant import Instant
from edge_agent.domain.policy import Expected, Policy, Switches
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Height
from edge_agent.kiosk.session_inputs import pin_text
from edge_agent.store.hasher import Hasher

if TYPE_CHECKING:
    from tests.flows.at_hand import Kiosk

PIN = "4711"
RANKS = {"S": 1, "M": 2, "L": 3}


def furnish(
    state: LockerState, at: Instant, config: Config, policy: Policy | None, hasher: Hasher
) -> Decision:
    """Doors configured and found empty, one carrier, two couriers; every given table as documents would fill it."""
    draft = Draft(state, at)
    specs = tuple(
        e.DoorSpec(door.number, door.size, RANKS[door.size], Height(door.height), door.board)
        for door in config.doors()
    )
    draft.add(
        e.ConfigApplied("digest", specs), e.AcceptancePassed("technician:t", tuple(d.number for d in specs))
    )
    for number in (spec.number for spec in specs):
        draft.add(e.DoorClosed(number))
    draft.give("switches", Switches(accepted=True))
    draft.give("policy", policy or Policy(low_doors_kept=2))
    draft.give("carrier", Carrier("sf", phone_required=False), "sf")
    draft.give("carrier", Carrier("strict", consent=Consent.PRE_ADVISED, phone_required=False), "strict")
    for n, carrier in ((1, "sf"), (2, "strict")):
        badge = hasher.lookup_hash("badge", f"badge-000{n}")
        courier = Courier(str(1000 + n), carrier, hasher.code_hash(pin_text(str(1000 + n), PIN)), badge)
        draft.give("courier", courier, courier.id)
    clocks = clock_rules.checkpoint(draft.state, True, at)
    for change in clocks.given:
        draft.give(change.table, change.row, change.key)
    return draft.done()


def pre_advise(kiosk: Kiosk, waybill: str, **facts: Any) -> None:
    """The back office knows this parcel."""
    waybill_hash = kiosk.hasher.lookup_hash("waybill", waybill)

    def decide(state: LockerState, at: Instant) -> Decision:
        draft = Draft(state, at)
        draft.give("expected", Expected(waybill_hash, facts.pop("carrier", "sf"), **facts), waybill_hash)
        return draft.done()

    kiosk.transact(decide)


def set_aside(kiosk: Kiosk, *numbers: str) -> None:
    """Nobody knows what is inside these."""
    for number in numbers:
        kiosk.transact(partial(service.contents_unknown, number=number, reason="test"))


def change_carrier(kiosk: Kiosk, **changes: object) -> None:
    """A new version of the carriers' document."""

    def decide(state: LockerState, at: Instant) -> Decision:
        draft = Draft(state, at)
        draft.give("carrier", msgspec.structs.replace(state.carrier["sf"], **changes), "sf")
        return draft.done()

    kiosk.transact(decide)


def change_policy(kiosk: Kiosk, **changes: object) -> None:
    """A new version of the policy document."""

    def decide(state: LockerState, at: Instant) -> Decision:
        draft = Draft(state, at)
        draft.give("policy", msgspec.structs.replace(state.rules, **changes))
        return draft.done()

    kiosk.transact(decide)


def as_installed(kiosk: Kiosk) -> None:
    """Before its acceptance: nobody has looked behind any door."""
    kiosk.transact(_not_accepted)
    set_aside(kiosk, *kiosk.state.compartment)
    kiosk.session.locker_changed()
    kiosk.run()


def _not_accepted(state: LockerState, at: Instant) -> Decision:
    draft = Draft(state, at)
    draft.give("switches", Switches(accepted=False))
    return draft.done()


def silence_board(kiosk: Kiosk, board: str) -> None:
    """Retries are over, the board does not answer."""
    numbers = tuple(c.number for c in kiosk.state.compartment.values() if c.board == board)
    kiosk.transact(partial(hardware.board_silent, board=board, doors=numbers, fact="test"))
