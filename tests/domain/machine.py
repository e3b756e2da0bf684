"""The whole domain as a state machine: people, doors, jams, power cuts and wrong clocks in any order.

The rules play honest people; `machine_world.py` holds the physical truth and checks after every step what must never be
false. A store's test overrides `make_locker` and runs the same rules against the real ledger.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from edge_agent.domain import (
    deposits,
    doors,
    pickups,
    sessions,
)
from edge_agent.domain.deposits import Credentials, Left
from edge_agent.domain.intent import Situation
from edge_agent.domain.openings import Opening, live_intent
from edge_agent.domain.words import (
    Cause,
    DoorPosition,
    Report,
    StayStatus,
)
from tests.domain.machine_care import PICKS, SECONDS, LockerCare


class LockerMachine(LockerCare):
    """Every rule is one thing that a person, a lock, a clock or a power supply does."""

    # a courier deposits

    @rule(
        size=st.sampled_from("SML"), phone=st.integers(1, 3), low=st.booleans(), pick=PICKS, old=st.booleans()
    )
    def courier_scans(self, size: str, phone: int, low: bool, pick: int, old: bool) -> None:
        session = self.choose(self.visits, pick) if old and self.visits else self.visit("courier")
        request = self.locker.request(
            session=session,
            size=size,
            phone_hash=f"phone-{phone}",
            low_needed=low,
            not_now=tuple(sorted(self.standing_open)),
        )
        self.tried(lambda s, at: deposits.reserve(s, request, at, self.locker.chance))

    @rule(pick=PICKS)
    @precondition(lambda m: m.stays(StayStatus.RESERVED, StayStatus.STORED))
    def courier_adds_a_parcel(self, pick: int) -> None:
        stay = self.choose(self.stays(StayStatus.RESERVED, StayStatus.STORED), pick)
        if stay is not None:
            request = self.locker.request(
                session=stay.session, courier=stay.courier, phone_hash=stay.phone_hash
            )
            self.tried(lambda s, at: deposits.add_parcel(s, stay.id, request, at, self.locker.chance))

    @rule(pick=PICKS, size=st.sampled_from("SML"))
    @precondition(lambda m: m.stays(StayStatus.RESERVED))
    def courier_wants_another_door(self, pick: int, size: str) -> None:
        stay = self.choose(self.stays(StayStatus.RESERVED), pick)
        if stay is None:
            return
        left = self.answer_of_courier(stay)
        waybill = self.locker.state.parcel[stay.parcels[0]].waybill_hash
        request = self.locker.request(
            session=stay.session, size=size, waybill_hash=waybill, phone_hash=stay.phone_hash
        )
        if len(stay.parcels) == 1:
            chance = self.locker.chance
            self.tried(lambda s, at: deposits.another_compartment(s, stay.id, left, request, at, chance))

    @rule(pick=PICKS, shy=st.booleans())
    @precondition(lambda m: any(m.unstored(s) for s in m.locker.state.stay.values()))
    def courier_cancels(self, pick: int, shy: bool) -> None:
        stay = self.choose([s for s in self.locker.state.stay.values() if self.unstored(s)], pick)
        if stay is not None:
            left = Left.UNKNOWN if shy else self.answer_of_courier(stay)
            self.tried(lambda s, at: deposits.cancel(s, stay.id, left, at))

    @rule(pick=PICKS)
    @precondition(lambda m: m.stays(StayStatus.RESERVED))
    def courier_left_it_inside_unfinished(self, pick: int) -> None:
        stay = self.choose(self.stays(StayStatus.RESERVED), pick)
        self.tried(lambda s, at: deposits.interrupted(s, stay.id, "left inside", at))

    @rule(pick=PICKS)
    @precondition(lambda m: any(m.unstored(s) for s in m.locker.state.stay.values()))
    def courier_tries_the_door_again(self, pick: int) -> None:
        stay = self.choose(self.stays(StayStatus.RESERVED, StayStatus.STORED), pick)
        if stay is not None:
            self.tried(lambda s, at: deposits.try_again(s, stay.id, at, self.locker.chance))

    @rule(pick=PICKS)
    @precondition(lambda m: m.intents(Situation.CLOSED_WITHOUT_CONCLUSION, Cause.DEPOSIT))
    def deposit_counts_as_stored(self, pick: int) -> None:
        intent = self.closed_after(pick, Cause.DEPOSIT)
        stay = self.locker.state.stay.get(intent.stay) if intent else None
        if stay is None or not self.unstored(stay) <= self.inside[stay.compartment]:
            return
        drawn = Credentials(self.fresh("code"), self.fresh("token"))
        self.tried(lambda s, at: deposits.deposited(s, stay.id, drawn, at))
        if self.locker.state.code[stay.id].code_hash == drawn.code_hash:
            self.codes.append(drawn)

    @rule(size=st.sampled_from("SML"), phone=st.integers(1, 2), parcels=st.integers(1, 3))
    def a_deposit_goes_well(self, size: str, phone: int, parcels: int) -> None:
        """The usual thing in one step, so that the walk gets to the rarer things behind it."""
        session, chance = self.visit("courier"), self.locker.chance
        common = {"session": session, "size": size, "phone_hash": f"phone-{phone}"}
        request = self.locker.request(not_now=tuple(sorted(self.standing_open)), **common)
        opening = self.tried(lambda s, at: deposits.reserve(s, request, at, chance))
        if opening is None or not self.sees(opening.compartment):
            return
        self.move_door(opening.compartment, self.locker.state.intent[opening.intent], "leave")
        for _ in range(parcels - 1):
            more = self.locker.request(**common)
            self.tried(lambda s, at, r=more: deposits.add_parcel(s, opening.stay, r, at, chance))
        self.inside[opening.compartment] = set(self.locker.state.stay[opening.stay].parcels)
        self.standing_open.discard(opening.compartment)
        self.locker.closes(opening.compartment)
        self.deposit_counts_as_stored(0)

    @precondition(lambda m: m.codes)
    @rule(pick=PICKS, hand=st.sampled_from(("take", "leave")), seconds=SECONDS, conclude=st.booleans())
    def a_pickup_gets_to_the_closed_door(self, pick: int, hand: str, seconds: float, conclude: bool) -> None:
        self.recipient_shows_a_code(pick, by_token=True)
        for intent in self.intents(Situation.INTENT_WITHOUT_OUTCOME, Cause.PICKUP):
            if self.sees(intent.compartment):
                self.move_door(intent.compartment, intent, hand)
                self.standing_open.discard(intent.compartment)
                self.locker.closes(intent.compartment, seconds)
        if conclude:
            self.pickup_is_concluded(0, "taken" if hand == "take" else "refused")

    # locks and doors

    @rule(pick=PICKS, hand=st.sampled_from(("put", "take", "leave")))
    @precondition(lambda m: m.intents(Situation.INTENT_WITHOUT_OUTCOME))
    def lock_opens(self, pick: int, hand: str) -> None:
        intent = self.choose(self.intents(Situation.INTENT_WITHOUT_OUTCOME), pick)
        if intent is not None:
            self.move_door(intent.compartment, intent, hand)

    @rule(pick=PICKS)
    @precondition(lambda m: m.intents(Situation.INTENT_WITHOUT_OUTCOME))
    def lock_jams(self, pick: int) -> None:
        intent = self.choose(self.intents(Situation.INTENT_WITHOUT_OUTCOME), pick)
        if (
            intent is not None
            and intent.compartment not in self.standing_open
            and self.sees(intent.compartment)
        ):
            self.locker.jams(intent.id)

    @rule(pick=PICKS, moved=st.booleans(), hand=st.sampled_from(("put", "take")))
    @precondition(lambda m: m.intents(Situation.INTENT_WITHOUT_OUTCOME))
    def nobody_can_tell(self, pick: int, moved: bool, hand: str) -> None:
        intent = self.choose(self.intents(Situation.INTENT_WITHOUT_OUTCOME), pick)
        if intent is None:
            return
        self.tried(lambda s, at: doors.outcome_unknown(s, intent.id, at))
        if moved:
            self.standing_open.add(intent.compartment)
            self.hand_moves(intent.compartment, intent, hand)

    @rule(pick=PICKS, shut=st.booleans(), seconds=SECONDS, hand=st.sampled_from(("put", "take", "leave")))
    @precondition(lambda m: m.standing_open)
    def somebody_at_an_open_door(self, pick: int, shut: bool, seconds: float, hand: str) -> None:
        number = self.choose(sorted(self.standing_open), pick)
        if number is None:
            return
        self.locker.pass_s(seconds)
        intent = live_intent(self.locker.state, number)
        if intent is not None and not intent.abandoned:
            self.hand_moves(number, intent, hand)
        if shut:
            self.standing_open.discard(number)
            if self.sees(number):
                self.tried(lambda s, at: doors.closed(s, number, at))

    @rule()
    def the_watch_reads_all_doors(self) -> None:
        for number, compartment in sorted(self.locker.state.compartment.items()):
            if not self.sees(number):
                continue
            if number in self.standing_open:
                self.locker.opens(number)
            elif compartment.door is DoorPosition.OPEN or live_intent(self.locker.state, number):
                self.tried(lambda s, at, n=number: doors.closed(s, n, at))

    @rule(pick=PICKS, other=PICKS)
    @precondition(lambda m: m.intents(Situation.INTENT_WITHOUT_OUTCOME))
    def the_wrong_door_moves(self, pick: int, other: int) -> None:
        intent = self.choose(self.intents(Situation.INTENT_WITHOUT_OUTCOME), pick)
        still = [
            n for n in self.inside if n not in self.standing_open and not live_intent(self.locker.state, n)
        ]
        moved = self.choose(still, other)
        if intent is not None and moved is not None and self.sees(moved):
            self.standing_open.add(moved)
            self.locker.do(lambda s, at: doors.wrong_door(s, intent.id, moved, at))

    @rule(pick=PICKS, stolen=st.booleans())
    @precondition(lambda m: m.count % 4 == 0)
    def a_door_is_forced(self, pick: int, stolen: bool) -> None:
        quiet = [
            n for n in self.inside if n not in self.standing_open and not live_intent(self.locker.state, n)
        ]
        number = self.choose(quiet, pick)
        if number is not None and self.sees(number):
            self.standing_open.add(number)
            if stolen:
                self.inside[number].clear()
            self.locker.opens(number)

    # a recipient picks up

    @rule(pick=PICKS, by_token=st.booleans())
    @precondition(lambda m: m.codes)
    def recipient_shows_a_code(self, pick: int, by_token: bool) -> None:
        """Any code that ever was, spent ones included, but mostly one that should open a door."""
        kept = self.locker.state.stay_by_code
        known = [c for c in self.codes if c.code_hash in kept and c.code_hash not in self.spent]
        shown = self.choose(known if pick % 4 and known else self.codes, pick // 4)
        if shown is None:
            return
        session, chance = self.visit("recipient"), self.locker.chance
        spent_before = shown.code_hash in self.spent
        if by_token:
            got = self.tried(lambda s, at: pickups.claim_by_token(s, shown.token_hash, session, at, chance))
        else:
            got = self.tried(lambda s, at: pickups.claim_by_code(s, shown.code_hash, session, at, chance))
        assert not (spent_before and isinstance(got, Opening)), "a code opened a door after it was spent"

    @rule(pick=PICKS)
    def recipient_types_a_wrong_code(self, pick: int) -> None:
        self.tried(lambda s, at: pickups.claim_by_code(s, f"nothing-{pick}", "", at, self.locker.chance))

    @rule(pick=PICKS, again=st.booleans())
    @precondition(lambda m: any(s.session for s in m.locker.state.stay.values()))
    def recipient_opens_again(self, pick: int, again: bool) -> None:
        stay = self.choose([s for s in self.locker.state.stay.values() if s.session], pick)
        if stay is not None:
            how = pickups.reopen if again else pickups.try_again
            self.tried(lambda s, at: how(s, stay.id, stay.session, at, self.locker.chance))

    @rule(pick=PICKS)
    @precondition(lambda m: any(s.session for s in m.locker.state.stay.values()))
    def recipient_goes_on_to_the_next(self, pick: int) -> None:
        stay = self.choose([s for s in self.locker.state.stay.values() if s.session], pick)
        others = pickups.others_of(self.locker.state, stay.id) if stay is not None else ()
        if stay is not None and others:
            chance = self.locker.chance
            self.tried(
                lambda s, at: pickups.claim_another(s, others[0].id, stay.id, stay.session, at, chance)
            )

    @rule(pick=PICKS, what=st.sampled_from(("taken", "refused", "part", "disputed")))
    @precondition(lambda m: m.intents(Situation.CLOSED_WITHOUT_CONCLUSION, Cause.PICKUP))
    def pickup_is_concluded(self, pick: int, what: str) -> None:
        intent = self.closed_after(pick, Cause.PICKUP)
        stay = self.locker.state.stay.get(intent.stay) if intent else None
        if stay is None:
            return
        there = set(stay.parcels) & self.inside[stay.compartment]
        if what == "taken" and not there:
            self.tried(lambda s, at: pickups.collected(s, stay.id, at))
        elif what == "refused" and there == set(stay.parcels):
            self.tried(lambda s, at: pickups.refused(s, stay.id, stay.parcels, "x", at, self.locker.chance))
        elif what == "part" and there == set(stay.parcels) and len(there) > 1:
            self.inside[stay.compartment] = {stay.parcels[0]}
            kept = stay.parcels[:1]
            self.tried(lambda s, at: pickups.refused(s, stay.id, kept, "x", at, self.locker.chance))
        elif what == "disputed":
            self.tried(lambda s, at: pickups.reported(s, stay.id, Report.PARCEL_NOT_MINE, stay.session, at))

    @rule(pick=PICKS)
    @precondition(lambda m: m.visits)
    def somebody_walks_away(self, pick: int) -> None:
        session = self.choose(self.visits, pick)
        if session is not None:
            self.visits.remove(session)
            self.locker.do(lambda s, at: sessions.end(s, session, "time-out", at))
