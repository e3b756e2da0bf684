"""A fault that is open: what, where, since when, and whether a person has taken it on."""

from __future__ import annotations

import msgspec

from edge_agent.domain.stamp import Stamp


class Fault(msgspec.Struct, frozen=True):
    """`id` is code and place, so that the same trouble at the same place is one fault."""

    id: str
    code: str
    place: str
    severity: str
    opened: Stamp
    detail: str = ""
    acknowledged: Stamp | None = None
    owner: str = ""


def fault_id(code: str, place: str) -> str:
    return f"{code}@{place}"
