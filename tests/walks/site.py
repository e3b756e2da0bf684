"""A whole locker in the test's process, with its real kiosk server, for a real browser to walk through.

The agent, the ledger and the drivers are the shipped ones; boards and doors are simulated. Time runs as usual and the
test may skip ahead (`skip`), so that a time-out of three minutes costs a moment.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.clock import VirtualClock
from edge_agent.domain import service
from edge_agent.domain.carrier import Carrier, Consent
from edge_agent.domain.courier import Courier
from edge_agent.domain.policy import Expected
from edge_agent.domain.ports import Decide
from edge_agent.domain.staff_member import Staff
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Report, StayStatus
from edge_agent.kiosk.server import KioskServer, bind, create_app
from edge_agent.kiosk.session_inputs import pin_text
from edge_agent.kiosk.site import site_of
from edge_agent.store.ledger import Committed
from sim import demo_cabinet
from sim.soak.whole_locker import WholeLocker
from sim.virtual_time import PacedLoop

TOKEN = "w" * 32
CALL_S = 20.0  # real seconds for one call into the locker's loop; on a busy machine most take milliseconds
A_MINUTE_S = 61.0
START_S = 3.0  # the boards' first readings and the settling: nobody looks yet, so nobody has to wait for it
PROCESS_S = 1.0  # a process is not there at once: whatever was on the lines has died away by then
ECHOES = 3  # turns of the loop in which the closing of ports could still start something in the dead agent
BADGE, CARD, PIN = "badge-c1", "card-t1", "4711"

T = TypeVar("T")


class Site:
    """Start with `with`. Every method may be called from the test's thread."""

    def __init__(self, folder: Path, seed: int = 1, accepted: bool = True, **sections: Any) -> None:
        self._folder, self._seed, self._accepted, self._sections = folder, seed, accepted, sections
        if "locker" in sections:  # only what differs from the demo's
            sections["locker"] = {**demo_cabinet.document(folder)["locker"], **sections["locker"]}
        self.clock = VirtualClock()
        self.loop = PacedLoop(on_jump=self.clock.advance)
        self.locker: WholeLocker
        self._listener = bind("127.0.0.1:0")
        self._port = self._listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self._port}/?token={TOKEN}"
        self._thread = threading.Thread(target=self._run, name="locker-under-test", daemon=True)
        self._up = threading.Event()
        self._down: asyncio.Event

    def __enter__(self) -> Site:
        self._thread.start()
        self.loop.skip(START_S)
        for _ in range(60):
            if self._up.wait(0.5) or not self._thread.is_alive():
                break
        assert self._up.is_set(), "the locker did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self._down.set)
        self._thread.join(30)
        assert not self._thread.is_alive(), "the locker did not stop within 30 s"

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the locker's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(CALL_S)

    def do(self, act: Callable[[], T]) -> T:
        """Run a plain function on the locker's loop."""

        async def acting() -> T:
            return act()

        return self.call(acting())

    def skip(self, seconds: float) -> None:
        """Let time pass; returns when it has."""
        until = self.do(self.loop.time) + seconds
        self.loop.skip(seconds)
        self.call(self._reached(until))

    def let_pass(self, seconds: float) -> None:
        """Hours go by in which nothing happens; then the agent's next minute has come."""
        self.do(lambda: self.clock.advance(seconds))
        self.skip(A_MINUTE_S)

    def until(self, wanted: Callable[[], bool], at_most_s: float = 20.0) -> None:
        """Let virtual time pass, quickly, until something is so."""
        for _ in range(int(at_most_s / 0.2)):
            if self.do(wanted):
                return
            self.skip(0.2)
        raise AssertionError(f"it did not come to that within {at_most_s} s")

    # Who may do what: as documents of the back office would say it

    def hire(self, courier: str = "c1", carrier: str = "SF", asks_phone: bool = True) -> str:
        """A courier with a badge; what its barcode says. Some carriers know all phone numbers themselves."""
        badge = self.call(self.locker.hire(courier, carrier))
        if not asks_phone:
            firm = Carrier(carrier, carrier, consent=Consent.NOT_NEEDED, phone_required=False)
            self.call(self.locker.give(("carrier", carrier, firm)))
        return badge

    def hire_by_number(self, number: str, carrier: str = "SF") -> None:
        """A courier who types a number and `PIN`; the carrier asks for nobody's phone."""
        hashed = self.call(self.locker.agent.hasher.code_hash_off_loop(pin_text(number, PIN)))
        firm = Carrier(carrier, carrier, consent=Consent.NOT_NEEDED, phone_required=False)
        courier = Courier(number, carrier, pin_hash=hashed)
        self.call(self.locker.give(("carrier", carrier, firm), ("courier", number, courier)))

    def employ(self, technician: str = "t1") -> str:
        """A technician with a card and `PIN`; what the card says."""
        hasher = self.locker.agent.hasher
        pin = self.call(hasher.code_hash_off_loop(pin_text(technician, PIN)))
        staff = Staff(technician, hasher.lookup_hash("badge", CARD), pin)
        self.call(self.locker.give(("staff", technician, staff)))
        return f"LKS:{CARD}"

    def pre_advise(self, waybill: str, size: str = "", phone: str = "", carrier: str = "SF") -> None:
        """The back office knows this parcel."""
        lookup = self.locker.agent.hasher.lookup_hash
        key = lookup("waybill", waybill)
        row = Expected(key, carrier, size, lookup("phone", phone) if phone else "")
        self.call(self.locker.give(("expected", key, row)))

    def decide(self, decide: Decide) -> None:
        """One decision of somebody who is not at the screen."""

        async def deciding() -> None:
            await self.locker.agent.ledger.transact(decide)

        self.call(deciding())

    def doubt(self, door: str) -> None:
        """Nobody knows any more what is behind this door."""
        self.decide(lambda state, at: service.contents_unknown(state, door, "test", at))

    def soil(self) -> None:
        """Every compartment is reported dirty: doors open as ever, and none is offered."""
        for door in self.state.compartment:
            self.decide(
                lambda state, at, door=door: service.report(state, door, Report.DIRTY, "technician:t", at)
            )

    def take_out_of_service(self, *doors: str) -> None:
        for door in doors or tuple(self.state.compartment):
            self.decide(
                lambda state, at, door=door: service.out_of_service(state, door, "technician:t", "test", at)
            )

    @property
    def state(self) -> LockerState:
        """What the ledger says. Read it only while nothing happens."""
        return self.locker.agent.ledger.state

    def is_legal(self) -> None:
        """With nobody in front of the screen: no visit goes on, and nothing is promised that nobody knows."""
        assert self.do(lambda: self.locker.agent.session.flow.name) == "home"
        events = self.call(self.locker.events())
        begun, ended = (
            {event["data"]["session"] for event in events if event["type"] == f"locker.session.{what}"}
            for what in ("started", "ended")
        )
        assert begun == ended
        for compartment in self.state.compartment.values():
            assert not (compartment.offered and compartment.stay), compartment
        for stay in self.state.stay.values():
            assert stay.status is not StayStatus.RESERVED, stay
            assert stay.session == "", stay

    # Hands and scanners

    def scan(self, text: str) -> None:
        self.do(lambda: self.locker.sim.scan("front", text))

    def close(self, door: str, inside: str = "") -> None:
        """A hand puts something in or takes it out, and closes the door."""

        def hand() -> None:
            if inside:
                self.locker.sim.inside(door, inside)
            self.locker.sim.hand(door, "close")

        self.do(hand)

    def push(self, door: str) -> None:
        """A passer-by pushes the door shut."""
        self.do(lambda: self.locker.sim.hand(door, "close"))

    def fault(self, name: str, **params: Any) -> None:
        self.do(lambda: self.locker.sim.faults.add(name, **params))

    def read_only(self) -> None:
        """The disk takes no writes from here on, until the agent opens the ledger anew."""
        self.do(lambda: self.locker.ledger.engine.connection.execute("PRAGMA query_only = 1"))

    def read_only_after(self, event: str) -> None:
        """The disk takes no writes as soon as this event has been journalled."""

        def heard(committed: Committed) -> None:
            if any(event == one.TYPE for one in committed.events):
                stop()
                self.locker.ledger.engine.connection.execute("PRAGMA query_only = 1")

        stop = self.do(lambda: self.locker.ledger.subscribe(heard))

    def is_open(self, door: str) -> bool:
        """As an eye sees it, whatever a sensor says."""
        return bool(self.do(lambda: self.locker.sim.door_json(door))["door"] != "closed")

    def die(self) -> None:
        """The agent's process is gone in the middle of whatever it did; another one starts on the same files."""
        self.call(self._die())
        self.call(self._live_again())

    # What others get to know

    def message(self) -> dict[str, str]:
        """What the back office could send to the recipient of the newest deposit: the opened personal data."""
        events = self.call(self.locker.events())
        deposits = [event for event in events if event["type"] == "locker.parcel.deposited"]
        return self.locker.unseal(deposits[-1])

    def journal(self) -> list[str]:
        """Types of all events so far, oldest first."""
        return [event["type"].removeprefix("locker.") for event in self.call(self.locker.events())]

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self._live())
        finally:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()
            self._listener.close()

    async def _live(self) -> None:
        self._down, self._life = asyncio.Event(), asyncio.current_task()
        self.locker = WholeLocker(self._folder, self._seed, self.clock, **self._sections)
        await self.locker.start()
        if self._accepted:
            await self.locker.accept()
        await self._serve()
        self._up.set()
        await self._down.wait()
        await self._hang_up()
        await self.locker.stop()

    async def _serve(self) -> None:
        agent = self.locker.agent
        self._server = KioskServer(create_app(site_of(agent.config), agent.session, TOKEN))
        self._serving = asyncio.create_task(self._server.run(self._listener))
        await self._server.started()

    async def _hang_up(self) -> None:
        self._server.stop()
        await self._serving

    async def _die(self) -> None:
        """Nothing of the agent runs on, nothing of it says goodbye: no stop is journalled, no coil is switched."""
        await self._hang_up()
        agent = self.locker.agent
        await self._cancel_the_rest()
        for port in (*agent.scanners.values(), *agent.buses.values()):
            port.stop()
        for _ in range(ECHOES):
            await asyncio.sleep(0)
            await self._cancel_the_rest()
        await agent.ledger.close()

    async def _cancel_the_rest(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task not in (asyncio.current_task(), self._life)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _live_again(self) -> None:
        self.locker.seed += 1  # chance does not repeat itself
        self.loop.skip(PROCESS_S)
        await self._reached(self.loop.time() + PROCESS_S)
        self.loop.skip(START_S)
        await self.locker.start()
        self._listener = bind(f"127.0.0.1:{self._port}")
        await self._serve()

    async def _reached(self, until: float) -> None:
        while self.loop.time() < until:  # noqa: ASYNC110 - virtual time has no event of its own
            await asyncio.sleep(0.01)
