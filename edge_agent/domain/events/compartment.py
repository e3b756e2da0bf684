"""Events about compartments: in or out of service, and what is known of their contents."""

from __future__ import annotations

from typing import ClassVar

from edge_agent.domain.events.base import Event
from edge_agent.domain.words import Basis, Condition, Report, StayEnd


class CompartmentOutOfService(Event, frozen=True):
    """A person took it out of service; retention of a stay inside stands still from `service_ms` on."""

    TYPE: ClassVar[str] = "compartment.out_of_service"
    compartment: str
    actor: str
    reason: str
    service_ms: int


class CompartmentInService(Event, frozen=True):
    """Back in service, clear of reports and failures; its contents are what they were."""

    TYPE: ClassVar[str] = "compartment.in_service"
    compartment: str
    actor: str
    service_ms: int
    reason: str = ""


class CompartmentSuspect(Event, frozen=True):
    """After one failure `suspect`, after repeated failure `faulty`."""

    TYPE: ClassVar[str] = "compartment.suspect"
    compartment: str
    condition: Condition
    reason: str
    failures: int
    service_ms: int


class CompartmentContentsUnknown(Event, frozen=True):
    """Nobody knows what is inside; never offered until verified. Ends the opening named by `intent`."""

    TYPE: ClassVar[str] = "compartment.contents_unknown"
    compartment: str
    reason: str
    intent: str = ""
    stay: str = ""


class CompartmentVerifiedEmpty(Event, frozen=True):
    """Somebody looked. Ends the opening named by `intent`, and a stay whose whereabouts were open."""

    TYPE: ClassVar[str] = "compartment.verified_empty"
    compartment: str
    basis: Basis
    actor: str
    intent: str = ""
    stay: str = ""
    stay_end: StayEnd | None = None
    reason: str = ""


class CompartmentReported(Event, frozen=True):
    """A person says something about it; `parcel-*` reports are about the stay inside."""

    TYPE: ClassVar[str] = "compartment.reported"
    compartment: str
    what: Report
    actor: str
    stay: str = ""
    session: str = ""


EVENTS: tuple[type[Event], ...] = (
    CompartmentOutOfService,
    CompartmentInService,
    CompartmentSuspect,
    CompartmentContentsUnknown,
    CompartmentVerifiedEmpty,
    CompartmentReported,
)
