"""Events about keeping a cabinet in order: tickets that run late, devices and their swaps, inspections, drills."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from edge_agent.domain.events.base import Event
from edge_agent.domain.fault import Clock


class FaultAttended(Event, frozen=True):
    """A technician is on site: shown by badge and PIN at the screen."""

    TYPE: ClassVar[str] = "fault.attended"
    fault: str
    actor: str


class FaultEscalated(Event, frozen=True):
    """A clock of this ticket ran past its promise of `limit_s` seconds. Told once a clock."""

    TYPE: ClassVar[str] = "fault.escalated"
    fault: str
    clock: Clock
    severity: str
    limit_s: int


class DeviceInstalled(Event, frozen=True):
    """A device has its place from now on; whatever had it before (`replaces`: its serial) is out.

    `place` is kind and name: "board A", "lock 17", "scanner front", "screen", "modem".
    """

    TYPE: ClassVar[str] = "device.installed"
    place: str
    actor: str
    model: str = ""
    serial: str = ""
    firmware: str = ""
    replaces: str = ""
    reason: str = ""


class InspectedItem(msgspec.Struct, frozen=True):
    """One line of a checklist as somebody answered it: good | bad | skipped."""

    item: str
    verdict: str
    note: str = ""


class InspectionDone(Event, frozen=True):
    """A checklist was gone through. `inspection` is the record's id, `checklist` which list it was."""

    TYPE: ClassVar[str] = "inspection.done"
    inspection: str
    checklist: str
    actor: str
    items: tuple[InspectedItem, ...]


class DrillStarted(Event, frozen=True):
    """From here on service work is practice: it is journalled like any other and leaves no trace in the figures."""

    TYPE: ClassVar[str] = "drill.started"
    actor: str
    reason: str
    powered_ms: int


class DrillEnded(Event, frozen=True):
    TYPE: ClassVar[str] = "drill.ended"
    actor: str
    reason: str = ""


class CabinetDecommissioned(Event, frozen=True):
    """The last event of a locker: nothing is inside, the journal was written out, keys and vault go after it."""

    TYPE: ClassVar[str] = "cabinet.decommissioned"
    actor: str
    reason: str


EVENTS: tuple[type[Event], ...] = (
    FaultAttended,
    FaultEscalated,
    DeviceInstalled,
    InspectionDone,
    DrillStarted,
    DrillEnded,
    CabinetDecommissioned,
)
