"""The closed vocabularies of the trade, as they stand in events, tables and screens (see the glossary)."""

from __future__ import annotations

from enum import Enum


class Contents(Enum):
    """What is inside a compartment, as far as anybody knows. `UNKNOWN` is never offered."""

    EMPTY = "empty"
    STAY = "stay"
    UNKNOWN = "unknown"


class Basis(Enum):
    """Who or what says so."""

    NONE = "none"
    SENSOR = "sensor"
    RECIPIENT = "recipient"
    COURIER = "courier"
    TECHNICIAN = "technician"


class Condition(Enum):
    """`SUSPECT` after one failure, `FAULTY` after repeated failure; `OUT_OF_SERVICE` is set by a person."""

    OK = "ok"
    SUSPECT = "suspect"
    FAULTY = "faulty"
    OUT_OF_SERVICE = "out_of_service"


class DoorPosition(Enum):
    """From the sensor only."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Height(Enum):
    """Reach: `LOW` doors are kept for people who need them."""

    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


class Cause(Enum):
    """Why a door is opened."""

    DEPOSIT = "deposit"
    PICKUP = "pickup"
    RECALL = "recall"
    VERIFY = "verify"
    TECHNICIAN = "technician"
    REMOTE = "remote"


class Outcome(Enum):
    """How an opening ended, as far as the sensor says. `PENDING`: the intent is durable, nothing seen yet."""

    PENDING = "pending"
    OPENED = "opened"
    NOT_OPENED = "not_opened"
    UNKNOWN = "unknown"


class CodeLife(Enum):
    LIVE = "live"
    CLAIMED = "claimed"
    SPENT = "spent"


class CredentialKind(Enum):
    CODE = "code"
    TOKEN = "token"  # noqa: S105 - the name of a kind of credential
    DELEGATE = "delegate"  # the token of somebody whom the recipient lets collect
    SAME_RECIPIENT = "same-recipient"  # another stay of the person whose code was just accepted


class StayStatus(Enum):
    """`UNCERTAIN`: a person has to look whether the parcels are there. `REFUSED`: waits for the courier."""

    RESERVED = "reserved"
    STORED = "stored"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    ENDED = "ended"


class ParcelStatus(Enum):
    RESERVED = "reserved"
    STORED = "stored"
    COLLECTED = "collected"
    REFUSED = "refused"
    RECALLED = "recalled"
    CANCELLED = "cancelled"
    MISSING = "missing"


class StayEnd(Enum):
    """How a stay ended when a person looked and the compartment was empty."""

    COLLECTED = "collected"
    CANCELLED = "cancelled"
    MISSING = "missing"


class Correction(Enum):
    PHONE = "phone"
    WAYBILL = "waybill"
    RETENTION = "retention"
    FOUND_INSIDE = "found_inside"
    LEFT_INSIDE = "left_inside"  # a courier who had closed the door takes "I have it" back


class Report(Enum):
    """What people report; the first three take the compartment out of the offer until a person clears it."""

    DIRTY = "dirty"
    DAMAGED = "damaged"
    STUCK = "stuck"
    PARCEL_DAMAGED = "parcel-damaged"
    PARCEL_NOT_MINE = "parcel-not-mine"
    PARCEL_ABSENT = "parcel-absent"
    SOMETHING_INSIDE = "something-inside"
