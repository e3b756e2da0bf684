"""One pulse and what it moved: recorded first, one frame, then every contact of the cabinet is watched.

Contacts are compared with what they said before the frame, not with "open" and "closed": so a contact that is wired the
other way round is learned from the door that moves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from drivers.errors import BadReply
from drivers.lock_board import DoorState, UnlockSent
from edge_agent.cli.commissioning.boards import Boards, Place, Sample
from edge_agent.cli.commissioning.site import Site
from edge_agent.cli.direct import unlocking
from edge_agent.config import Door
from edge_agent.control import types as t
from edge_agent.domain.duty import Duty

READ_EVERY_S = 0.1  # two equal looks so far apart are past a contact's bounce
SEEN = 2  # equal looks in a row before a movement is believed
SHUT_WAIT_S = 120.0  # somebody with a tool in the hand takes a minute; after two nobody is there
REASON = "commissioning"


class Kind(Enum):
    OPENED = auto()
    SWAPPED = auto()
    SEVERAL = auto()
    GARBLED = auto()
    NOTHING = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Trial:
    """`moved`: contacts that changed; `before`: what they said until then; `fact`: what the wire said."""

    kind: Kind
    before: Sample
    moved: frozenset[Place] = frozenset()
    after_ms: int = 0
    fact: str = ""


class Coils:
    """How long each coil has to rest: the same budget as in service."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._duty: dict[str, Duty] = {}

    def rest(self, number: str, length_ms: int) -> None:
        """Wait until this door's coil may be used, and count the pulse that follows."""
        duty = self._duty.get(number, Duty(number))
        wait_ms = duty.rest_ms(self._now_ms(), length_ms)
        if wait_ms:
            self._site.rest(wait_ms / 1000)
        self._duty[number] = duty.with_pulse(self._now_ms(), length_ms)

    def _now_ms(self) -> int:
        return round(self._site.now() * 1000)


def pulse(site: Site, boards: Boards, coils: Coils, door: Door) -> Trial:
    """Raises StoreError where the record cannot be kept; then nothing was sent."""
    coils.rest(door.number, boards.pulse_ms(door.board))
    before = boards.sample()
    asked = t.UnlockArguments(board=door.board, channel=door.channel, reason=REASON)
    intent = unlocking.record(site.bench, asked, door)
    begun_s = site.now()
    report = boards.unlock(door.board, door.channel)
    if report.sent in (UnlockSent.NOT_SENT, UnlockSent.REFUSED):
        trial = Trial(Kind.REFUSED, before, fact=report.fact or report.code)
    else:
        trial = _watched(site, boards, door, before, begun_s)
    outcome = _outcome(asked, door, trial, report.sent)
    unlocking.record_outcome(site.bench, intent, outcome)
    return trial


def _watched(site: Site, boards: Boards, door: Door, before: Sample, begun_s: float) -> Trial:
    last: frozenset[Place] = frozenset()
    equal, now, seen_s = 0, before, begun_s
    while site.now() - begun_s < site.bench.config.policy.open_wait_s:
        now = boards.sample()
        moved = now.moved_since(before)
        if moved != last:
            last, equal, seen_s = moved, 0, site.now()
        equal += 1
        if moved and equal >= SEEN:
            return Trial(_kind(door, moved), before, moved, round((seen_s - begun_s) * 1000))
        site.rest(READ_EVERY_S)
    garbled = now.faults.get(door.sensor_board)
    kind = Kind.GARBLED if isinstance(garbled, BadReply) else Kind.NOTHING
    return Trial(kind, before, fact=str(garbled) if garbled else "")


def _kind(door: Door, moved: frozenset[Place]) -> Kind:
    own = (door.sensor_board, door.sensor_channel)
    if own not in moved:
        return Kind.SWAPPED
    return Kind.OPENED if len(moved) == 1 else Kind.SEVERAL


def _outcome(asked: t.UnlockArguments, door: Door, trial: Trial, sent: UnlockSent) -> t.UnlockResult:
    opened = trial.kind in (Kind.OPENED, Kind.SEVERAL)
    word: t.OutcomeWord = "opened" if opened else "not_opened"
    return t.UnlockResult(
        outcome="unknown" if trial.kind in (Kind.GARBLED, Kind.SWAPPED) else word,
        board=asked.board,
        channel=asked.channel,
        door=door.number,
        sent=sent.value,
        detail=trial.fact or trial.kind.name.lower(),
        opened_after_ms=trial.after_ms if opened else None,
        recorded=True,
        code="",
    )


def shut_again(site: Site, boards: Boards, trial: Trial) -> bool:
    """Wait until whatever moved is back where it was, twice in a row; False where nobody shuts it."""
    begun_s, equal = site.now(), 0
    concerned = frozenset(board for board, _ in trial.moved)
    while site.now() - begun_s < SHUT_WAIT_S:
        now = boards.sample(concerned)
        back = all(
            now.doors.get(place, DoorState.UNKNOWN) is trial.before.doors[place] for place in trial.moved
        )
        equal = equal + 1 if back else 0
        if equal >= SEEN:
            return True
        site.rest(READ_EVERY_S)
    return False
