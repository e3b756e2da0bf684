"""What every event of the journal has in common.

An event is a frozen value that says what happened, in ids only: stay, parcel, courier and intent ids, printed
door numbers, keyed hashes. Names, phones, codes, PINs and whole waybills never stand in one; they go to the vault.
Whatever the fold needs to know about time stands in the event as a figure (`powered_ms`, `service_ms`: see
`timers.py`), so that replaying a journal years later gives the same tables.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

PREFIX = "locker."  # of the CloudEvents type name; inside the locker the names stand bare


class Event(msgspec.Struct, frozen=True):
    """Base of every event. `TYPE`: the contract's name without prefix; `VERSION` rises with its fields."""

    TYPE: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
