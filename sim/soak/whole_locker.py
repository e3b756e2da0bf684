"""One locker in one process under a virtual clock: the agent as it ships, its edges replaced by simulated ones.

async def story(locker: WholeLocker) -> None: ...
run_locker(folder, seed=1, story=story)
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from drivers.scanner_port import VirtualScanner
from edge_agent.agent import Agent, Seams
from edge_agent.clock import VirtualClock
from edge_agent.domain import service
from edge_agent.domain.carrier import Carrier, Consent
from edge_agent.domain.changes import Change
from edge_agent.domain.courier import Courier
from edge_agent.domain.decision import Decision
from edge_agent.kiosk.actions import ARGUMENTS
from edge_agent.kiosk.desk import View
from edge_agent.randomness import SeededRandomness
from edge_agent.store import jose, migrate
from edge_agent.store.hasher import CHEAPEST
from edge_agent.store.ledger import Ledger
from sim import demo_cabinet
from sim.cabinet import SimCabinet
from sim.soak.evidence import Deed, Evidence, Watcher, collect
from sim.soak.lives import Life, MortalWire
from sim.soak.still import DozingBus, Stillness
from sim.virtual_time import VirtualLoop, run_virtual

TECHNICIAN = "technician:soak"
PICTURE_S = 0.2  # how often a person looks at the screen while waiting for it
NOWHERE = Path(
    "/simulated"
)  # ports in the configuration, whose digest is journalled: the same in every folder
GLANCES_FROM_S, GLANCE_S = 60.0, 2.0  # whoever waits long looks up now and then


class WalkedAway(Exception):
    """The person at the screen has gone, in the middle of whatever it was."""


class Glass:
    """The page that a person looks at: the newest view, and touches that go back with its revision."""

    def __init__(self) -> None:
        self.view: View | None = None

    def show(self, view: View) -> None:
        self.view = view

    def close(self) -> None:
        self.view = None


class WholeLocker:
    """Everything of one simulated site; further `sections` go into its configuration.

    `log` is what people did and saw, in virtual seconds; `deeds` the same for a judge. `life` is the agent's present
    one. `keep` are tasks that outlive a cut: whoever directs the story.
    """

    def __init__(self, folder: Path, seed: int, clock: VirtualClock, **sections: Any) -> None:
        self.folder, self.seed, self.clock = folder, seed, clock
        self.loop = asyncio.get_running_loop()
        self.cloud_private = seeded_key(seed)
        sections["security"] = {"cloud_key": self.cloud_private["x"], **sections.get("security", {})}
        self.sim = SimCabinet.of_document(demo_cabinet.document(NOWHERE, **sections), self.loop.time, seed)
        self.ports = self.sim.open_virtual(self.loop)
        self.still = Stillness(self.sim)
        self.glass = Glass()
        self.log: list[str] = []
        self.deeds: list[Deed] = []
        self.keep: set[asyncio.Task[Any]] = set()
        self.life = Life.begin()
        self.agent: Agent | None = None
        self.serving = False  # the agent's sockets are open
        self._watcher = Watcher(self.sim)
        self.walks_away_s = float("inf")  # when whoever stands here then leaves without a word
        self._visit = asyncio.Event()
        self._true_unix_s = clock.wall.timestamp() - self.loop.time()
        self._booted_s = {clock.boot_id: self.loop.time() - clock.monotonic_s()}
        self._boots = 1
        use_template(folder / "state")

    async def start(self, life: Life | None = None) -> None:
        """Build and start the agent for one life; the page connects as a browser would."""
        self.life = life or Life.begin()
        self.agent = None
        self.agent = await Agent.build(self.sim.config, self._seams(), self.folder / "state")
        await self.agent.start()
        self.serving = True
        self.did("agent-up")
        self.agent.session.connect(self.glass)

    def _seams(self) -> Seams:
        wires, loop, life = self.ports.wires, self.loop, self.life
        return Seams(
            clock=self.clock,
            chance=SeededRandomness(self.seed + len(self.deeds)),
            bus=lambda line: DozingBus(self.still, line, MortalWire(wires[line.name], life), loop),
            scanner=lambda line, scanner, scan, state: VirtualScanner(
                scanner, MortalWire(wires[line.name], life), loop, scan, state
            ),
            executor=life.executor,
            hash_cost=CHEAPEST,
            threads=False,
            rest=self.still.rest,
        )

    async def stop(self) -> None:
        self.serving = False
        if self.agent is not None and not self.life.ended:
            await self.agent.stop("the story is over")

    async def cut(self, dark_s: float = 0.0) -> None:
        """The agent is gone at once: killed, or (`dark_s` above 0) its boards without power for so long as well."""
        self.life.end()
        self.serving = False
        self.did("agent-down")
        agent, self.agent = self.agent, None
        if agent is not None:
            for port in (*agent.buses.values(), *agent.scanners.values()):
                port.stop()
        await asyncio.sleep(
            0
        )  # what the ports still told the agent becomes a task, to be taken apart with the rest
        doomed = asyncio.all_tasks() - {asyncio.current_task(), *self.keep}
        for task in doomed:
            task.cancel()
        await asyncio.gather(*doomed, return_exceptions=True)
        self.glass.close()
        if agent is not None:
            agent.ledger.engine.connection.close(True)
        if dark_s:
            await self.dark(dark_s)

    def after_turns(self, turns: int, act: Callable[[], None]) -> None:
        """Call `act` between two turns of the loop from now; 0 forgets an earlier wish."""
        assert isinstance(self.loop, VirtualLoop)
        self.loop.after_turns(turns, act)

    def stays(self, doing: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """A task that is no part of the agent: it outlives every cut."""
        task = asyncio.ensure_future(doing)
        self.keep.add(task)
        task.add_done_callback(self.keep.discard)
        return task

    async def dark(self, seconds: float) -> None:
        """The site has no power for so long; a new boot follows."""
        for board in self.sim.boards:
            self.sim.world.power_cut(board, self.loop.time(), seconds)
        await asyncio.sleep(seconds)
        self._boots += 1
        self.clock.reboot(f"boot-{self._boots:04d}")
        self._booted_s[self.clock.boot_id] = self.loop.time() - self.clock.monotonic_s()

    async def accept(self) -> None:
        """A technician has opened every door and found it empty."""
        doors = tuple(door.number for door in self.sim.config.doors())
        await self.ledger.transact(lambda state, at: service.accept(state, TECHNICIAN, doors, at))

    async def give(self, *rows: tuple[str, str, msgspec.Struct]) -> None:
        """Hand over rows of given tables, as a document of the back office would: (table, key, row)."""
        changes = tuple(Change(table, key, row) for table, key, row in rows)
        await self.ledger.transact(lambda state, at: Decision(given=changes))

    async def hire(self, courier: str, carrier: str) -> str:
        """One courier of one carrier with a badge; returns what the badge's barcode says."""
        badge = f"badge-{courier}"
        hashed = self.awake.hasher.lookup_hash("badge", badge)
        await self.give(
            ("carrier", carrier, Carrier(carrier, carrier, consent=Consent.NOT_NEEDED)),
            ("courier", courier, Courier(courier, carrier, badge_hash=hashed)),
        )
        return f"LKB:{badge}"

    @property
    def awake(self) -> Agent:
        """The running agent."""
        assert self.agent is not None
        return self.agent

    @property
    def ledger(self) -> Ledger:
        return self.awake.ledger

    def true_unix_s(self) -> int:
        """What a right clock says, whatever the locker's own shows."""
        return int(self._true_unix_s + self.loop.time())

    # A person's eyes, fingers and hands

    def somebody_comes(self) -> None:
        self._visit.set()
        self._visit = asyncio.Event()

    async def visit(self) -> None:
        """Until the next person comes."""
        await self._visit.wait()

    @property
    def screen(self) -> str:
        return self.glass.view.vm.NAME if self.glass.view else ""

    @property
    def vm(self) -> Any:
        assert self.glass.view is not None
        return self.glass.view.vm

    async def until(self, wanted: Callable[[], bool], at_most_s: float = 30.0) -> bool:
        """Look at the screen until it is so; False when the person's patience is over."""
        deadline_s = self.loop.time() + at_most_s
        while not wanted():
            if self.loop.time() >= self.walks_away_s:
                self.walks_away_s = float("inf")
                raise WalkedAway
            if self.loop.time() >= deadline_s:
                return False
            patient = self.loop.time() > deadline_s - at_most_s + GLANCES_FROM_S
            await asyncio.sleep(GLANCE_S if patient else PICTURE_S)
        return True

    async def sees(self, *screens: str, at_most_s: float = 30.0) -> bool:
        return await self.until(lambda: self.screen in screens, at_most_s)

    def touch(self, action: str, **args: Any) -> None:
        """Touch a control of the screen as it is; a dead screen takes no touch."""
        if self.glass.view is None or self.agent is None:
            self.note("touches a dead screen")
            return
        self.note(f"touches {action} on {self.screen}")
        typed = msgspec.convert(args, ARGUMENTS[action])
        self.awake.session.action(self.glass, self.glass.view.rev, action, typed)

    def scan(self, text: str) -> None:
        self.note("scans something")
        self.sim.scan("front", text)

    def is_open(self, screen: str, door: str = "") -> bool:
        """The screen says that a door is open: any, or this one."""
        return self.screen == screen and not self.vm.opening and door in ("", self.vm.door)

    def puts(self, door: str) -> None:
        if self.sim.inside(door, "parcel"):
            self.did("puts", door)

    def takes(self, door: str) -> bool:
        """True if there was a parcel and the door let a hand in."""
        found = bool(self.sim.door_json(door)["inside"] == "parcel") and self.sim.inside(door, "empty")
        if found:
            self.did("takes", door)
        return found

    def shuts(self, door: str) -> None:
        self.sim.hand(door, "close")

    def note(self, what: str) -> None:
        self.log.append(f"{self.loop.time():.3f} {what}")

    def did(self, what: str, door: str = "") -> None:
        """Remember a deed for the judge."""
        self.deeds.append(Deed(self.loop.time(), what, door))

    # What the back office gets

    async def events(self, after: int = 0) -> list[dict[str, Any]]:
        """Everything in the journal behind `after`, as it would go up."""
        found: list[dict[str, Any]] = []
        while batch := (await self.ledger.events_after(after + len(found))).events:
            found.extend(json.loads(event) for event in batch)
        return found

    async def evidence(self, journal: list[dict[str, Any]] | None = None) -> Evidence:
        """Everything that a judge may look at. `journal`: as the office has it; default what the locker keeps."""
        rows = await self.events() if journal is None else journal
        return collect(self.sim, self._watcher, self.deeds, rows, self._at_s)

    def _at_s(self, event: Mapping[str, Any]) -> float:
        return self._booted_s[event["bootid"]] + int(event["monotonicms"]) / 1000

    def unseal(self, event: dict[str, Any]) -> dict[str, str]:
        """The personal data of one event, as the cloud's key opens it; empty where it has none."""
        sealed = event["data"].get("sealed")
        if not sealed:
            return {}
        plain: dict[str, Any] = json.loads(jose.open_sealed(sealed, self.cloud_private))
        return dict(plain["fields"])

    async def trace(self, events: list[dict[str, Any]] | None = None) -> str:
        """Everything that happened, as text: frames, coils, journal, people. Equal seeds give equal bytes.

        Sealed bytes are random by nature and stand as what they hold; a backup's are random too, and so its digest and
        every link of the chain behind it are left out. The judge checks the chain.
        """
        frames = [f"{f.at_s:.6f} {f.bus} {f.direction} {f.data.hex()}" for f in self.sim.trace()]
        coils = [f"{c.start_s:.6f} {c.board} {c.channel}" for c in self.sim.coils()]
        rows = await self.events() if events is None else events
        journal = [json.dumps(self._without_sealing(event), sort_keys=True) for event in rows]
        whole = ["# frames", *frames, "# coils", *coils, "# journal", *journal, "# people", *self.log]
        return "\n".join(whole).replace(str(self.folder), str(NOWHERE))

    def _without_sealing(self, event: dict[str, Any]) -> dict[str, Any]:
        data = dict(event["data"])
        if data.get("sealed"):
            data["sealed"] = sorted(self.unseal(event).items())
        if event["type"].endswith("backup.made"):
            data = {name: value for name, value in data.items() if name not in ("digest", "size_bytes")}
        return {**event, "data": data, "chainhash": ""}


@cache
def _template() -> bytes:
    """An empty ledger, made once for this process: making one takes a program of its own."""
    with tempfile.TemporaryDirectory() as folder:
        migrate.run(path := Path(folder) / "ledger.db")
        return path.read_bytes()


def use_template(state_dir: Path) -> None:
    """Lay an empty ledger into a new state folder."""
    ledger = state_dir / "ledger.db"
    if not ledger.exists():
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        ledger.write_bytes(_template())


def seeded_key(seed: int) -> dict[str, str]:
    """A private X25519 JWK that a seed repeats: the configuration, and so the trace, holds its public half."""
    private = X25519PrivateKey.from_private_bytes(Random(seed).randbytes(32))
    halves = {"d": private.private_bytes_raw(), "x": private.public_key().public_bytes_raw()}
    encoded = {name: urlsafe_b64encode(raw).rstrip(b"=").decode() for name, raw in halves.items()}
    return {"kty": "OKP", "crv": "X25519", **encoded}


Story = Callable[[WholeLocker], Awaitable[None]]


def run_locker(folder: Path, seed: int, story: Story) -> str:
    """A new locker in `folder` (an earlier one there is removed) lives the story; returns the trace."""
    clock = VirtualClock()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    async def life() -> str:
        locker = WholeLocker(folder, seed, clock)
        await locker.start()
        try:
            await locker.accept()
            await story(locker)
            return await locker.trace()
        finally:
            await locker.stop()

    return run_virtual(life(), on_jump=clock.advance)
