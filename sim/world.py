"""The pretend cabinet: doors, coils, supplies and the harness between boards and doors.

Time is handed in: `World(now)` takes a function of seconds, the machine's monotonic clock or a virtual one. Whatever is
due (a pulse that ends, a hand that lets go) happens when somebody looks or when `advance` is called; `next_due_s` says
when that is worth doing. One re-entrant lock guards the whole world, so any thread may call anything.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from sim.coils import Coil, Energising, Supply, new_log
from sim.door import PUSH_S, Door, Senses

PULL_S = 0.03  # a coil must pull this long before the hook is free
Place = tuple[str, int]  # board name, channel
Listener = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Contact:
    """One input of a board: which door it watches, what of it, and which position shorts it."""

    door: str
    senses: Senses = "latch"
    shorted_when_locked: bool = True


@dataclass(slots=True)
class Harness:
    """The cables. Output and input sides are apart, because an installer can swap one and not the other."""

    coils: dict[Place, str] = field(default_factory=dict)
    contacts: dict[Place, Contact] = field(default_factory=dict)


class World:
    """Everything that is not a wire. `seed` repeats its chance; `now` is the only clock it knows."""

    def __init__(self, now: Callable[[], float], seed: int = 0) -> None:
        self.now = now
        self.seed = seed
        self.random = Random(seed)
        self.lock = threading.RLock()
        self.doors: dict[str, Door] = {}
        self.harness = Harness()
        self.coils: dict[Place, Coil] = {}
        self.supplies: dict[str, Supply] = {}
        self.log = new_log()
        self.asleep_until_s: dict[str, float] = {}
        self.on_change: list[Listener] = []  # called with the door number and the moment, under the lock
        self.on_coil: list[
            Callable[[Energising], None]
        ] = []  # called when a coil goes on and when it goes off
        self.on_reset: list[Callable[[str], None]] = []  # called with the name of a board that lost its power
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = itertools.count()

    # Building

    def add_door(self, door: Door) -> Door:
        self.doors[door.number] = door
        return door

    def add_coil(self, board: str, channel: int, supply: str) -> Coil:
        self.supplies.setdefault(supply, Supply(supply))
        return self.coils.setdefault((board, channel), Coil(board, channel, supply))

    def door(self, number: str) -> Door:
        """The door as printed. KeyError if there is none."""
        return self.doors[number]

    # Time

    def next_due_s(self) -> float | None:
        """When `advance` next has something to do; None: nothing is under way."""
        with self.lock:
            return self._due[0][0] if self._due else None

    def advance(self, to_s: float | None = None) -> float:
        """Let happen whatever is due, in order. Returns the moment reached."""
        with self.lock:
            moment = self.now() if to_s is None else to_s
            while self._due and self._due[0][0] <= moment:
                at_s, _, act = heapq.heappop(self._due)
                act(at_s)
            return moment

    def at(self, at_s: float, act: Callable[[float], None]) -> None:
        """Have `act(moment)` called once `at_s` has come."""
        with self.lock:
            heapq.heappush(self._due, (at_s, next(self._order), act))

    # What a hand does

    def hand(self, number: str, doing: str, at_s: float | None = None) -> bool:
        """`close`, `open` or `push` a door. True if it moved; a latched door does not open by hand."""
        with self.lock:
            moment = self.advance(at_s)
            door = self.doors[number]
            if doing == "open":
                moved = door.hand_open(moment)
            elif doing == "close":
                moved = door.hand_close(moment, self._pulled(number))
            elif doing == "push":
                moved = door.hand_push(moment, self._pulled(number))
                self.at(moment + PUSH_S, lambda later: self._hand_off(number, later))
            else:
                raise ValueError(f"a hand can close, open or push a door, not {doing!r}")
            return self._tell_if(moved, number, moment)

    def put(self, number: str, parcel: bool, at_s: float | None = None) -> bool:
        """Put a parcel in or take it out. False if the door is shut: nobody reaches through it."""
        with self.lock:
            moment = self.advance(at_s)
            door = self.doors[number]
            if door.shut:
                return door.parcel == parcel
            door.parcel = parcel
            self._tell(number, moment)
            return True

    def force(self, number: str, at_s: float | None = None) -> bool:
        """A crowbar opens the door. True if it was not open already."""
        with self.lock:
            moment = self.advance(at_s)
            return self._tell_if(self.doors[number].force(moment), number, moment)

    # What boards do and see

    def pulse(self, board: str, channel: int, length_s: float, at_s: float) -> None:
        """The board energises a coil and will switch it off by itself."""
        with self.lock:
            turn = self._energise(board, channel, at_s, length_s)
            self.at(at_s + length_s, lambda later: self._board_off((board, channel), turn, later))

    def hold(self, board: str, channel: int, at_s: float) -> None:
        """The board energises a coil until told otherwise."""
        with self.lock:
            self._energise(board, channel, at_s, None)

    def release(self, board: str, channel: int, at_s: float) -> None:
        """The board switches a coil off now."""
        with self.lock:
            coil = self.coils.get((board, channel))
            if coil is not None:
                self._board_off((board, channel), coil.turn, at_s)

    def relay(self, board: str, channel: int) -> bool:
        """What the board believes of its own output."""
        coil = self.coils.get((board, channel))
        return coil is not None and coil.board_on

    def contact(self, board: str, channel: int, at_s: float) -> bool:
        """True if the input is shorted. An input without a cable is not."""
        return self.contacts(board, channel, 1, at_s)[0]

    def contacts(self, board: str, first: int, count: int, at_s: float) -> list[bool]:
        """The same for `count` inputs from channel `first`, read at one moment."""
        with self.lock:
            self.advance(at_s)
            wires = [self.harness.contacts.get((board, channel)) for channel in range(first, first + count)]
            return [wire is not None and self._shorted(wire, at_s) for wire in wires]

    def presences(self, board: str, first: int, count: int, at_s: float) -> list[bool]:
        """What the light barriers beside `count` locks see: True if something is inside."""
        with self.lock:
            self.advance(at_s)
            numbers = [self.harness.coils.get((board, channel)) for channel in range(first, first + count)]
            return [number is not None and self.doors[number].parcel for number in numbers]

    def awake(self, board: str, at_s: float) -> bool:
        """False while the board restarts after a sag of its supply."""
        return at_s >= self.asleep_until_s.get(board, float("-inf"))

    def power_cut(self, board: str, at_s: float, for_s: float) -> None:
        """One board is without power for a while: coils off, registers forgotten, deaf and dumb."""
        with self.lock:
            self.asleep_until_s[board] = at_s + for_s
            for place, coil in self.coils.items():
                if place[0] == board and coil.current is not None:
                    coil.turn += 1
                    coil.board_on = coil.current.board_says_on = False
                    self.cut(place, at_s)
            for lost_power in self.on_reset:
                lost_power(board)

    # Summaries

    def energisings(self, board: str | None = None, channel: int | None = None) -> list[Energising]:
        """The coil log, oldest first, of one coil or of all."""
        with self.lock:
            self.advance()
            return [
                entry
                for entry in self.log
                if (board is None or entry.board == board) and (channel is None or entry.channel == channel)
            ]

    def pulses_of(self, number: str) -> list[Energising]:
        """Every energising that pulled this door's latch."""
        with self.lock:
            self.advance()
            return [entry for entry in self.log if entry.door == number]

    def reported(self, number: str, at_s: float | None = None) -> str:
        """What this door's sensor tells its board now: `open`, `closed`, or `none` where no contact is wired."""
        with self.lock:
            moment = self.advance(at_s)
            for wire in self.harness.contacts.values():
                if wire.door == number:
                    return "closed" if self.doors[number].reports_locked(wire.senses, moment) else "open"
            return "none"

    # Inside

    def _shorted(self, wire: Contact, at_s: float) -> bool:
        return self.doors[wire.door].reports_locked(wire.senses, at_s) == wire.shorted_when_locked

    def _energise(self, board: str, channel: int, at_s: float, length_s: float | None) -> int:
        coil = self.coils.get((board, channel)) or self.add_coil(board, channel, "psu-1")
        coil.turn += 1
        coil.board_on = True
        if coil.current is None:
            number = self.harness.coils.get((board, channel))
            coil.current = Energising(board, channel, number, at_s, length_s)
            self.log.append(coil.current)
            self.at(at_s + PULL_S, lambda later: self._pull(coil, later))
            self._tell_coil(coil.current)
        else:
            coil.current.asked_s, coil.current.board_says_on = length_s, True
        if self.supplies[coil.supply].note_on((board, channel)):
            self._sag(self.supplies[coil.supply], at_s)
        return coil.turn

    def _board_off(self, place: Place, turn: int, at_s: float) -> None:
        coil = self.coils[place]
        if coil.turn != turn or coil.current is None or not coil.board_on:
            return
        if coil.stuck_on and coil.shown:
            return
        coil.board_on = False
        coil.current.board_says_on = False
        coil.current.board_length_s = at_s - coil.current.start_s
        if not coil.stuck_on:
            self.cut(place, at_s)

    def cut(self, place: Place, at_s: float) -> None:
        """The current really ends, whatever the board believes."""
        coil = self.coils[place]
        entry, coil.current = coil.current, None
        self.supplies[coil.supply].on.discard(place)
        if entry is None:
            return
        entry.length_s = at_s - entry.start_s
        self._tell_coil(entry)
        if entry.door is not None:
            self._tell_if(self.doors[entry.door].drop(at_s), entry.door, at_s)

    def _pull(self, coil: Coil, at_s: float) -> None:
        entry = coil.current
        if entry is None or entry.door is None or at_s < entry.start_s + PULL_S:
            return
        door = self.doors[entry.door]
        if door.pull(at_s):
            self._tell(entry.door, at_s)
            if door.slams_after_s is not None:
                number = entry.door
                self.at(at_s + door.slams_after_s, lambda later: self._slam(number, later))

    def _hand_off(self, number: str, at_s: float) -> None:
        self._tell_if(self.doors[number].hand_off(at_s), number, at_s)

    def _slam(self, number: str, at_s: float) -> None:
        self._tell_if(self.doors[number].hand_close(at_s, self._pulled(number)), number, at_s)

    def _pulled(self, number: str) -> bool:
        return any(coil.current is not None and coil.current.door == number for coil in self.coils.values())

    def _sag(self, supply: Supply, at_s: float) -> None:
        supply.sags += 1
        fed = {place[0] for place, coil in self.coils.items() if coil.supply == supply.name}
        for board in sorted(fed):
            self.power_cut(board, at_s, supply.reset_s)

    def _tell_coil(self, entry: Energising) -> None:
        for listener in self.on_coil:
            listener(entry)

    def _tell_if(self, moved: bool, number: str, at_s: float) -> bool:
        if moved:
            self._tell(number, at_s)
        return moved

    def _tell(self, number: str, at_s: float) -> None:
        for listener in self.on_change:
            listener(number, at_s)
