"""One door, the buses' figures, the screen, one parcel, stock-taking and the event stream, in the running agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import msgspec

from drivers.bus_stats import BoardCounters
from drivers.lock_board import DoorState
from drivers.screen import ScreenError
from edge_agent.config import Bus as BusSection
from edge_agent.control import bench_types as b
from edge_agent.control import types as t
from edge_agent.control.server import Caller, Handler, StreamHandler
from edge_agent.domain.compartment import OUT_OF_OFFER, Compartment
from edge_agent.domain.door_numbers import natural
from edge_agent.domain.staff_member import TECHNICIAN
from edge_agent.domain.words import Condition, Contents
from edge_agent.errors import ControlError
from edge_agent.health.devices import PAGE_SILENT_S
from edge_agent.kiosk.blanking import orders
from edge_agent.openings_by_hand import ByHand, result_of
from edge_agent.store import histories
from edge_agent.store.cloudevents import timestamp
from edge_agent.wiring import display_of

if TYPE_CHECKING:
    from edge_agent.agent import Agent

LOOK_EVERY_S = 0.1  # a door is known twice a second; a watcher sees it soon
POLL_S = 30.0  # of a follower: each wake-up looks whether it is still there
TEST_STEP_S = 1.0  # dimmed long enough for a person to see it
SEALED = ("sealed", "personal", "erased")


class ServingLook:
    """Handlers bound to one agent."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._by_hand = ByHand(agent)

    def handlers(self) -> dict[str, Handler | StreamHandler]:
        return {
            "unlock": self.unlock,
            "door.unlock": self.door_unlock,
            "door.watch": self.door_watch,
            "door.test": self.door_test,
            "bus.stats": self.bus_stats,
            "screen.info": self.screen_info,
            "screen.test": self.screen_test,
            "screen.blank": self.screen_blank,
            "reconcile": self.reconcile,
            "journal.follow": self.follow,
        }

    # Doors

    async def unlock(self, asked: t.UnlockArguments, caller: Caller) -> t.UnlockResult:
        """By board and channel."""
        wanted = (asked.board, asked.channel)
        doors = self._agent.config.doors()
        door = next((door for door in doors if (door.board, door.channel) == wanted), None)
        if door is None:
            place = f"board {asked.board}, channel {asked.channel}"
            raise ControlError("CTRL-705", place, "no door is wired there")
        return result_of(door, await self._by_hand.open(door.number, _actor(caller), asked.reason))

    async def door_unlock(self, asked: b.DoorUnlockArguments, caller: Caller) -> t.UnlockResult:
        door = self._by_hand.door(asked.number)
        return result_of(door, await self._by_hand.open(door.number, _actor(caller), asked.reason))

    async def door_watch(self, asked: b.DoorWatchArguments, caller: Caller) -> AsyncIterator[b.DoorSighting]:
        number = self._by_hand.door(asked.number).number
        loop, last = asyncio.get_running_loop(), None
        begun_s = loop.time()
        while not asked.seconds or loop.time() - begun_s < asked.seconds:  # else until the watcher goes
            state = self._agent.cabinet.watch.state(number)
            if state is not last:
                last = state
                at_s = round(loop.time() - begun_s, 2)
                yield b.DoorSighting(at_s=at_s, number=number, state=state.value)
            await asyncio.sleep(LOOK_EVERY_S)

    def door_test(self, asked: b.DoorTestArguments, caller: Caller) -> AsyncIterator[b.DoorTestItem]:
        return self._by_hand.test(asked, _actor(caller))

    # Buses

    async def bus_stats(self, asked: b.BusStatsArguments, caller: Caller) -> b.BusStatsResult:
        sections = [bus for bus in self._agent.config.bus if asked.bus in ("", bus.name)]
        if not sections:
            raise ControlError("CTRL-705", f"bus {asked.bus}", "no such bus is configured")
        return b.BusStatsResult(buses=tuple(self._bus_figures(section) for section in sections))

    def _bus_figures(self, section: BusSection) -> b.BusFigures:
        bus = self._agent.buses[section.name]
        stats = bus.stats()
        return b.BusFigures(
            bus=section.name,
            port=section.port or section.network,
            open=bus.state.open,
            noise_bytes=stats.noise_bytes,
            late_bytes=stats.late_bytes,
            collisions=stats.collisions,
            port_openings=stats.port_openings,
            port_losses=stats.port_losses,
            boards=tuple(
                _figures(seen.name, seen.answers is True, stats.boards.get(seen.name, BoardCounters()))
                for seen in self._agent.health.boards()
                if seen.bus == section.name
            ),
        )

    # The screen

    async def screen_info(self, asked: t.Nothing, caller: Caller) -> b.ScreenResult:
        return self._screen()

    def _screen(self) -> b.ScreenResult:
        agent = self._agent
        ago_s, kiosk = agent.health.page_ago_s(), agent.config.kiosk
        alive = ago_s is not None and ago_s <= PAGE_SILENT_S
        return b.ScreenResult(
            page="never" if ago_s is None else "alive" if alive else "silent",
            page_ago_s=None if ago_s is None else round(ago_s, 1),
            listen=kiosk.listen,
            screen=f"{agent.session.flow.name}, {agent.session.state.name.lower().replace('_', ' ')}",
            session=bool(agent.session.context.session),
            display=kiosk.blanking,
            resting=bool(agent.blanking and agent.blanking.resting),
        )

    async def screen_test(self, asked: t.Nothing, caller: Caller) -> b.ScreenTestResult:
        """Dim, wait, bright: with the very orders that blanking gives."""
        kiosk = self._agent.config.kiosk
        display = display_of(kiosk)
        if display is None:
            why = "the configuration names no display to switch ([kiosk] blanking)"
            return b.ScreenTestResult(display=kiosk.blanking, steps=(), failed=why)
        rest, wake = orders(display, kiosk.dim_percent)
        done: list[str] = []
        try:
            for step, order in (("dimmed", rest), ("bright", wake)):
                await asyncio.to_thread(order)
                done.append(step)
                await asyncio.sleep(TEST_STEP_S)
        except ScreenError as error:
            return b.ScreenTestResult(display=kiosk.blanking, steps=tuple(done), failed=str(error))
        return b.ScreenTestResult(display=kiosk.blanking, steps=tuple(done))

    async def screen_blank(self, asked: b.ScreenBlankArguments, caller: Caller) -> b.ScreenResult:
        blanking = self._agent.blanking
        if blanking is None:
            raise ControlError("CTRL-705", "display", "the configuration names none ([kiosk] blanking)")
        if asked.state == "on":
            await blanking.rest_now()
        else:
            blanking.stir()
        return self._screen()

    # Stock and story

    async def reconcile(self, asked: b.ReconcileArguments, caller: Caller) -> b.ReconcileResult:
        states = self._agent.cabinet.watch.states()
        rows = sorted(self._agent.ledger.state.compartment.values(), key=lambda row: natural(row.number))
        found = [
            b.ToReconcile(
                number=row.number,
                contents=row.contents.value,
                door=states.get(row.number, DoorState.UNKNOWN).value,
                why=why,
            )
            for row in rows
            if (why := _doubt(row, asked.all))
        ]
        return b.ReconcileResult(compartments=tuple(found), sound=len(rows) - len(found))

    async def follow(self, asked: b.FollowArguments, caller: Caller) -> AsyncIterator[b.FollowedEvent]:
        ledger, after = self._agent.ledger, None
        while True:  # ends: after the first batch, or when the follower goes
            fresh = await asyncio.to_thread(self._events, asked, after)
            for event in fresh:
                yield event
            after = max([event.sequence for event in fresh], default=after or ledger.last_sequence)
            if not asked.follow:
                return
            await ledger.wait_beyond(after, POLL_S)

    def _events(self, asked: b.FollowArguments, after: int | None) -> list[b.FollowedEvent]:
        settings = self._agent.settings
        return [
            b.FollowedEvent(
                sequence=stored.row.sequence,
                time=timestamp(stored.row.wall_ms),
                type=stored.row.type,
                data=_open(msgspec.json.decode(stored.row.data)),
            )
            for stored in histories.newest(settings, asked.last, asked.type, after)
        ]


def _open(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in SEALED and value not in ("", None)}


def _figures(name: str, answers: bool, counted: BoardCounters) -> b.BoardFigures:
    lost = counted.sent - counted.answered
    return b.BoardFigures(
        board=name,
        answers=answers,
        sent=counted.sent,
        answered=counted.answered,
        silent=counted.silent,
        bad=counted.bad,
        refused=counted.refused,
        resends=counted.resends,
        errors_percent=round(100 * max(0, lost) / counted.sent, 2) if counted.sent else 0.0,
        median_ms=round(counted.round_trip_s(0.5) * 1000, 1),
        slowest_ms=round(counted.round_trip_s(1.0) * 1000, 1),
    )


def _doubt(row: Compartment, everything: bool) -> str:
    """Why a person should look into it; "" where the ledger's word is enough."""
    doubts: tuple[tuple[Callable[[], bool], str], ...] = (
        (lambda: row.contents is Contents.UNKNOWN, "contents unknown"),
        (lambda: row.condition is not Condition.OK, row.condition.value.replace("_", " ")),
        (lambda: bool(OUT_OF_OFFER.intersection(row.reports)), "reported"),
        (lambda: everything, "stock-taking"),
    )
    return next((why for holds, why in doubts if holds()), "")


def _actor(caller: Caller) -> str:
    return f"{TECHNICIAN}:{caller.peer.login}"
