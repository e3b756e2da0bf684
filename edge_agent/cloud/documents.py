"""Desired documents: applied whole or not at all, only with a rising version, the last good one kept.

They are configuration and never an opening. Each refusal has a reason that stands in `st/state`; the same refused
document again (it is retained, so every connect brings it) is no news.

A long list of PINs takes minutes to hash. It is answered as soon as it is known to be sound, and hashed behind the
answer: should the agent stop meanwhile, the next connect brings the same document again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from edge_agent.cloud import jws
from edge_agent.cloud.claims import DOCUMENT_MAX, DocumentClaims, decoded
from edge_agent.cloud.desk import HOUR_S, NOISE_PER_HOUR, room
from edge_agent.cloud.papers import PAPERS, Means, Paper, secrets_in
from edge_agent.control import cloud_types as ct
from edge_agent.domain import events as e
from edge_agent.domain.changes import Change
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.remote import Document
from edge_agent.domain.state import LockerState
from edge_agent.errors import StoreError
from edge_agent.logs import fields
from edge_agent.store.ledger import Ledger

log = logging.getLogger(__name__)

REASON_MAX = 200  # characters of a reason: it stands in a retained message
AT_ONCE_MAX = 50  # hashes that an answer waits for: two seconds; the bridge waits thirty

Configure = Callable[[LockerState, Instant, tuple[tuple[str, int], ...]], Decision]


@dataclass(frozen=True, slots=True)
class _Sound:
    """A document that may be applied: verified, newer than the one in force, its body typed."""

    name: str
    paper: Paper
    claims: DocumentClaims
    found: Any


class Documents:
    """One locker's documents. `configure`: the decision that journals documents beside the configured doors."""

    def __init__(
        self,
        locker: str,
        ledger: Ledger,
        keys: jws.Keys,
        opening: Mapping[str, str],
        means: Means,
        configure: Configure,
    ) -> None:
        self._locker, self._ledger, self._keys, self._opening = locker, ledger, keys, opening
        self._means, self._configure = means, configure
        self._lock = asyncio.Lock()
        self._behind: dict[str, tuple[int, asyncio.Task[None]]] = {}  # name → version, what hashes it
        self._noise_s: deque[float] = deque(maxlen=NOISE_PER_HOUR)

    async def take(self, name: str, payload: bytes) -> ct.DocumentsResult:
        """Apply or refuse one document, or begin to apply a long one. Raises StoreError."""
        if name not in PAPERS:
            return ct.DocumentsResult(outcome="refused", version=0, reason="unsupported")
        async with self._lock:
            claims: DocumentClaims | None = None
            try:
                claims, sealed = self._read(name, payload)
                return await self._judge(name, claims, sealed)
            except ValueError as error:
                return await self._refuse(name, claims.version if claims else 0, str(error)[:REASON_MAX])

    async def finish(self) -> None:
        """Before the stop: what is being hashed is left; the broker has it still."""
        tasks = [task for _, task in self._behind.values()]
        self._behind.clear()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def standing(self) -> dict[str, ct.DocumentStanding]:
        """Every known document with its version in force and the newest refusal."""
        return {
            name: ct.DocumentStanding(version=row.version, refused=row.refused, reason=row.reason)
            for name, row in sorted(self._ledger.state.document.items())
        }

    def shown(self) -> tuple[ct.DocumentShown, ...]:
        """Every known document for a person, with its body where it is kept."""
        return tuple(
            ct.DocumentShown(
                name=name,
                version=row.version,
                refused=row.refused,
                reason=row.reason,
                body=msgspec.json.decode(row.body) if row.body else None,
            )
            for name, row in sorted(self._ledger.state.document.items())
        )

    def kept(self, name: str) -> Any:
        """The typed body in force of `notices`, `update` or `policy` (`papers`); None without one."""
        row = self._row(name)
        return PAPERS[name].read(msgspec.Raw(row.body.encode())) if row.body else None

    def _row(self, name: str) -> Document:
        return self._ledger.state.document.get(name) or Document(name)

    def _read(self, name: str, payload: bytes) -> tuple[DocumentClaims, bool]:
        try:
            signed = jws.opened(payload, self._keys, self._opening, DOCUMENT_MAX)
        except jws.NotSigned as error:
            raise ValueError(error.reason) from error
        claims = decoded(signed.content, DocumentClaims)
        if claims.iss != signed.signer:
            raise ValueError("signature")
        if claims.aud != self._locker:
            raise ValueError("audience")
        if claims.doc != name:
            raise ValueError(f"it is the document {claims.doc}")
        return claims, signed.sealed

    async def _judge(self, name: str, claims: DocumentClaims, sealed: bool) -> ct.DocumentsResult:
        """Raises ValueError for one that must not be applied."""
        row, paper = self._row(name), PAPERS[name]
        if claims.version == row.version:
            return ct.DocumentsResult(outcome="same", version=row.version)
        if claims.version < row.version:
            raise ValueError(f"version {claims.version} is older than {row.version}")
        if paper.sealed and not sealed:
            raise ValueError("not-sealed")
        sound = _Sound(name, paper, claims, paper.read(claims.body))
        if secrets_in(sound.found) <= AT_ONCE_MAX:
            await self._apply(sound)
            return ct.DocumentsResult(outcome="applied", version=claims.version)
        self._begin(sound)
        return ct.DocumentsResult(outcome="applying", version=row.version)

    def _begin(self, sound: _Sound) -> None:
        """Hash behind the answer. A newer version takes the place of one that is being hashed."""
        version, task = self._behind.get(sound.name, (0, None))
        if task is not None and not task.done():
            if version >= sound.claims.version:
                return
            task.cancel()
        begun = asyncio.create_task(self._apply_behind(sound), name=f"document {sound.name}")
        self._behind[sound.name] = (sound.claims.version, begun)

    async def _apply_behind(self, sound: _Sound) -> None:
        try:
            await self._apply(sound)
        except StoreError as error:  # the broker brings it again at the next connect
            log.error(
                "document not applied",
                extra=fields(document=sound.name, version=sound.claims.version, error=error),
            )

    async def _apply(self, sound: _Sound) -> None:
        """Hash, then commit over the state of that moment. Raises StoreError."""
        name, version = sound.name, sound.claims.version
        rows = await sound.paper.rows(self._means, sound.found)
        body = bytes(sound.claims.body).decode() if sound.paper.kept else ""
        kept = Change("document", name, Document(name, version, body=body))

        def decide(state: LockerState, at: Instant) -> Decision:
            before = state.document.get(name)
            if before is not None and before.version >= version:
                return Decision()
            journalled = self._configure(state, at, ((name, version),))
            return replace(journalled, given=(*journalled.given, *rows(state), kept))

        await self._ledger.transact(decide)

    async def _refuse(self, name: str, version: int, reason: str) -> ct.DocumentsResult:
        row = self._row(name)
        now_s = self._ledger.now().monotonic_s
        if (row.refused, row.reason) != (version, reason) and room(self._noise_s, now_s, HOUR_S):
            changed = msgspec.structs.replace(row, refused=version, reason=reason)
            event = e.ConfigRejected(f"{name} {version}" if version else name, reason)
            await self._ledger.transact(
                lambda state, at: Decision((event,), given=(Change("document", name, changed),))
            )
        return ct.DocumentsResult(outcome="refused", version=row.version, reason=reason)
