"""Lists that people hand over in clear: carriers, couriers, staff and pre-advised parcels, from one JSON document.

    {"carriers": [{"id": "SF"}], "couriers": [{"id": "c1", "carrier": "SF", "badge": "…", "pin": "…"}],
     "staff": [{"id": "t1", "card": "…", "pin": "…"}], "expected": [{"waybill": "SF…", "carrier": "SF", "size": "M"}]}

Secrets are hashed before anything is stored; the whole document is taken over, or nothing of it. A back office sends
the same lists as signed documents; this is the way for a site without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from edge_agent.domain.carrier import Carrier, Consent
from edge_agent.domain.changes import Change, Changes
from edge_agent.domain.courier import Courier
from edge_agent.domain.policy import Expected
from edge_agent.domain.staff_member import Staff
from edge_agent.errors import StoreError
from edge_agent.kiosk.session_inputs import pin_text
from edge_agent.store.hasher import Hasher

DOCUMENT_MAX = 4 << 20  # bytes: some ten thousand entries
UNREADABLE = "STORE-421"


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base: an unknown key is an error that names it."""


class CarrierIn(_Entry, frozen=True):
    id: str
    name: str = ""
    consent: Consent = Consent.COURIER_CONFIRMS
    quotas: dict[str, int] = {}
    phone_required: bool = True


class CourierIn(_Entry, frozen=True):
    id: str
    carrier: str
    badge: str = ""
    pin: str = ""
    revoked: bool = False


class StaffIn(_Entry, frozen=True):
    id: str
    card: str
    pin: str
    revoked: bool = False


class ExpectedIn(_Entry, frozen=True):
    """One pre-advised parcel. `waybill` is normalised as at the scanner; `phone` digits only."""

    waybill: str
    carrier: str
    size: str = ""
    phone: str = ""
    low_needed: bool = False


class Document(_Entry, frozen=True):
    carriers: tuple[CarrierIn, ...] = ()
    couriers: tuple[CourierIn, ...] = ()
    staff: tuple[StaffIn, ...] = ()
    expected: tuple[ExpectedIn, ...] = ()


def read(path: Path) -> Document:
    """Raises StoreError STORE-421 naming the file and the place of the first wrong entry."""
    try:
        content = path.read_bytes()
        if len(content) > DOCUMENT_MAX:
            raise StoreError(UNREADABLE, str(path), f"longer than {DOCUMENT_MAX} bytes")
        return msgspec.json.decode(content, type=Document)
    except OSError as error:
        raise StoreError(UNREADABLE, str(path), error.strerror or str(error)) from None
    except msgspec.MsgspecError as error:
        raise StoreError(UNREADABLE, str(path), str(error)) from None


async def changes_of(document: Document, hasher: Hasher) -> Changes:
    """The rows of the given tables. PINs are hashed one after the other, off the loop."""
    couriers = [
        Courier(one.id, one.carrier, await _pin(hasher, one), _keyed(hasher, one.badge), one.revoked)
        for one in document.couriers
    ]
    staff = [
        Staff(one.id, _keyed(hasher, one.card), await _pin(hasher, one), one.revoked)
        for one in document.staff
    ]
    return (
        *(Change("carrier", one.id, _carrier(one)) for one in document.carriers),
        *(Change("courier", one.id, one) for one in couriers),
        *(Change("staff", one.id, one) for one in staff),
        *_expected(document, hasher),
    )


async def _pin(hasher: Hasher, person: CourierIn | StaffIn) -> str:
    return await hasher.code_hash_off_loop(pin_text(person.id, person.pin)) if person.pin else ""


def _keyed(hasher: Hasher, badge: str) -> str:
    return hasher.lookup_hash("badge", badge) if badge else ""


def _carrier(one: CarrierIn) -> Carrier:
    return Carrier(
        one.id, one.name, quotas=one.quotas, consent=one.consent, phone_required=one.phone_required
    )


def _expected(document: Document, hasher: Hasher) -> Iterator[Change]:
    for one in document.expected:
        waybill = hasher.lookup_hash("waybill", one.waybill)
        phone = hasher.lookup_hash("phone", one.phone) if one.phone else ""
        row = Expected(waybill, one.carrier, one.size, phone, one.low_needed, consent="pre-advice")
        yield Change("expected", waybill, row)
