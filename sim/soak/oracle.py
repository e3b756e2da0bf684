"""The judge of a run: reads what was left behind and names every invariant that does not hold.

It shares no code with the agent and knows none of its states: it reads the journal as a back office would, beside the
coils that really drew current, the doors that really moved, and what people did and were told. One function per
invariant, named in `INVARIANTS`; each yields a sentence for every breach.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator

from sim.soak import oracle_ending as ending
from sim.soak.evidence import Edge, Event, Evidence, Pulse

CLOCK_S = 0.002  # the journal keeps whole milliseconds, cut off
SEEN_WITHIN_S = 4.0  # two equal looks at two a second, behind one that was missed
PULSE_MAX_S = 1.0
DUTY_WINDOW_S, DUTY_MAX = 60.0, 0.10  # as the makers rate their coils
MOVES_WITHIN_S = 1.5  # a latch is free within the pulse; slack for a slow one
OPEN_AT_LEAST_MS = 2_000
ATTEMPTS_MAX = 3
SECURITY = ("door.forced", "door.wrong_door")

Check = Callable[[Evidence], Iterator[str]]


def broken(evidence: Evidence) -> list[str]:
    """Every breach as "INV-nn what"; empty where all invariants hold."""
    return [f"{name} {breach}" for name, check in INVARIANTS.items() for breach in check(evidence)]


def nothing_accepted_is_lost(e: Evidence) -> Iterator[str]:
    said = {"told-stored": "parcel.deposited", "told-collected": "parcel.collected"}
    for deed in e.did(*said):
        kind = said[deed.what]
        if not any(o.door == deed.door and o.at_s <= deed.at_s + CLOCK_S for o in e.of(kind)):
            yield f"{deed.what} for door {deed.door} at {deed.at_s:.3f}, and no {kind} before"


def numbered_once(e: Evidence) -> Iterator[str]:
    last: dict[str, int] = defaultdict(int)
    ids: set[str] = set()
    for event in e.events:
        epoch, number = str(event.raw["epoch"]), int(event.raw["sequence"])
        if number != last[epoch] + 1:
            yield f"sequence {number} follows {last[epoch]} in epoch {epoch}"
        last[epoch] = number
        if event.raw["id"] in ids:
            yield f"id {event.raw['id']} stands twice"
        ids.add(str(event.raw["id"]))
    if len(last) > 1 + len(e.of("ledger.restored")):
        yield f"{len(last)} epochs and {len(e.of('ledger.restored'))} restores"


def causes_of(e: Evidence) -> Iterator[tuple[Pulse, list[Event]]]:
    """Each energising with the intents for its door that no earlier energising has used, newest last."""
    used: set[str] = set()
    for pulse in sorted(e.pulses, key=lambda one: one.start_s):
        asked = [
            event
            for event in e.of("door.open_requested")
            if event.door == pulse.meant
            and event.at_s <= pulse.start_s + CLOCK_S
            and str(event.data["intent"]) not in used
        ]
        if asked:
            used.add(str(asked[-1].data["intent"]))
        yield pulse, asked


def every_pulse_has_a_cause(e: Evidence) -> Iterator[str]:
    asked = e.of("door.open_requested")
    for pulse in e.pulses:
        if not any(o.door == pulse.meant and o.at_s <= pulse.start_s + CLOCK_S for o in asked):
            yield f"coil of door {pulse.meant or '?'} drew current at {pulse.start_s:.3f} without an intent"


def one_pulse_per_intent(e: Evidence) -> Iterator[str]:
    for pulse, asked in causes_of(e):
        if not asked:
            yield f"coil of door {pulse.meant} drew current again at {pulse.start_s:.3f} on a used intent"
    for event in e.of("door.open_requested"):
        if event.data["attempt"] > ATTEMPTS_MAX:
            yield f"attempt {event.data['attempt']} at door {event.door}"


def pulled_by(e: Evidence, edge: Edge) -> Pulse | None:
    """The energising that really pulled this door's latch just before."""
    near = [p for p in e.pulses if p.pulled == edge.door and 0 <= edge.at_s - p.start_s <= MOVES_WITHIN_S]
    return near[-1] if near else None


def running_at(e: Evidence, at_s: float) -> float | None:
    """From when on the agent could see what happened at `at_s`: then, or at its next start; None: never again."""
    down = False
    for deed in e.did("agent-up", "agent-down"):
        if deed.at_s > at_s and not down:
            return (
                at_s
                if deed.what == "agent-down" and deed.at_s - at_s > SEEN_WITHIN_S
                else _after(e, deed.at_s)
            )
        if deed.at_s > at_s and deed.what == "agent-up":
            return deed.at_s
        down = deed.what == "agent-down"
    return None if down else at_s


def _after(e: Evidence, at_s: float) -> float | None:
    return next((deed.at_s for deed in e.did("agent-up") if deed.at_s >= at_s), None)


def wrong_door_stops_everything(e: Evidence) -> Iterator[str]:
    for edge in e.edges:
        pulse = pulled_by(e, edge) if edge.is_open else None
        if pulse is None or pulse.meant == edge.door:
            continue
        for number in (edge.door, pulse.meant):
            known = [o for o in e.of(*SECURITY) if number in _named(o) and o.at_s >= edge.at_s - CLOCK_S]
            freed = [o.at_s for o in e.of("compartment.in_service") if o.door == number]
            for offer in e.of("deposit.reserved"):
                if known and offer.door == number and offer.at_s > known[0].at_s and not freed:
                    yield f"door {number} was offered after {edge.door} had moved instead of {pulse.meant}"


def _named(event: Event) -> set[str]:
    return {str(event.data.get(key)) for key in ("compartment", "moved", "commanded")}


def strange_edges_are_alarms(e: Evidence) -> Iterator[str]:
    for edge in e.edges:
        pulse = pulled_by(e, edge) if edge.is_open else None
        if not edge.is_open or (pulse is not None and pulse.meant == edge.door):
            continue
        seen_from = running_at(e, edge.at_s)
        if seen_from is None or seen_from + SEEN_WITHIN_S > e.until_s or _shut_unseen(e, edge, seen_from):
            continue
        if seen_from > edge.at_s and _known_open(e, edge):
            continue
        told = [o for o in e.of(*SECURITY) if edge.door in (o.door, o.data.get("moved"))]
        if not any(edge.at_s - CLOCK_S <= o.at_s <= seen_from + SEEN_WITHIN_S for o in told):
            yield f"door {edge.door} moved by itself at {edge.at_s:.3f} and nobody was told"


def _known_open(e: Evidence, edge: Edge) -> bool:
    """The last thing that anybody saw of this door is that it was open: found open again, it has not moved."""
    moves = [
        o.kind
        for o in e.of("door.opened", "door.closed", "door.forced")
        if o.door == edge.door and o.at_s <= edge.at_s
    ]
    return bool(moves) and moves[-1] != "door.closed"


def _shut_unseen(e: Evidence, edge: Edge, seen_from: float) -> bool:
    """The door was shut again before the agent could look: nothing can know of it but a camera."""
    return any(
        o.door == edge.door and not o.is_open and edge.at_s <= o.at_s <= seen_from + 1.2 for o in e.edges
    )


def no_code_twice(e: Evidence) -> Iterator[str]:
    life: dict[str, str] = {}
    after = {
        "parcel.deposited": "live",
        "code.reissued": "live",
        "code.rearmed": "live",
        "code.spent": "spent",
    }
    for event in e.events:
        stay = str(event.data.get("stay", ""))
        if event.kind == "code.claimed":
            if life.get(stay) != "live":
                yield f"the code of stay {stay} was accepted while {life.get(stay, 'not there')}"
            life[stay] = "claimed"
        elif (
            event.kind == "code.rearmed"
            and life.get(stay) == "spent"
            and event.data["reason"] != "reconciled"
        ):
            yield f"the spent code of stay {stay} lives again: {event.data['reason']}"
        elif event.kind in after:
            life[stay] = after[event.kind]


def contents_over_time(e: Evidence) -> Iterator[tuple[Event, dict[str, str], dict[str, str]]]:
    """After every event: what the journal says of each door (empty | stay | unknown), and who holds it."""
    said: dict[str, str] = {}
    holder: dict[str, str] = {}
    for event in e.events:
        yield event, said, holder
        _fold(event, said, holder)


BECOMES = {
    "parcel.deposited": "stay",
    "parcel.refused": "stay",
    "parcel.collected": "empty",
    "parcel.recalled": "empty",
    "compartment.verified_empty": "empty",
    "compartment.contents_unknown": "unknown",
    "deposit.interrupted": "unknown",
    "door.forced": "unknown",
}


def _fold(event: Event, said: dict[str, str], holder: dict[str, str]) -> None:
    if event.kind == "acceptance.passed":
        said.update(dict.fromkeys(event.data["doors"], "empty"))
    elif event.kind == "deposit.reserved":
        holder[event.door] = str(event.data["stay"])
    elif event.kind == "deposit.cancelled":
        said[event.door] = str(event.data["contents"])
    elif event.kind == "parcel.corrected" and event.data["what"] == "found_inside":
        said[event.door] = "stay"
    elif event.kind in BECOMES:
        said[event.door] = BECOMES[event.kind]
    ends = BECOMES.get(event.kind) == "empty" or event.kind == "deposit.cancelled"
    if ends and said.get(event.door) == "empty":
        holder.pop(event.door, None)


def one_stay_per_door(e: Evidence) -> Iterator[str]:
    for event, _, holder in contents_over_time(e):
        taken = holder.get(event.door)
        if event.kind == "deposit.reserved" and taken not in (None, str(event.data["stay"])):
            yield f"door {event.door} was reserved for a second stay while it holds one"


def only_known_empty_is_offered(e: Evidence) -> Iterator[str]:
    for event, said, _ in contents_over_time(e):
        if event.kind != "deposit.reserved" or event.data["joined"]:
            continue
        if said.get(event.door) != "empty":
            yield f"door {event.door} was offered while its contents were {said.get(event.door, 'never known')}"
        if _parcel_inside(e, event.door, event.at_s):
            yield f"door {event.door} was offered with a parcel inside"


def _parcel_inside(e: Evidence, door: str, at_s: float) -> bool:
    hands = [o.what for o in e.did("puts", "takes") if o.door == door and o.at_s < at_s]
    return bool(hands) and hands[-1] == "puts"


def energy_is_bounded(e: Evidence) -> Iterator[str]:
    by_coil: dict[str, list[Pulse]] = defaultdict(list)
    until: dict[str, float] = {}
    for pulse in sorted(e.pulses, key=lambda one: one.start_s):
        if pulse.length_s is None or pulse.asked_s is None or pulse.length_s > PULSE_MAX_S:
            yield f"coil of door {pulse.meant} at {pulse.start_s:.3f}: on for {pulse.length_s} s"
            continue
        if pulse.start_s < until.get(pulse.supply, 0.0):
            yield f"two coils of supply {pulse.supply} at {pulse.start_s:.3f}"
        until[pulse.supply] = pulse.start_s + pulse.length_s
        by_coil[pulse.meant].append(pulse)
        recent = [
            o.length_s or 0.0 for o in by_coil[pulse.meant] if o.start_s > pulse.start_s - DUTY_WINDOW_S
        ]
        if sum(recent) > DUTY_WINDOW_S * DUTY_MAX:
            yield f"coil of door {pulse.meant}: {sum(recent):.1f} s within a minute"


def completed_by_evidence(e: Evidence) -> Iterator[str]:
    opened: dict[str, str] = {}  # door → stay whose intent saw it open and then closed
    stay_of = {str(o.data["intent"]): str(o.data["stay"]) for o in e.of("door.open_requested")}
    for event in e.events:
        if event.kind == "door.closed":
            opened[event.door] = stay_of.get(str(event.data["intent"]), "")
        if event.kind in ("parcel.deposited", "parcel.recalled") and not _really_shut(e, event):
            yield f"{event.kind} at door {event.door}, which was not opened and closed"
        if event.kind == "parcel.collected" and event.data["basis"] == "recipient":
            brief = event.data["open_ms"] < OPEN_AT_LEAST_MS
            if brief or opened.get(event.door) != event.data["stay"] or not _really_shut(e, event):
                yield f"collected from door {event.door} after {event.data['open_ms']} ms"
    for number, contents in _last(e).items():
        if contents == "empty" and number in e.inside:
            yield f"door {number} counts as empty and a parcel is inside"
        if contents == "stay" and number not in e.inside:
            yield f"door {number} counts as full and nothing is inside"


def _really_shut(e: Evidence, event: Event) -> bool:
    moves = [o.is_open for o in e.edges if o.door == event.door and o.at_s <= event.at_s + CLOCK_S]
    return moves[-2:] == [True, False]


def _last(e: Evidence) -> dict[str, str]:
    said: dict[str, str] = {}
    holder: dict[str, str] = {}
    for event in e.events:
        _fold(event, said, holder)
    return said


def known(e: Evidence) -> dict[str, str]:
    """What the journal says in the end of each door that is not plainly empty, and of each code."""
    lives = {"code.claimed": "claimed", "code.rearmed": "live", "code.spent": "spent"}
    doors = {number: said for number, said in _last(e).items() if said != "empty"}
    return doors | {str(o.data["stay"]): lives[o.kind] for o in e.of(*lives)}


def no_command_no_actuation(e: Evidence) -> Iterator[str]:
    commands = len(e.did("command"))
    remote = [o for o in e.of("door.open_requested") if o.data["cause"] == "remote"]
    if len(remote) > commands:
        yield f"{len(remote)} remote openings for {commands} commands"


def chain_is_whole(e: Evidence) -> Iterator[str]:
    link = bytes(32)
    for event in e.events:
        kept = {name: value for name, value in event.raw.items() if name != "chainhash"}
        kept["data"] = {k: v for k, v in event.data.items() if k not in ("sealed", "erased")}
        canonical = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        link = hashlib.sha256(link + canonical.encode()).digest()
        if link.hex() != event.raw["chainhash"]:
            yield f"the chain breaks at sequence {int(event.raw['sequence'])}"
            return
    for event in e.of("door.open_requested"):
        if not event.data["actor"] or not event.data["cause"]:
            yield f"door {event.door} was opened by nobody or for nothing"


INVARIANTS: dict[str, Check] = {
    "INV-01": nothing_accepted_is_lost,
    "INV-02": numbered_once,
    "INV-03": every_pulse_has_a_cause,
    "INV-04": one_pulse_per_intent,
    "INV-05": wrong_door_stops_everything,
    "INV-06": no_code_twice,
    "INV-07": one_stay_per_door,
    "INV-08": only_known_empty_is_offered,
    "INV-09": energy_is_bounded,
    "INV-10": completed_by_evidence,
    "INV-11": strange_edges_are_alarms,
    "INV-12": no_command_no_actuation,
    "INV-13": chain_is_whole,
    "INV-14": ending.clocks_bend_nothing,
    "INV-15": ending.tries_are_bounded,
    "INV-16": ending.resources_are_bounded,
    "INV-17": ending.it_converges,
    "INV-18": ending.nothing_is_claimed,
    "INV-19": ending.secrets_stay_secret,
    "INV-20": ending.recovery_is_idempotent,
    "INV-21": ending.offline_pickup_works,
    "INV-22": ending.one_owner,
}
