"""The agent's answers on its two sockets: one small handler for each row of the operations table that it serves.

A technician's socket reads and opens; the bridge's socket hands out events and takes acknowledgements. What a handler
decides, it decides through the ledger like everybody else; the peer's login is the actor.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from drivers.lock_board import DoorState
from edge_agent import given_lists, serving_bench, serving_update
from edge_agent.agent import Agent
from edge_agent.control import cloud_types as ct
from edge_agent.control import ledger_types as lt
from edge_agent.control import types as t
from edge_agent.control.answers import door_row
from edge_agent.control.server import Caller, Handler, StreamHandler
from edge_agent.domain import events as e
from edge_agent.domain import service
from edge_agent.domain.decision import Decision
from edge_agent.domain.staff_member import TECHNICIAN
from edge_agent.errors import ControlError
from edge_agent.one_bridge import OneBridge
from edge_agent.serving_doors import ServingDoors
from edge_agent.serving_health import ServingHealth
from edge_agent.serving_later import Later
from edge_agent.store import offline
from edge_agent.store.outbox import Ack

LOOKS = (
    "unlock", "door.unlock", "door.watch", "door.test", "bus.stats", "screen.info", "screen.test", "screen.blank",
    "reconcile", "journal.follow",
)  # fmt: skip
UPKEEP = (
    "maintenance.due", "maintenance.do", "maintenance.log", "maintenance.wear", "inspect", "readiness", "device.list",
    "device.fit", "drill.start", "drill.end", "service-mode",
)  # fmt: skip
POLL_MAX_S = 60.0  # the longest long poll: proxies and watchdogs expect a sign of life


class Serving:
    """Handlers bound to one agent."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._one_bridge = OneBridge()

    def technician(self) -> dict[str, Handler | StreamHandler]:
        return {
            **serving_bench.handlers(self._agent),
            "doors": self.doors,
            "compartments": self.compartments,
            "couriers.import": self.couriers_import,
            "couriers.revoke": self.couriers_revoke,
            "backup.make": self.backup_make,
            "journal.rebuild": self.only_stopped,
            "backup.restore": self.only_stopped,
            "cabinet.decommission": self.only_stopped,
            "lists.import": self.lists_import,
            "cabinet.accept": self.cabinet_accept,
            "cloud.show": self._agent.cloud.show,
            **ServingDoors(self._agent).handlers(),
            **ServingHealth(self._agent).handlers(),
            **Later(self._agent, "edge_agent.serving_look:ServingLook", LOOKS).handlers(),
            **Later(self._agent, "edge_agent.serving_upkeep:ServingUpkeep", UPKEEP).handlers(),
            **serving_update.handlers(self._agent),
        }

    def bridge(self) -> dict[str, Handler | StreamHandler]:
        return {
            **self._agent.cloud.handlers(),
            "session": self.session,
            "events": self.events,
            "acks": self.acks,
        }

    async def session(self, asked: t.Nothing, caller: Caller) -> ct.SessionResult:
        """A connection of the bridge begins; of two bridges the second is turned away. Raises CloudError CLOUD-566."""
        self._one_bridge.admit(caller.peer.pid)
        drawn: ct.SessionResult = await self._agent.cloud.handlers()["session"](asked, caller)
        return drawn

    async def doors(self, asked: t.DoorsArguments, caller: Caller) -> t.DoorsResult:
        states = self._agent.cabinet.watch.states()
        wanted = [door for door in self._agent.config.doors() if asked.board in ("", door.board)]
        return t.DoorsResult(
            doors=tuple(door_row(door, states.get(door.number, DoorState.UNKNOWN)) for door in wanted)
        )

    async def compartments(self, asked: t.Nothing, caller: Caller) -> lt.CompartmentsResult:
        """As the ledger knows them, with the doors as the sensors see them now."""
        lines = await asyncio.to_thread(offline.compartments, self._agent.settings)
        doors = self._agent.cabinet.watch.states()
        return lt.CompartmentsResult(
            compartments=tuple(
                msgspec.convert(
                    {**msgspec.to_builtins(line), "door": doors.get(line.number, DoorState.UNKNOWN).value},
                    lt.CompartmentRow,
                )
                for line in lines
            )
        )

    async def couriers_import(
        self, asked: lt.CouriersImportArguments, caller: Caller
    ) -> lt.CouriersImportResult:
        return lt.CouriersImportResult(
            imported=await offline.take_couriers(self._agent.ledger, self._agent.keys, Path(asked.file))
        )

    async def couriers_revoke(
        self, asked: lt.CouriersRevokeArguments, caller: Caller
    ) -> lt.CouriersRevokeResult:
        return lt.CouriersRevokeResult(
            revoked=await offline.revoke_courier(self._agent.ledger, asked.courier)
        )

    async def backup_make(self, asked: t.Nothing, caller: Caller) -> lt.BackupMakeResult:
        made = await self._agent.rounds.backup()
        return lt.BackupMakeResult(
            name=made.name,
            size_bytes=made.size_bytes,
            epoch=made.manifest.epoch,
            last_sequence=made.manifest.last_sequence,
            targets=made.targets,
            missed=made.missed,
        )

    async def only_stopped(self, asked: t.Arguments, caller: Caller) -> t.Result:
        """What rewrites the ledger needs it for itself."""
        raise ControlError("CTRL-703", "ledger", "the agent has it open; stop the agent first")

    async def lists_import(self, asked: t.ListsImportArguments, caller: Caller) -> t.ListsImportResult:
        document = given_lists.read(Path(asked.file))
        given = await given_lists.changes_of(document, self._agent.hasher)
        done = e.CommandDone(Path(asked.file).name, "lists.import", _actor(caller), "done")
        await self._agent.ledger.transact(lambda state, at: Decision((done,), given=given))
        return t.ListsImportResult(
            carriers=len(document.carriers),
            couriers=len(document.couriers),
            staff=len(document.staff),
            expected=len(document.expected),
        )

    async def cabinet_accept(self, asked: t.CabinetAcceptArguments, caller: Caller) -> t.CabinetAcceptResult:
        """Only doors whose sensor says closed count as looked at: an open or unknown one is left out."""
        states = self._agent.cabinet.watch.states()
        closed = tuple(number for number, state in states.items() if state is DoorState.CLOSED)
        await self._agent.ledger.transact(lambda state, at: service.accept(state, _actor(caller), closed, at))
        return t.CabinetAcceptResult(doors=len(closed))

    async def events(self, asked: t.EventsArguments, caller: Caller) -> t.EventsResult:
        """The long poll: returns as soon as there is something behind `after`."""
        self._agent.health.bridge_asked()
        ledger = self._agent.ledger
        await ledger.wait_beyond(asked.after, min(asked.wait, POLL_MAX_S))
        batch = await ledger.events_after(asked.after)
        return t.EventsResult(
            epoch=batch.epoch, first=batch.first, events=tuple(msgspec.Raw(event) for event in batch.events)
        )

    async def acks(self, asked: ct.AckedArguments, caller: Caller) -> t.AcksResult:
        taken = await self._agent.ledger.acknowledge(asked.epoch, asked.next)
        if taken is Ack.TAKEN:
            await self._agent.cloud.refused_events(asked.rejected)
        return t.AcksResult(taken=taken.value)


def _actor(caller: Caller) -> str:
    """The technician behind a socket, by the login that the kernel names."""
    return f"{TECHNICIAN}:{caller.peer.login}"
