"""The physical world of the state machine, and what must hold in it after every step.

`inside` and `standing_open` are the truth: what really lies in each compartment, which doors really stand open. The
people are honest; the locker only hears what the sensors and the people say.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from edge_agent.domain import events as e
from edge_agent.domain import (
    recovery,
)
from edge_agent.domain.deposits import Credentials, Left
from edge_agent.domain.duty import DUTY_PERCENT, REST_MS, WINDOW_MS
from edge_agent.domain.fold import fold
from edge_agent.domain.instant import Instant
from edge_agent.domain.intent import Intent, Situation
from edge_agent.domain.openings import live_intent
from edge_agent.domain.refusals import Refusal
from edge_agent.domain.state import FOLDED, LockerState
from edge_agent.domain.stay import Stay
from edge_agent.domain.words import (
    Cause,
    CodeLife,
    Condition,
    Contents,
    DoorPosition,
    ParcelStatus,
    StayStatus,
)
from tests.domain.locker import Locker

GONE = (ParcelStatus.COLLECTED, ParcelStatus.RECALLED)


class LockerWorld(RuleBasedStateMachine):
    """Tools and invariants; `machine.LockerMachine` adds the rules. `make_locker` is the seam for other books."""

    locker: Locker

    def make_locker(self) -> Locker:
        """The seam for other books than the one in memory."""
        return Locker()

    @initialize()
    def installed(self) -> None:
        self.locker = self.make_locker()
        self.inside: dict[str, set[str]] = {door.number: set() for door in self.locker.doors}
        self.standing_open: set[str] = set()
        self.silent = False
        self.codes: list[Credentials] = []
        self.visits: list[str] = []
        self.count = 0
        self.read_to = 0
        self.opened_intents: set[str] = set()
        self.pulses: dict[str, list[tuple[int, int]]] = {}
        self.spent: set[str] = set()
        self.hash_of: dict[str, str] = {}
        self.shadow = LockerState()

    # tools

    def fresh(self, what: str) -> str:
        self.count += 1
        return f"{what}-{self.count}"

    def tried(self, decide: Any) -> Any:
        """A decision that may say no; None then. That it changed nothing shows in the tables after the step."""
        try:
            return self.locker.do(decide)
        except Refusal:
            return None

    def choose(self, things: list[Any], pick: int) -> Any:
        return things[pick % len(things)] if things else None

    def intents(self, situation: Situation, *causes: Cause) -> list[Intent]:
        found = self.locker.state.intent.values()
        return [i for i in found if i.situation is situation and (not causes or i.cause in causes)]

    def closed_after(self, pick: int, *causes: Cause) -> Intent | None:
        found: Intent | None = self.choose(self.intents(Situation.CLOSED_WITHOUT_CONCLUSION, *causes), pick)
        return found

    def stays(self, *statuses: StayStatus) -> list[Stay]:
        return [stay for stay in self.locker.state.stay.values() if stay.status in statuses]

    def visit(self, kind: str) -> str:
        session = self.fresh(kind)
        self.visits.append(session)
        return session

    def sees(self, number: str) -> bool:
        return not (self.silent and self.locker.state.compartment[number].board == "B")

    def answer_of_courier(self, stay: Stay) -> Left:
        """Honest: empty only where nothing of the courier's is inside."""
        return Left.UNKNOWN if self.unstored(stay) & self.inside[stay.compartment] else Left.NOTHING

    def unstored(self, stay: Stay) -> set[str]:
        rows = self.locker.state.parcel
        return {p for p in stay.parcels if rows[p].status is ParcelStatus.RESERVED}

    def move_door(self, number: str, intent: Intent, hand: str) -> None:
        self.standing_open.add(number)
        self.hand_moves(number, intent, hand)
        if self.sees(number):
            self.locker.opens(number)

    def hand_moves(self, number: str, intent: Intent, hand: str) -> None:
        """What the person at the door does with it: a courier puts or takes his own, a recipient takes."""
        stay = self.locker.state.stay.get(intent.stay)
        if intent.cause is Cause.DEPOSIT and stay is not None and hand == "put":
            self.inside[number] |= self.unstored(stay)
        elif intent.cause is Cause.DEPOSIT and stay is not None and hand == "take":
            self.inside[number] -= self.unstored(stay)
        elif intent.cause in (Cause.PICKUP, Cause.RECALL) and hand == "take":
            self.inside[number].clear()

    def seen_doors(self) -> dict[str, DoorPosition]:
        """A reading of every door that answers."""
        return {
            n: DoorPosition.OPEN if n in self.standing_open else DoorPosition.CLOSED
            for n in self.inside
            if self.sees(n)
        }

    def is_settled(self) -> None:
        """What a recovery must leave: no opening, no session, no reservation, no claimed code."""
        state = self.locker.state
        assert not state.intent, "an opening without conclusion"
        assert not any(stay.session for stay in state.stay.values()), "a session that outlived the agent"
        assert not self.stays(StayStatus.RESERVED, StayStatus.ENDED), "a deposit that nobody works on"
        assert not any(code.life is CodeLife.CLAIMED for code in state.code.values()), (
            "a code that serves nobody"
        )

    def recovers_twice(self) -> None:
        again = recovery.recover(self.locker.state, self.seen_doors(), self.locker.clock.now())
        assert again.events == (), "recovery is not idempotent"

    # what must hold after every step

    @invariant()
    def the_journal_gives_the_same_tables(self) -> None:
        self.read_rows()
        for table in FOLDED:
            assert dict(self.shadow.table(table)) == dict(self.locker.state.table(table))
        assert dict(self.shadow.stay_by_code) == dict(self.locker.state.stay_by_code)

    def read_rows(self) -> None:
        """New rows, as they would be read back from disk, folded on what the earlier rows gave."""
        fresh = self.locker.book.journal(self.read_to)
        self.read_to += len(fresh)
        fold(fresh, self.shadow)
        self.note_codes_and_pulses(fresh)

    @invariant()
    def a_compartment_holds_at_most_one_live_stay(self) -> None:
        state = self.locker.state
        live = [stay for stay in state.stay.values() if stay.live]
        assert len({stay.compartment for stay in live}) == len(live)
        for stay in live:
            assert state.compartment[stay.compartment].stay == stay.id
            assert stay.parcels
        for compartment in state.compartment.values():
            assert compartment.stay == "" or compartment.stay in state.stay

    @invariant()
    def each_live_parcel_is_in_one_stay(self) -> None:
        state = self.locker.state
        named = [parcel for stay in state.stay.values() for parcel in stay.parcels]
        assert sorted(named) == sorted(state.parcel)
        for stay in state.stay.values():
            assert all(state.parcel[parcel].stay == stay.id for parcel in stay.parcels)
            assert not stay.live or not any(state.parcel[parcel].status in GONE for parcel in stay.parcels)

    @invariant()
    def one_opening_at_a_time_for_a_door(self) -> None:
        numbers = [intent.compartment for intent in self.locker.state.intent.values()]
        assert len(numbers) == len(set(numbers))
        for compartment in self.locker.state.compartment.values():
            assert compartment.attempts <= self.locker.state.rules.open_attempts

    @invariant()
    def contents_are_never_guessed(self) -> None:
        """People are honest here: what the locker claims to know must be so."""
        state = self.locker.state
        busy = {intent.compartment for intent in state.intent.values()} | self.standing_open
        for number, compartment in state.compartment.items():
            if number in busy:
                continue
            if compartment.contents is Contents.EMPTY:
                assert not self.inside[number], f"door {number} is said to be empty"
            if compartment.contents is Contents.STAY:
                stay = state.stay[compartment.stay]
                stored = set(stay.parcels) - self.unstored(stay)
                assert stored <= self.inside[number], f"door {number} is said to hold its stay"

    @invariant()
    def only_certain_and_sound_doors_are_offered(self) -> None:
        for compartment in self.locker.state.compartment.values():
            if compartment.offered and compartment.number not in self.standing_open:
                assert compartment.condition is Condition.OK
                assert (
                    live_intent(self.locker.state, compartment.number) or not self.inside[compartment.number]
                )

    @invariant()
    def a_code_serves_one_visit_and_never_again(self) -> None:
        """Every spent code has an opening that was seen under its claim, or left with its stay."""
        self.read_rows()
        for code in self.locker.state.code.values():
            if code.life is CodeLife.CLAIMED:
                assert code.intent in self.locker.state.intent, "claimed by an opening that is over"
            if code.life is CodeLife.SPENT:
                assert code.code_hash in self.spent, "a code was lost without an opening"
            else:
                assert code.code_hash not in self.spent, "a spent code lives again"

    def note_codes_and_pulses(self, fresh: list[tuple[e.Event, Instant]]) -> None:
        for event, _ in fresh:
            if isinstance(event, e.DoorOpened):
                self.opened_intents.add(event.intent)
            elif isinstance(event, e.CodeSpent):
                assert event.reason == "recalled" or event.intent in self.opened_intents
                self.spent.add(self.hash_of[event.stay])
            elif isinstance(event, e.ParcelDeposited | e.CodeReissued):
                self.hash_of[event.stay] = event.code_hash
            elif isinstance(event, e.DoorOpenRequested):
                self.pulses.setdefault(event.compartment, []).append((event.powered_ms, event.pulse_ms))

    @invariant()
    def coils_rest(self) -> None:
        for pulses in self.pulses.values():
            for (first, length), (second, _) in pairwise(pulses):
                assert second >= first + length + REST_MS
            newest = pulses[-1][0]
            used = sum(length for at, length in pulses if at > newest - WINDOW_MS)
            assert used <= WINDOW_MS * DUTY_PERCENT // 100
