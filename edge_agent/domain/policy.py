"""What the operator may choose, as one frozen value. Defaults are the product's; documents may change them."""

from __future__ import annotations

import msgspec

from edge_agent.domain.limits import Limits


class Policy(msgspec.Struct, frozen=True):
    """Seconds unless the name says otherwise. `pulse_ms` is what duty counts for one unlock."""

    retention_h: int = 48
    reminders_h: tuple[int, ...] = (12, 6, 1)
    overdue_may_be_picked_up: bool = True
    reopen_grace_s: int = 180
    seen_open_ms: int = 2_000  # shorter than this nobody can have taken anything out
    open_attempts: int = 3  # for one door in one visit
    faulty_after: int = 3  # openings in a row that failed: suspect after the first, faulty from here on
    pulse_ms: int = 300
    couriers_may_verify: bool = True
    consent_required: bool = True
    low_doors_kept: int = 2  # low doors that only people who need them get, per size
    lockout_steps: tuple[tuple[int, int], ...] = ((3, 60), (5, 300), (10, 900))  # (wrong tries, lock seconds)
    code_tries_per_day: int = 100
    remote: Limits = Limits()
    code_shape: str = "8"  # "8", or "6+4": six digits bound to the phone's last four


class Switches(msgspec.Struct, frozen=True):
    """What a person or a guard has switched off. Pickups have no switch."""

    deposits: bool = True
    reason: str = ""
    accepted: bool = False  # the installed cabinet passed its acceptance


class Imported(msgspec.Struct, frozen=True):
    """How far a file from outside was taken over: the last record's id, so that a crash imports nothing twice."""

    source: str
    last: str = ""


class Expected(msgspec.Struct, frozen=True):
    """Pre-advice of one parcel: what the back office knows before the courier stands here."""

    waybill_hash: str
    carrier: str
    size: str = ""
    phone_hash: str = ""
    low_needed: bool = False
    consent: str = ""
    cod: bool = False
    code_hash: str = ""
    token_hash: str = ""
