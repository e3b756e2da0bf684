"""The rules of the state machine that are not a visit: rounds, service work, boards, clocks and the power supply."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from edge_agent.domain import (
    clock_rules,
    corrections,
    hardware,
    recalls,
    service,
)
from edge_agent.domain.deposits import Credentials
from edge_agent.domain.intent import Situation
from edge_agent.domain.words import (
    Basis,
    Cause,
    Report,
    StayStatus,
)
from tests.domain.machine_world import LockerWorld

PICKS = st.integers(0, 1_000_000)
SECONDS = st.sampled_from((0.5, 1, 3, 10, 61, 200, 4_000, 50_000, 200_000))


class LockerCare(LockerWorld):
    """Everything that happens to a locker between its visitors."""

    # couriers and technicians look after it

    @rule(pick=PICKS, verify=st.booleans())
    @precondition(lambda m: service.to_verify(m.locker.state) or recalls.recallable(m.locker.state, "K2"))
    def courier_opens_to_recall_or_look(self, pick: int, verify: bool) -> None:
        session, chance = self.visit("round"), self.locker.chance
        if verify:
            number = self.choose(list(service.to_verify(self.locker.state)), pick)
            if number is not None:
                self.tried(lambda s, at: service.open_to_verify(s, number, "K1", session, at, chance))
            return
        stay = self.choose(list(recalls.recallable(self.locker.state, "K2")), pick)
        if stay is not None:
            self.tried(lambda s, at: recalls.open_for_recall(s, stay.id, "K2", session, at, chance))

    @rule(pick=PICKS)
    @precondition(lambda m: m.intents(Situation.CLOSED_WITHOUT_CONCLUSION, Cause.RECALL))
    def recall_is_concluded(self, pick: int) -> None:
        intent = self.closed_after(pick, Cause.RECALL)
        stay = self.locker.state.stay.get(intent.stay) if intent else None
        if stay is None:
            return
        there = set(stay.parcels) & self.inside[stay.compartment]
        if not there:
            how = recalls.recalled if pick % 2 else recalls.not_inside
            self.tried(lambda s, at: how(s, stay.id, "K2", at))
        elif there == set(stay.parcels):
            self.tried(lambda s, at: recalls.left_inside(s, stay.id, "K2", at))

    @precondition(lambda m: recalls.recallable(m.locker.state, "K2"))
    @rule(pick=PICKS, hand=st.sampled_from(("take", "leave")))
    def a_recall_gets_to_its_end(self, pick: int, hand: str) -> None:
        self.courier_opens_to_recall_or_look(pick, verify=False)
        for intent in self.intents(Situation.INTENT_WITHOUT_OUTCOME, Cause.RECALL):
            if self.sees(intent.compartment):
                self.move_door(intent.compartment, intent, hand)
                self.standing_open.discard(intent.compartment)
                self.locker.closes(intent.compartment)
        self.recall_is_concluded(1)

    @rule(pick=PICKS, technician=st.booleans())
    @precondition(lambda m: service.to_verify(m.locker.state))
    def somebody_looked(self, pick: int, technician: bool) -> None:
        basis = Basis.TECHNICIAN if technician else Basis.COURIER
        number = self.choose(list(service.to_verify(self.locker.state)), pick)
        if number is None or number in self.standing_open:
            return
        stay = self.locker.state.stay.get(self.locker.state.compartment[number].stay)
        if not self.inside[number]:
            self.tried(lambda s, at: service.verified_empty(s, number, "somebody", basis, at))
        elif stay is not None and self.inside[number] == set(stay.parcels):
            drawn = Credentials(self.fresh("code"), self.fresh("token"))
            self.tried(lambda s, at: service.found_inside(s, number, "somebody", basis, at, drawn))
            self.codes.append(drawn)
        elif technician:
            self.tried(lambda s, at: service.something_inside(s, number, "somebody", at))
            if stay is None or not stay.live:
                self.inside[number].clear()  # the technician takes what belongs to nobody here

    @rule(pick=PICKS, what=st.sampled_from(("out", "in", "open", "dirty")))
    def technician_works(self, pick: int, what: str) -> None:
        number = self.choose(sorted(self.inside), pick)
        if what == "out":
            self.tried(lambda s, at: service.out_of_service(s, number, "T1", "test", at))
        elif what == "in":
            self.tried(lambda s, at: service.in_service(s, number, "T1", at))
        elif what == "dirty":
            self.tried(lambda s, at: service.report(s, number, Report.DIRTY, "T1", at))
        else:
            chance = self.locker.chance
            self.tried(lambda s, at: service.open_door(s, number, Cause.TECHNICIAN, "T1", at, chance))

    @rule(pick=PICKS)
    @precondition(lambda m: m.intents(Situation.CLOSED_WITHOUT_CONCLUSION, Cause.TECHNICIAN, Cause.VERIFY))
    def a_service_opening_is_left_unanswered(self, pick: int) -> None:
        intent = self.closed_after(pick, Cause.TECHNICIAN, Cause.VERIFY)
        if intent is not None:
            self.tried(lambda s, at: service.contents_unknown(s, intent.compartment, "unanswered", at))

    @rule(pick=PICKS)
    @precondition(lambda m: m.stays(StayStatus.STORED, StayStatus.UNCERTAIN))
    def support_reissues_a_code(self, pick: int) -> None:
        stay = self.choose(self.stays(StayStatus.STORED, StayStatus.UNCERTAIN), pick)
        if stay is not None:
            drawn = Credentials(self.fresh("code"), self.fresh("token"))
            self.tried(lambda s, at: corrections.reissue(s, stay.id, drawn, "support", at))
            self.codes.append(drawn)

    # the world around it

    @rule(back=st.booleans())
    def board_b_falls_silent_or_answers(self, back: bool) -> None:
        own = tuple(n for n, c in self.locker.state.compartment.items() if c.board == "B")
        self.silent = not back
        if back:
            self.tried(lambda s, at: hardware.board_back(s, "B", own, at))
        else:
            self.tried(lambda s, at: hardware.board_silent(s, "B", own, "no reply", at))

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.locker.pass_s(seconds)
        self.locker.do(clock_rules.retention_due)

    @rule(hours=st.integers(1, 48))
    @precondition(lambda m: m.codes)
    def everybody_gets_more_time(self, hours: int) -> None:
        self.tried(lambda s, at: clock_rules.extend(s, None, hours, "operator", at))

    @rule(seconds=st.sampled_from((-3 * 365 * 86_400, -3_600, 86_400, 10 * 365 * 86_400)))
    @precondition(lambda m: m.count % 3 == 0)
    def the_wall_clock_jumps(self, seconds: int) -> None:
        self.locker.clock.jump_wall(seconds)

    @rule(off_s=SECONDS, shut=st.booleans(), took=st.booleans())
    def the_power_fails(self, off_s: float, shut: bool, took: bool) -> None:
        """People go on while nobody watches: doors with an unanswered unlock may open, open ones may be shut."""
        for intent in self.intents(Situation.INTENT_WITHOUT_OUTCOME):
            if took:
                self.hand_moves(
                    intent.compartment, intent, "take" if intent.cause is not Cause.DEPOSIT else "put"
                )
                self.standing_open.add(intent.compartment)
        if shut:
            self.standing_open.clear()
        self.visits.clear()
        self.locker.power_cut(off_s, self.seen_doors())
        self.is_settled()
        self.recovers_twice()
