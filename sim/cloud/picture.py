"""What the back office believes of a locker: doors, parcels and alarms, folded from its events. Pure.

A fold of its own, written from the event table of the contract: an operator's program knows no more than that. What an
event does not say stays as it was; an event that is not known changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

TAIL = 60  # events kept for the page
PARCELS_MAX = 500  # stays kept; the oldest finished ones go first
Data = Mapping[str, Any]


@dataclass
class Door:
    """`door`: the last that was reported; `contents`: empty, reserved, parcel, unknown."""

    number: str
    size: str = ""
    door: str = "closed"
    contents: str = "unknown"
    condition: str = "ok"
    stay: str = ""


@dataclass
class Stay:
    """One recipient's parcels in one compartment."""

    id: str
    compartment: str
    carrier: str = ""
    courier: str = ""
    parcels: int = 1
    status: str = "reserved"
    since: str = ""
    waybill: str = ""
    phone: str = ""


@dataclass
class Picture:
    """One locker. `take` every event, in order."""

    doors: dict[str, Door] = field(default_factory=dict)
    stays: dict[str, Stay] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    tail: deque[dict[str, str]] = field(default_factory=lambda: deque(maxlen=TAIL))
    epoch: str = ""
    last: int = 0
    restored: bool = False
    version: str = ""
    applied: dict[str, int] = field(default_factory=dict)  # document → version in force
    types: dict[str, int] = field(default_factory=dict)  # how often each was heard

    def take(self, event: Mapping[str, Any]) -> None:
        kind, data = str(event["type"]).removeprefix("locker."), event["data"]
        self.epoch, self.last = str(event["epoch"]), int(event["sequence"])
        self.types[kind] = self.types.get(kind, 0) + 1
        self.tail.append(
            {"at": str(event.get("time", "")), "sequence": str(self.last), "type": kind, "says": _says(data)}
        )
        if kind in DEEDS:
            DEEDS[kind](self, data, str(event.get("time", "")))

    def door(self, number: str) -> Door:
        return self.doors.setdefault(number, Door(number))

    def live(self) -> list[str]:
        """Ids of the stays that lie in the locker."""
        return [stay.id for stay in self.stays.values() if stay.status in IN_THERE]

    def as_json(self) -> dict[str, Any]:
        stays = [asdict(stay) for stay in self.stays.values() if stay.status != "cancelled"]
        return {
            "doors": [asdict(door) for door in self.doors.values()],
            "stays": list(reversed(stays)),
            "faults": self.faults,
            "tail": list(reversed(self.tail)),
            "epoch": self.epoch,
            "last": self.last,
            "restored": self.restored,
            "version": self.version,
            "applied": self.applied,
            "types": self.types,
        }


IN_THERE = ("stored", "overdue", "refused")
SAID = (
    "cause",
    "reason",
    "basis",
    "method",
    "courier",
    "carrier",
    "cmd",
    "status",
    "code",
    "what",
)


def _says(data: Data) -> str:
    """One line for a person; never a hash, never what is sealed."""
    door = [f"door {data['compartment']}"] if data.get("compartment") else []
    documents = [f"{name} {version}" for name, version in data.get("documents", ())]
    return " · ".join([*door, *documents, *(str(data[key]) for key in SAID if data.get(key))])


# ---- what each event does -------------------------------------------------------------------------------------------


def _configured(picture: Picture, data: Data, at: str) -> None:
    known = picture.doors
    picture.doors = {}
    picture.applied |= {name: int(version) for name, version in data.get("documents", ())}
    for spec in data.get("doors", ()):
        door = known.get(spec["number"]) or Door(spec["number"])
        door.size = str(spec.get("size", ""))
        picture.doors[door.number] = door


def _accepted(picture: Picture, data: Data, at: str) -> None:
    for number in data.get("doors", ()):
        picture.door(str(number)).contents = "empty"


def _position(word: str) -> Callable[[Picture, Data, str], None]:
    def deed(picture: Picture, data: Data, at: str) -> None:
        picture.door(data["compartment"]).door = word

    return deed


def _reserved(picture: Picture, data: Data, at: str) -> None:
    door = picture.door(data["compartment"])
    door.stay = data["stay"]
    if data.get("joined") and data["stay"] in picture.stays:
        picture.stays[data["stay"]].parcels += 1
        return
    door.contents = "reserved"
    stay = Stay(data["stay"], door.number, data.get("carrier", ""), data.get("courier", ""), since=at)
    picture.stays[stay.id] = stay
    _make_room(picture)


def _make_room(picture: Picture) -> None:
    if len(picture.stays) > PARCELS_MAX:
        gone = (one.id for one in picture.stays.values() if one.status not in IN_THERE)
        picture.stays.pop(next(gone, next(iter(picture.stays))))


def _cancelled(picture: Picture, data: Data, at: str) -> None:
    door, stay = picture.door(data["compartment"]), picture.stays.get(data["stay"])
    if stay is not None and stay.status != "reserved":  # a parcel that was to join others
        stay.parcels -= 1
        return
    _ended(picture, data["stay"], "cancelled", at)
    door.contents, door.stay = data.get("contents", "unknown"), ""


def _interrupted(picture: Picture, data: Data, at: str) -> None:
    _ended(picture, data["stay"], "interrupted", at)
    picture.door(data["compartment"]).contents = "unknown"


def _ended(picture: Picture, stay: str, status: str, at: str) -> None:
    if stay in picture.stays:
        picture.stays[stay].status, picture.stays[stay].since = status, at


def _deposited(picture: Picture, data: Data, at: str) -> None:
    door = picture.door(data["compartment"])
    door.contents, door.stay = "parcel", data["stay"]
    picture.stays.setdefault(data["stay"], Stay(data["stay"], door.number))
    _ended(picture, data["stay"], "stored", at)


def _taken_out(status: str) -> Callable[[Picture, Data, str], None]:
    def deed(picture: Picture, data: Data, at: str) -> None:
        _ended(picture, data["stay"], status, at)
        door = picture.door(data["compartment"])
        door.contents, door.stay = "empty", ""

    return deed


def _still_there(status: str) -> Callable[[Picture, Data, str], None]:
    def deed(picture: Picture, data: Data, at: str) -> None:
        _ended(picture, data["stay"], status, at)

    return deed


def _condition(word: str) -> Callable[[Picture, Data, str], None]:
    def deed(picture: Picture, data: Data, at: str) -> None:
        picture.door(data["compartment"]).condition = str(data.get("condition", word))

    return deed


def _unknown(picture: Picture, data: Data, at: str) -> None:
    picture.door(data["compartment"]).contents = "unknown"


def _verified_empty(picture: Picture, data: Data, at: str) -> None:
    door = picture.door(data["compartment"])
    door.contents, door.stay = "empty", ""
    if data.get("stay"):
        _ended(picture, data["stay"], str(data.get("stay_end") or "ended"), at)


def _fault(picture: Picture, data: Data, at: str) -> None:
    picture.faults[str(data["fault"])] = at


def _no_fault(picture: Picture, data: Data, at: str) -> None:
    picture.faults.pop(str(data["fault"]), None)


def _restored(picture: Picture, data: Data, at: str) -> None:
    picture.restored = True


def _started(picture: Picture, data: Data, at: str) -> None:
    picture.version = str(data.get("version", ""))


DEEDS: dict[str, Callable[[Picture, Data, str], None]] = {
    "config.applied": _configured,
    "acceptance.passed": _accepted,
    "door.opened": _position("open"),
    "door.forced": _position("open"),
    "door.closed": _position("closed"),
    "deposit.reserved": _reserved,
    "deposit.cancelled": _cancelled,
    "deposit.interrupted": _interrupted,
    "parcel.deposited": _deposited,
    "parcel.collected": _taken_out("collected"),
    "parcel.recalled": _taken_out("recalled"),
    "parcel.refused": _still_there("refused"),
    "parcel.overdue": _still_there("overdue"),
    "compartment.out_of_service": _condition("out_of_service"),
    "compartment.in_service": _condition("ok"),
    "compartment.suspect": _condition("suspect"),
    "compartment.contents_unknown": _unknown,
    "compartment.verified_empty": _verified_empty,
    "fault.opened": _fault,
    "fault.resolved": _no_fault,
    "ledger.restored": _restored,
    "agent.started": _started,
}
