"""One door as a technician's line: what is inside, and then only what is not as it should be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from edge_agent.domain.compartment import Compartment
from edge_agent.domain.words import Condition, Contents, DoorPosition
from edge_agent.kiosk.screen_parts import ServiceRow, ServiceWord

Offer = Literal["set-in", "set-out"]
WORDS: dict[Contents | Condition | DoorPosition | None, ServiceWord] = {
    Contents.EMPTY: "empty",
    Contents.STAY: "stay",
    Contents.UNKNOWN: "unknown",
    DoorPosition.OPEN: "open",
    Condition.SUSPECT: "suspect",
    Condition.FAULTY: "faulty",
    Condition.OUT_OF_SERVICE: "out_of_service",
    None: "silent",
}


def door_row(row: Compartment) -> ServiceRow:
    well = row.condition is Condition.OK and row.reachable and row.contents is not Contents.UNKNOWN
    offer: Offer = "set-in" if row.condition is not Condition.OK else "set-out"
    return ServiceRow(
        row.number,
        row.number,
        row.size,
        tuple(WORDS[fact] for fact in _facts(row)),
        "good" if well else "attention",
        ("open", offer),
    )


def _facts(row: Compartment) -> Iterator[Contents | Condition | DoorPosition | None]:
    """What is inside, and then only what is not as it should be; None stands for a board without an answer."""
    yield row.contents
    if row.door is DoorPosition.OPEN:
        yield row.door
    if row.condition is not Condition.OK:
        yield row.condition
    if not row.reachable:
        yield None
