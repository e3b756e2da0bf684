"""Desired documents: applied whole or not at all, only with a rising version, the last good one kept.

They are configuration and never an opening. Each refusal has a reason that stands in `st/state`; the same refused
document again (it is retained, so every connect brings it) is no news.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

import msgspec

from edge_agent.cloud import jws
from edge_agent.cloud.claims import DOCUMENT_MAX, DocumentClaims, decoded
from edge_agent.cloud.desk import HOUR_S, NOISE_PER_HOUR, room
from edge_agent.cloud.papers import PAPERS, Means
from edge_agent.control import cloud_types as ct
from edge_agent.domain import events as e
from edge_agent.domain.changes import Change
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.remote import Document
from edge_agent.domain.state import LockerState
from edge_agent.store.ledger import Ledger

REASON_MAX = 200  # characters of a reason: it stands in a retained message

Configure = Callable[[LockerState, Instant, tuple[tuple[str, int], ...]], Decision]


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
        self._noise_s: deque[float] = deque(maxlen=NOISE_PER_HOUR)

    async def take(self, name: str, payload: bytes) -> ct.DocumentsResult:
        """Apply or refuse one document. Hashing a long list takes a minute or more. Raises StoreError."""
        if name not in PAPERS:
            return ct.DocumentsResult(outcome="refused", version=0, reason="unsupported")
        async with self._lock:
            claims: DocumentClaims | None = None
            try:
                claims, sealed = self._read(name, payload)
                return await self._apply(name, claims, sealed)
            except ValueError as error:
                return await self._refuse(name, claims.version if claims else 0, str(error)[:REASON_MAX])

    def standing(self) -> dict[str, ct.DocumentStanding]:
        """Every known document with its version in force and the newest refusal."""
        return {
            name: ct.DocumentStanding(version=row.version, refused=row.refused, reason=row.reason)
            for name, row in sorted(self._ledger.state.document.items())
        }

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

    async def _apply(self, name: str, claims: DocumentClaims, sealed: bool) -> ct.DocumentsResult:
        row, paper = self._row(name), PAPERS[name]
        if claims.version == row.version:
            return ct.DocumentsResult(outcome="same", version=row.version)
        if claims.version < row.version:
            raise ValueError(f"version {claims.version} is older than {row.version}")
        if paper.sealed and not sealed:
            raise ValueError("not-sealed")
        rows = await paper.rows(self._means, claims.body)
        body = bytes(claims.body).decode() if paper.kept else ""
        kept = Change("document", name, Document(name, claims.version, body=body))

        def decide(state: LockerState, at: Instant) -> Decision:
            journalled = self._configure(state, at, ((name, claims.version),))
            return replace(journalled, given=(*journalled.given, *rows, kept))

        await self._ledger.transact(decide)
        return ct.DocumentsResult(outcome="applied", version=claims.version)

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
