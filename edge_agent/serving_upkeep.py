"""Maintenance, inspections, devices, drills and service mode in the running agent: one handler a row."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from edge_agent.control import door_types as d
from edge_agent.control import types as t
from edge_agent.control import upkeep_types as u
from edge_agent.control.server import Caller, Handler
from edge_agent.domain import archive, drill, inspection, maintenance, service_mode
from edge_agent.domain.door_numbers import natural
from edge_agent.domain.ports import Decide
from edge_agent.domain.staff_member import TECHNICIAN
from edge_agent.domain.stamp import Stamp, instant_of
from edge_agent.domain.upkeep import Device, Fitted
from edge_agent.errors import ControlError
from edge_agent.health import host, locker, readiness
from edge_agent.health.forecast import RATED_CYCLES, forecast
from edge_agent.randomness import uuid7
from edge_agent.store import histories, upkeep, wear

if TYPE_CHECKING:
    from edge_agent.agent import Agent


class ServingUpkeep:
    """Handlers bound to one agent."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def handlers(self) -> dict[str, Handler]:
        return {
            "maintenance.due": self.due,
            "maintenance.do": self.do,
            "maintenance.log": self.log,
            "maintenance.wear": self.wear,
            "inspect": self.inspect,
            "readiness": self.readiness,
            "device.list": self.device_list,
            "device.fit": self.device_fit,
            "drill.start": self.drill_start,
            "drill.end": self.drill_end,
            "service-mode": self.service_mode,
        }

    # Maintenance and wear

    async def due(self, asked: u.MaintenanceDueArguments, caller: Caller) -> u.MaintenanceDueResult:
        rows = await self._due()
        return u.MaintenanceDueResult(items=tuple(row for row in rows if asked.all or row.standing != "fine"))

    async def _due(self) -> list[u.DueRow]:
        ledger = self._agent.ledger
        found = maintenance.due(ledger.state, self._cycles(), self._born_ms(), ledger.now())
        return [_due_row(one) for one in sorted(found, key=lambda one: -one.used)]

    async def do(self, asked: u.MaintenanceDoArguments, caller: Caller) -> u.MaintenanceDoneResult:
        cycles, who = self._cycles(), _actor(caller)
        await self._transact(
            lambda state, at: maintenance.do(state, asked.item, asked.place, asked.result, cycles, who)
        )
        counted = cycles.get(asked.place, sum(cycles.values()))
        return u.MaintenanceDoneResult(item=asked.item, place=asked.place, cycles=counted)

    async def log(self, asked: u.MaintenanceLogArguments, caller: Caller) -> u.MaintenanceLogResult:
        state = self._agent.ledger.state
        rows = [
            (
                done.at,
                u.LogRow(time=_iso(done.at), what=item, place=place, actor=done.actor, result=done.result),
            )
            for kept in state.maintenance.values()
            for item, _, place in [kept.id.partition("@")]
            for done in kept.done
            if asked.item in ("", item)
        ]
        for one in state.inspection.values():
            if asked.item in ("", "inspection"):
                rows.append((one.at, _inspection_row(one)))
        ordered = sorted(rows, key=lambda pair: pair[0].wall_ms)
        return u.MaintenanceLogResult(done=tuple(row for _, row in ordered))

    async def wear(self, asked: u.WearArguments, caller: Caller) -> u.WearResult:
        rows = await self._forecast()
        shown = tuple(row for row in rows if asked.all or row.verdict != "fine")
        return u.WearResult(rated=RATED_CYCLES, locks=shown, counted=len(rows))

    async def _forecast(self) -> list[u.WearRow]:
        ledger = self._agent.ledger
        await upkeep.roll_up(ledger, self._agent.settings)
        counted = await ledger.on_store(ledger.engine.read, wear.read)
        return forecast(counted, set(ledger.state.compartment), ledger.now())

    def _cycles(self) -> dict[str, int]:
        return {row.number: row.openings for row in self._agent.ledger.state.compartment.values()}

    def _born_ms(self) -> int:
        """The day of the set-up: when the locker's keys were made."""
        return int(self._agent.settings.keys.stat().st_ctime * 1000)

    # Inspections

    async def inspect(self, asked: u.InspectArguments, caller: Caller) -> u.InspectResult:
        questions = inspection.CHECKLISTS[asked.checklist]
        answers = dict(map(_answer, asked.answer))
        record, verdicts = "", dict[str, tuple[str, str]]()
        if answers:
            record = uuid7(self._agent.seams.clock.now().wall, self._agent.seams.chance)
            who = _actor(caller)
            items = await self._transact(
                lambda state, at: inspection.record(record, asked.checklist, answers, who)
            )
            verdicts = {item.item: (item.verdict, item.note) for item in items}
        rows = [
            u.InspectedRow(item=one.key, asks=one.asks, command=one.command, verdict=verdict, note=note)
            for one in questions
            for verdict, note in [verdicts.get(one.key, ("", ""))]
        ]
        return u.InspectResult(checklist=asked.checklist, record=record, items=tuple(rows))

    async def readiness(self, asked: t.Nothing, caller: Caller) -> u.ReadinessResult:
        agent, state = self._agent, self._agent.ledger.state
        checks = await agent.health.cheap()
        checks += await asyncio.to_thread(
            lambda: [*host.ledger(agent.health.host), *host.backups(agent.health.host)]
        )
        at = agent.ledger.now()
        checks += [*locker.doors(state, agent.config.policy.ajar_alarm_s, at), *locker.modes(state)]
        checks += locker.tickets(state, checks)
        checks += readiness.checks(state, await self._forecast(), await self._due(), at)
        return u.ReadinessResult(checks=tuple(checks))

    # Devices

    async def device_list(self, asked: u.DeviceListArguments, caller: Caller) -> u.DeviceListResult:
        devices = self._agent.ledger.state.device
        if not asked.place:
            ordered = sorted(devices.values(), key=lambda one: natural(one.place))
            return u.DeviceListResult(devices=tuple(_device(one, one.now, True) for one in ordered))
        found = devices.get(asked.place)
        if found is None:
            raise ControlError(
                "CTRL-705", asked.place, f"known places: {', '.join(sorted(devices)) or 'none'}"
            )
        history = found.fitted
        return u.DeviceListResult(devices=tuple(_device(found, one, one is history[-1]) for one in history))

    async def device_fit(self, asked: u.DeviceFitArguments, caller: Caller) -> u.DeviceFitResult:
        described = archive.Described(asked.model, asked.serial, asked.firmware)
        who = _actor(caller)
        replaces = await self._transact(
            lambda state, at: archive.fit(state, asked.place, described, who, asked.reason)
        )
        return u.DeviceFitResult(place=asked.place, serial=asked.serial, replaces=str(replaces))

    # Drills and service mode

    async def drill_start(self, asked: u.DrillArguments, caller: Caller) -> u.DrillResult:
        who = _actor(caller)
        await self._transact(lambda state, at: drill.start(state, who, asked.reason, at))
        return self._drill()

    async def drill_end(self, asked: u.DrillArguments, caller: Caller) -> u.DrillResult:
        who, before = _actor(caller), self._drill()
        await self._transact(lambda state, at: drill.end(state, who, asked.reason, at))
        since = await asyncio.to_thread(histories.since_last, self._agent.settings, "drill.started")
        return u.DrillResult(
            going_on=False,
            since=before.since,
            actor=before.actor,
            reason=before.reason,
            events=dict(Counter(since)),
        )

    def _drill(self) -> u.DrillResult:
        for one in self._agent.ledger.state.drill.values():
            return u.DrillResult(going_on=True, since=_iso(one.since), actor=one.actor, reason=one.reason)
        return u.DrillResult(going_on=False)

    async def service_mode(self, asked: u.ServiceModeArguments, caller: Caller) -> d.DepositsResult:
        who, on = _actor(caller), asked.state == "on"
        await self._transact(lambda state, at: service_mode.switch(state, on, who, asked.reason, at))
        switched = self._agent.ledger.state.switched
        return d.DepositsResult(deposits="on" if switched.deposits else "off", reason=switched.reason)

    async def _transact(self, decide: Decide) -> Any:
        return (await self._agent.ledger.transact(decide)).result


def _due_row(one: maintenance.Due) -> u.DueRow:
    return u.DueRow(
        item=one.item,
        place=one.place,
        says=one.says,
        standing=one.standing,  # type: ignore[arg-type]
        used=one.used,
        last=_iso(one.last.at) if one.last else "",
        days_left=one.days_left,
        cycles_left=one.cycles_left,
    )


def _inspection_row(one: Any) -> u.LogRow:
    bad = [
        f"{item.item}{': ' + item.note if item.note else ''}" for item in one.items if item.verdict == "bad"
    ]
    result = f"bad: {'; '.join(bad)}" if bad else "all good"
    return u.LogRow(
        time=_iso(one.at), what=f"inspection {one.checklist}", place="", actor=one.actor, result=result
    )


def _device(device: Device, fitted: Fitted, present: bool) -> u.DeviceRow:
    return u.DeviceRow(
        place=device.place,
        model=fitted.model,
        serial=fitted.serial,
        firmware=fitted.firmware,
        installed=_iso(fitted.installed),
        actor=fitted.actor,
        reason=fitted.reason,
        present=present,
    )


def _answer(given: str) -> tuple[str, tuple[str, str]]:
    """`scanner=bad:reads twice` → its question, verdict and note. Raises ControlError CTRL-706."""
    question, _, rest = given.partition("=")
    verdict, _, note = rest.partition(":")
    if not (question and verdict):
        raise ControlError("CTRL-706", "inspect", f"{given!r} is not QUESTION=good|bad|skipped[:NOTE]")
    return question, (verdict, note)


def _iso(stamp: Stamp) -> str:
    return instant_of(stamp).wall.isoformat(timespec="seconds")


def _actor(caller: Caller) -> str:
    return f"{TECHNICIAN}:{caller.peer.login}"
