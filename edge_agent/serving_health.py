"""`status`, `doctor` and the fault verbs in the running agent: one handler a row of `control/health_rows.py`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from drivers.lock_board import DoorState
from edge_agent.control import health_types as h
from edge_agent.control import types as t
from edge_agent.control.server import Caller, Handler
from edge_agent.domain import hardware
from edge_agent.domain.fault import Clock, Fault, Promises, age_ms
from edge_agent.domain.instant import Instant
from edge_agent.domain.staff_member import TECHNICIAN
from edge_agent.domain.stamp import instant_of
from edge_agent.error_table import EXPLANATIONS
from edge_agent.health import host, locker
from edge_agent.health.words import report, well
from edge_agent.version import VERSION

if TYPE_CHECKING:
    from edge_agent.agent import Agent

SEVERITIES = {"major": 0, "minor": 1}


class ServingHealth:
    """Handlers bound to one agent."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def handlers(self) -> dict[str, Handler]:
        return {
            "status": self.status,
            "doctor": self.doctor,
            "fault.list": self.fault_list,
            "fault.ack": self.fault_ack,
            "fault.resolve": self.fault_resolve,
        }

    async def status(self, asked: t.Nothing, caller: Caller) -> h.StatusResult:
        agent, state = self._agent, self._agent.ledger.state
        at = agent.ledger.now()
        checks = [
            *await agent.health.cheap(),
            *locker.doors(state, agent.config.policy.ajar_alarm_s, at),
            *locker.modes(state),
        ]
        found = locker.findings([*checks, *locker.tickets(state, checks)])
        return h.StatusResult(
            locker=agent.config.locker.id,
            name=agent.config.locker.name,
            version=VERSION,
            up_s=round(time.monotonic() - agent.health.begun_s, 1),
            clock=at.quality.value,
            deposits="on" if state.switched.deposits else "off",
            accepted=state.switched.accepted,
            compartments=locker.standing(state, self._doors()),
            parcels=len(state.parcel),
            events_waiting=agent.ledger.last_sequence - agent.ledger.watermark,
            drill=bool(state.drill),
            tickets=len(state.fault),
            findings=found,
        )

    def _doors(self) -> list[str]:
        seen = self._agent.cabinet.watch.states()
        return [seen.get(door.number, DoorState.UNKNOWN).value for door in self._agent.config.doors()]

    async def doctor(self, asked: h.DoctorArguments, caller: Caller) -> h.DoctorResult:
        checks = [well("agent", "agent", f"version {VERSION} answers"), *self._agent.health.connected()]
        areas = {name: check for name, check in host.CHECKS.items() if asked.area in ("", name)}
        looked = self._agent.health.host
        checks += await asyncio.to_thread(lambda: [c for check in areas.values() for c in check(looked)])
        return report(VERSION, checks, asked.area)

    async def fault_list(self, asked: t.Nothing, caller: Caller) -> h.FaultListResult:
        return h.FaultListResult(
            faults=ticket_rows(
                self._agent.ledger.state.fault.values(), self._agent.health.promises, self._agent.ledger.now()
            )
        )

    async def fault_ack(self, asked: h.FaultAckArguments, caller: Caller) -> h.FaultResult:
        who = f"{TECHNICIAN}:{caller.peer.login}"
        await self._agent.ledger.transact(
            lambda state, at: hardware.acknowledge_fault(state, asked.fault, who, at)
        )
        owner = self._agent.ledger.state.fault[asked.fault].owner
        return h.FaultResult(fault=asked.fault, standing="acknowledged", owner=owner)

    async def fault_resolve(self, asked: h.FaultResolveArguments, caller: Caller) -> h.FaultResult:
        who = f"{TECHNICIAN}:{caller.peer.login}"
        await self._agent.ledger.transact(
            lambda state, at: hardware.resolve_fault(state, asked.fault, who, at, asked.reason)
        )
        return h.FaultResult(fault=asked.fault, standing="resolved", owner=who)


def ticket_rows(faults: Iterable[Fault], promises: Promises, at: Instant) -> tuple[h.TicketRow, ...]:
    """Gravest first, then oldest."""
    rows = [_ticket(fault, promises, at) for fault in faults]
    return tuple(sorted(rows, key=lambda row: (SEVERITIES.get(row.severity, 2), -row.age_s)))


def _ticket(fault: Fault, promises: Promises, at: Instant) -> h.TicketRow:
    age_s = age_ms(fault.opened, at) // 1000
    promise, row = promises.get(fault.severity), EXPLANATIONS.get(fault.code)
    clocks = tuple(
        h.ClockRow(
            clock=clock.value,
            stopped=clock not in fault.running,
            left_s=promise.limit_s(clock) - age_s,
            escalated=clock in fault.escalated,
        )
        for clock in (Clock if promise else ())
        if promise
    )
    return h.TicketRow(
        fault=fault.id,
        code=fault.code,
        place=fault.place,
        severity=fault.severity,
        opened=instant_of(fault.opened).wall.isoformat(timespec="seconds"),
        age_s=age_s,
        detail=fault.detail,
        owner=fault.owner,
        clocks=clocks,
        next_step=row.next_step if row else "",
    )
