"""Changes: what an event does to the folded tables, as rows. The store writes exactly these."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class Change:
    """Table, key, and the new row; `row` None removes it."""

    table: str
    key: str
    row: msgspec.Struct | None


Changes = tuple[Change, ...]
