"""A small locker for tests: a clock that moves when told, a book that keeps events, and the people's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from edge_agent.clock import VirtualClock
from edge_agent.domain import (
    clock_rules,
    deposits,
    doors,
    pickups,
    recovery,
    service,
    sessions,
)
from edge_agent.domain.carrier import Carrier
from edge_agent.domain.changes import Change
from edge_agent.domain.courier import Courier
from edge_agent.domain.decision import Decision, consequences
from edge_agent.domain.deposits import Credentials, DepositRequest
from edge_agent.domain.events import DoorSpec, Event, decode, encode
from edge_agent.domain.fold import fold
from edge_agent.domain.instant import Instant
from edge_agent.domain.openings import Opening
from edge_agent.domain.policy import Policy
from edge_agent.domain.stamp import Stamp, instant_of, stamp_of
from edge_agent.domain.state import GIVEN, ONLY, LockerState
from edge_agent.domain.words import DoorPosition, Height
from edge_agent.randomness import SeededRandomness

Decide = Callable[[LockerState, Instant], Decision]

# (number, size, rank, height, board): two boards, three sizes, low doors among them
DOORS = (
    DoorSpec("1", "S", 1, Height.MIDDLE, "A"),
    DoorSpec("2", "S", 1, Height.MIDDLE, "A"),
    DoorSpec("3", "S", 1, Height.LOW, "A"),
    DoorSpec("4", "M", 2, Height.MIDDLE, "A"),
    DoorSpec("5", "M", 2, Height.HIGH, "B"),
    DoorSpec("6", "L", 3, Height.MIDDLE, "B"),
)


class Book:
    """What a ledger does, without a disk: decide, record, then change the state. A crash forgets the state."""

    def __init__(self) -> None:
        self.state = LockerState()
        self.rows: list[tuple[str, int, bytes, Stamp]] = []
        self.given: dict[tuple[str, str], msgspec.Struct | None] = {}

    def transact(self, decide: Decide, at: Instant) -> Any:
        decision = decide(self.state, at)
        changes = consequences(self.state, decision, at)
        self.rows.extend(
            (type(event).TYPE, type(event).VERSION, msgspec.json.encode(encode(event)), stamp_of(at))
            for event in decision.events
        )
        self.given.update({(change.table, change.key): change.row for change in decision.given})
        for rows in (*changes, decision.given):
            self.state.apply(rows)
        return decision.result

    def journal(self, after: int = 0) -> list[tuple[Event, Instant]]:
        """Events from row number `after` on, read back as from a disk."""
        return [
            (decode(name, version, msgspec.json.decode(data)), instant_of(stamp))
            for name, version, data, stamp in self.rows[after:]
        ]

    def rebuilt(self) -> LockerState:
        """The state that the rows alone give."""
        state = fold(self.journal())
        state.apply(Change(table, key, row) for (table, key), row in self.given.items())
        return state

    def crash(self) -> None:
        """The process is gone and starts again: nothing but the rows is left."""
        self.state = self.rebuilt()


@dataclass
class Locker:
    """One locker with one carrier and two couriers; every door is accepted as empty."""

    book: Book = field(default_factory=Book)
    clock: VirtualClock = field(default_factory=VirtualClock)
    chance: SeededRandomness = field(default_factory=lambda: SeededRandomness(7))
    doors: tuple[DoorSpec, ...] = DOORS
    policy: Policy = field(default_factory=Policy)
    carrier: Carrier = field(default_factory=lambda: Carrier("sf"))
    drawn: int = 0

    def __post_init__(self) -> None:
        self.give("policy", ONLY, self.policy)
        self.give("carrier", self.carrier.id, self.carrier)
        for courier in ("K1", "K2"):
            self.give(
                "courier", courier, Courier(courier, self.carrier.id, f"pin-{courier}", f"badge-{courier}")
            )
        self.do(lambda s, at: service.configure(s, "digest", self.doors, at))
        self.do(lambda s, at: recovery.recover(s, self.closed_doors(), at))
        self.do(lambda s, at: clock_rules.checkpoint(s, True, at))
        self.do(lambda s, at: service.accept(s, "technician:T1", tuple(d.number for d in self.doors), at))

    @property
    def state(self) -> LockerState:
        return self.book.state

    def do(self, decide: Decide) -> Any:
        return self.book.transact(decide, self.clock.now())

    def give(self, table: str, key: str, row: msgspec.Struct | None) -> None:
        assert table in GIVEN
        self.do(lambda s, at: Decision(given=(Change(table, key, row),)))

    def events(self, *kinds: type[Event]) -> list[Event]:
        return [event for event, _ in self.book.journal() if not kinds or isinstance(event, kinds)]

    def closed_doors(self) -> dict[str, DoorPosition]:
        return {door.number: DoorPosition.CLOSED for door in self.doors}

    def pass_s(self, seconds: float) -> None:
        """Time passes with the agent running: both clocks are checkpointed."""
        self.clock.advance(seconds)
        self.do(lambda s, at: clock_rules.checkpoint(s, True, at))

    def power_cut(self, off_s: float = 0.0, seen: dict[str, DoorPosition] | None = None) -> None:
        """Everything in memory is gone; a new boot; the agent recovers with what the sensors say now."""
        self.drawn += 1
        self.clock.reboot(f"boot-{self.drawn:04}", off_s)
        self.book.crash()
        self.do(lambda s, at: recovery.recover(s, seen or self.closed_doors(), at))
        self.do(lambda s, at: clock_rules.checkpoint(s, True, at))

    # the couriers' and recipients' words

    def request(self, **changes: Any) -> DepositRequest:
        self.drawn += 1
        plain = DepositRequest(
            "courier-visit", "K1", f"waybill-{self.drawn}", "S", phone_hash="phone-1", consent="courier"
        )
        return msgspec.structs.replace(plain, **changes)

    def reserve(self, **changes: Any) -> Opening:
        request = self.request(**changes)
        opening: Opening = self.do(lambda s, at: deposits.reserve(s, request, at, self.chance))
        return opening

    def opens(self, number: str) -> Any:
        return self.do(lambda s, at: doors.opened(s, number, at))

    def jams(self, intent: str) -> None:
        self.do(lambda s, at: doors.not_opened(s, intent, at))

    def closes(self, number: str, after_s: float = 5.0) -> Any:
        self.pass_s(after_s)
        return self.do(lambda s, at: doors.closed(s, number, at))

    def stored(self, opening: Opening) -> Credentials:
        """Finish a deposit whose door was opened and closed; the code's hash is made up from the stay."""
        credentials = Credentials(f"code-{opening.stay}", f"token-{opening.stay}")
        self.do(lambda s, at: deposits.deposited(s, opening.stay, credentials, at))
        return credentials

    def deposit(self, **changes: Any) -> tuple[Opening, Credentials]:
        """One whole deposit, from the scan to the closed door."""
        opening = self.reserve(**changes)
        self.opens(opening.compartment)
        self.closes(opening.compartment)
        credentials = self.stored(opening)
        self.leave("courier-visit")
        return opening, credentials

    def claim(self, code_hash: str, session: str = "pickup-visit") -> Any:
        return self.do(lambda s, at: pickups.claim_by_code(s, code_hash, session, at, self.chance))

    def scan(self, token_hash: str, session: str = "pickup-visit") -> Any:
        return self.do(lambda s, at: pickups.claim_by_token(s, token_hash, session, at, self.chance))

    def collect(self, opening: Opening, stay_open_s: float = 5.0) -> None:
        """The recipient's part after a claim: door opens, is closed, everything is taken."""
        self.opens(opening.compartment)
        self.closes(opening.compartment, stay_open_s)
        self.do(lambda s, at: pickups.collected(s, opening.stay, at))

    def leave(self, session: str, reason: str = "done") -> None:
        self.do(lambda s, at: sessions.end(s, session, reason, at))
