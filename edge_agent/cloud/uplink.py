"""The agent's half of the cloud as one thing: built by the agent, asked over the bridge's socket, stopped with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.lock_board import DoorState
from drivers.scanner_port import ScannerState
from edge_agent.cabinet.cabinet import Cabinet
from edge_agent.cloud import jws, papers, plans, snapshot
from edge_agent.cloud.claims import decoded
from edge_agent.cloud.desk import Desk
from edge_agent.cloud.documents import Configure, Documents
from edge_agent.cloud.doors import Doors
from edge_agent.cloud.expected import PreAdvice
from edge_agent.cloud.policy import PolicyIn, policy_of
from edge_agent.cloud.replies import Replies
from edge_agent.config import Config
from edge_agent.control import cloud_types as ct
from edge_agent.control import types as t
from edge_agent.domain import hardware
from edge_agent.domain.changes import Change
from edge_agent.domain.decision import Decision
from edge_agent.domain.state import ONLY, LockerState
from edge_agent.randomness import Randomness
from edge_agent.store.hasher import Hasher
from edge_agent.store.keys import Keys
from edge_agent.store.ledger import Ledger
from edge_agent.version import VERSION

if TYPE_CHECKING:
    from edge_agent.control.server import Caller, Handler

POLL_MAX_S = 60.0  # the longest long poll: proxies and watchdogs expect a sign of life
EVENT_REFUSED = "CLOUD-531"
UPLINK = "uplink"  # the place of the bridge's alarms
MINOR_ALARMS = ("CLOUD-556",)  # one message set aside: somebody's mistake, and nothing is lost by it


@dataclass(frozen=True, slots=True)
class Parts:
    """What the agent hands over. `configure` journals documents; `digest` is the configuration's."""

    config: Config
    ledger: Ledger
    keys: Keys
    hasher: Hasher
    chance: Randomness
    cabinet: Cabinet
    scanners: Mapping[str, ScannerState]
    digest: str
    configure: Configure


class Cloud:
    """Handlers for the bridge's rows, and what lies behind them. Raises ValueError for a bad pinned key."""

    def __init__(self, parts: Parts) -> None:
        self._parts, self._ledger = parts, parts.ledger
        locker, opening = parts.config.locker.id, parts.keys.opening
        keys = jws.pinned(parts.config.security.command_signers)
        self.support_bundle: plans.BundleMaker | None = None  # set by whoever makes them here
        self._replies = Replies(parts.ledger)
        self.doors = Doors(parts.ledger, parts.cabinet, self._replies, parts.chance, self._readings)
        self.desk = Desk(locker, parts.ledger, keys, opening, self._means(), self.doors)
        self.documents = Documents(locker, parts.ledger, keys, opening, self._paper_means(), parts.configure)
        self.expected = PreAdvice(locker, parts.ledger, keys, opening, parts.hasher, self._state)

    async def start(self) -> None:
        """After the recovery: what was left open gets its final state, and the policy in force is what both say."""
        await self.doors.close_interrupted()
        kept = self._state().document.get("policy")
        said = decoded(kept.body.encode(), PolicyIn) if kept and kept.body else PolicyIn()
        policy = policy_of(self._parts.config, said)
        if policy != self._state().rules:
            await self._ledger.transact(lambda state, at: Decision(given=(Change("policy", ONLY, policy),)))

    async def finish(self) -> None:
        """Before the stop: nothing new is opened, what runs gets its final state."""
        await self.documents.finish()
        await self.doors.finish()

    def handlers(self) -> dict[str, Handler]:
        """By the key of their row."""
        return {
            "hello": self._hello,
            "session": self._session,
            "commands": self._commands,
            "replies": self._waiting_replies,
            "documents": self._document,
            "expected": self._expected,
            "alarms": self._alarm,
            "state": self._snapshot,
            "telemetry": self._telemetry,
        }

    async def refused_events(self, refused: tuple[ct.RejectedEvent, ...]) -> None:
        """The cloud will never take these: one fault names the newest, and the queue goes on."""
        if refused:
            newest = max(refused, key=lambda one: one.sequence)
            place = f"event {newest.sequence}"
            await self._ledger.transact(
                lambda state, at: hardware.open_fault(state, EVENT_REFUSED, place, "major", at, newest.reason)
            )

    async def _hello(self, asked: t.Nothing, caller: Caller) -> ct.HelloResult:
        said = await self._ledger.hello()
        return ct.HelloResult(**said._asdict(), session=self.desk.session)

    async def _session(self, asked: t.Nothing, caller: Caller) -> ct.SessionResult:
        now = self._ledger.now()
        return ct.SessionResult(
            online=True,
            agent="up",
            version=VERSION,
            boot=now.boot_id,
            session=self.desk.new_session(),
            epoch=self._ledger.epoch,
            clockquality=now.quality.value,
        )

    async def _commands(self, asked: ct.CommandsArguments, caller: Caller) -> ct.CommandsResult:
        return await self.desk.take(asked)

    async def _waiting_replies(self, asked: ct.RepliesArguments, caller: Caller) -> ct.RepliesResult:
        found = await self._replies.behind(asked.after, min(asked.wait, POLL_MAX_S))
        return ct.RepliesResult(replies=found)

    async def _document(self, asked: ct.DocumentsArguments, caller: Caller) -> ct.DocumentsResult:
        return await self.documents.take(asked.document, asked.payload)

    async def _expected(self, asked: ct.ExpectedArguments, caller: Caller) -> ct.ExpectedResult:
        return await self.expected.take(asked.payload)

    async def show(self, asked: t.Nothing, caller: Caller) -> ct.CloudShowResult:
        """For a technician: documents in force, and how far the back office is behind."""
        return ct.CloudShowResult(
            connected=bool(self.desk.session),
            waiting=self._ledger.last_sequence - self._ledger.watermark,
            expected_n=self._state().uplinked.expected_n,
            documents=self.documents.shown(),
        )

    async def _alarm(self, asked: ct.AlarmsArguments, caller: Caller) -> ct.AlarmsResult:
        """One fault for each kind: places are foreign words, and a hostile broker knows many."""
        severity = "minor" if asked.code in MINOR_ALARMS else "major"
        detail = f"{asked.where}: {asked.detail}"
        done = await self._ledger.transact(
            lambda state, at: hardware.open_fault(state, asked.code, UPLINK, severity, at, detail)
        )
        return ct.AlarmsResult(fault=done.result)

    async def _snapshot(self, asked: t.Nothing, caller: Caller) -> ct.StateResult:
        return snapshot.state_of(self._ledger, self._parts.digest, self.documents.standing())

    async def _telemetry(self, asked: t.Nothing, caller: Caller) -> ct.TelemetryResult:
        return snapshot.telemetry_of(self._ledger, self.desk.figures)

    def _state(self) -> LockerState:
        return self._ledger.state

    def _readings(self) -> dict[str, DoorState]:
        return dict(self._parts.cabinet.watch.states())

    def _powered_ms(self) -> int:
        return self._state().clocks.at(self._ledger.now()).powered_ms

    def _means(self) -> plans.Means:
        parts = self._parts
        return plans.Means(
            self._state,
            parts.hasher,
            parts.chance,
            self._readings,
            self._self_test,
            lambda: self._ledger.epoch,
            lambda: self.support_bundle,
        )

    def _paper_means(self) -> papers.Means:
        parts = self._parts
        return papers.Means(
            parts.config,
            self._state,
            self._powered_ms,
            parts.hasher.code_hash_off_loop,
            parts.hasher.lookup_hash,
        )

    def _self_test(self) -> dict[str, str]:
        """Each part as the rooms know it now; nothing is moved for it."""
        silent = {
            fault.place for fault in self._state().fault.values() if fault.code == hardware.BOARD_SILENT
        }
        doors = Counter(state.value for state in self._readings().values())
        return {
            "ledger": self._ledger.mode.value,
            **{
                f"board {board.name}": "silent" if board.name in silent else "answers"
                for board in self._parts.config.board
            },
            **{
                f"scanner {name}": "open" if state.open else "lost"
                for name, state in self._parts.scanners.items()
            },
            "doors": ", ".join(f"{count} {word}" for word, count in sorted(doors.items())),
        }
