"""Events about service work: people on site, faults and their clocks, acceptance."""

from __future__ import annotations

from typing import ClassVar

from edge_agent.domain.events.base import Event


class ServiceEntered(Event, frozen=True):
    TYPE: ClassVar[str] = "service.entered"
    actor: str
    session: str = ""


class ServiceLeft(Event, frozen=True):
    TYPE: ClassVar[str] = "service.left"
    actor: str
    session: str = ""


class FaultOpened(Event, frozen=True):
    """`fault` is code and place ("BUS-110@main/A"): the same trouble at the same place is one fault."""

    TYPE: ClassVar[str] = "fault.opened"
    fault: str
    code: str
    place: str
    severity: str  # info | minor | major
    detail: str = ""


class FaultAcknowledged(Event, frozen=True):
    TYPE: ClassVar[str] = "fault.acknowledged"
    fault: str
    actor: str


class FaultResolved(Event, frozen=True):
    TYPE: ClassVar[str] = "fault.resolved"
    fault: str
    actor: str
    cause: str = ""


class MaintenanceDone(Event, frozen=True):
    """An item of the plan was done. `cycles`: the openings of its lock (place), or of all, at that time."""

    TYPE: ClassVar[str] = "maintenance.done"
    VERSION: ClassVar[int] = 2
    actor: str
    item: str
    place: str = ""
    result: str = ""
    cycles: int = 0


class AcceptancePassed(Event, frozen=True):
    """Installed, tested, signed: `doors` were opened one by one and found empty."""

    TYPE: ClassVar[str] = "acceptance.passed"
    actor: str
    doors: tuple[str, ...]
    report: str = ""  # digest of the stored report


class AcceptanceFailed(Event, frozen=True):
    TYPE: ClassVar[str] = "acceptance.failed"
    actor: str
    reasons: tuple[str, ...]
    report: str = ""


EVENTS: tuple[type[Event], ...] = (
    ServiceEntered,
    ServiceLeft,
    FaultOpened,
    FaultAcknowledged,
    FaultResolved,
    MaintenanceDone,
    AcceptancePassed,
    AcceptanceFailed,
)
