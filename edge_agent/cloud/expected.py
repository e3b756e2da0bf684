"""Pre-advice in steps: `n` rises by one, so that a lost step is noticed and asked for again.

One bad entry costs that entry, not the step. After a restore the back office names the stays that live.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Protocol

import msgspec

from edge_agent.cloud import jws
from edge_agent.cloud.claims import EXPECTED_MAX, Identity, Strict, Whole, decoded
from edge_agent.control import cloud_types as ct
from edge_agent.domain import recovery
from edge_agent.domain.changes import Change
from edge_agent.domain.code import typed_text
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.policy import Expected
from edge_agent.domain.state import ONLY, LockerState
from edge_agent.store.ledger import Ledger

ROWS_MAX = 20_000  # parcels on their way to one locker; more is a mistake of the back office
LAST_DIGITS = 4
Number = Annotated[str, msgspec.Meta(min_length=8, max_length=40)]


class ExpectedIn(Strict, frozen=True, kw_only=True):
    """`waybill` normalised as at the scanner. `code` and `token` where the recipient was told them already."""

    waybill: Number
    carrier: Identity
    size: Annotated[str, msgspec.Meta(max_length=8)] = ""
    phone: Annotated[str, msgspec.Meta(pattern=r"^([0-9]{8,15})?$")] = ""
    low_needed: bool = False
    cod: bool = False
    code: Annotated[str, msgspec.Meta(max_length=8)] = ""
    token: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{32,64})?$")] = ""


class Step(Strict, frozen=True, kw_only=True):
    """`reset`: what it does not put is not expected any more. `reconcile`: stays that live, after a restore."""

    aud: str
    iss: str
    iat: Whole
    n: Annotated[int, msgspec.Meta(ge=1, le=1 << 53)]
    put: tuple[ExpectedIn, ...] = ()
    drop: tuple[Number, ...] = ()
    reset: bool = False
    reconcile: tuple[Annotated[str, msgspec.Meta(max_length=64)], ...] | None = None


class Hasher(Protocol):
    async def code_hash_off_loop(self, typed: str) -> str: ...

    def lookup_hash(self, kind: str, value: str) -> str: ...


class PreAdvice:
    """One locker's pre-advice."""

    def __init__(
        self,
        locker: str,
        ledger: Ledger,
        keys: jws.Keys,
        opening: Mapping[str, str],
        hasher: Hasher,
        state: Callable[[], LockerState],
    ) -> None:
        self._locker, self._ledger, self._keys, self._opening = locker, ledger, keys, opening
        self._hasher, self._state = hasher, state
        self._lock = asyncio.Lock()

    async def take(self, payload: bytes) -> ct.ExpectedResult:
        """Apply one step, or say why not and which `n` was the last. Raises StoreError."""
        async with self._lock:
            n = self._state().uplinked.expected_n
            try:
                step = self._read(payload)
                if step.n <= n:
                    return ct.ExpectedResult(outcome="same", n=n)
                if step.n > n + 1 and not step.reset:
                    raise ValueError(f"step {step.n} found, {n + 1} expected")
                return await self._apply(step)
            except ValueError as error:
                return ct.ExpectedResult(outcome="refused", n=n, reason=str(error)[:200])

    def _read(self, payload: bytes) -> Step:
        try:
            signed = jws.opened(payload, self._keys, self._opening, EXPECTED_MAX)
        except jws.NotSigned as error:
            raise ValueError(error.reason) from error
        step = decoded(signed.content, Step)
        if step.iss != signed.signer:
            raise ValueError("signature")
        if step.aud != self._locker:
            raise ValueError("audience")
        if not signed.sealed and step.put:
            raise ValueError("not-sealed")
        return step

    async def _apply(self, step: Step) -> ct.ExpectedResult:
        rows: dict[str, Expected] = {}
        refused: list[tuple[str, str]] = []
        taken = self._taken(step)
        for entry in step.put:
            try:
                key, row = await self._row(entry, taken, rows)
                rows[key] = row
            except ValueError as error:
                refused.append((entry.waybill[-LAST_DIGITS:], str(error)))
        dropped = [self._hasher.lookup_hash("waybill", number) for number in step.drop]

        def decide(state: LockerState, at: Instant) -> Decision:
            gone = [key for key in (state.expected if step.reset else dropped) if key not in rows]
            given = [Change("expected", key, None) for key in gone]
            given += [Change("expected", key, row) for key, row in rows.items()]
            given.append(Change("uplink", ONLY, msgspec.structs.replace(state.uplinked, expected_n=step.n)))
            events = () if step.reconcile is None else recovery.reconcile(state, step.reconcile, at).events
            return Decision(events, given=tuple(given))

        await self._ledger.transact(decide)
        return ct.ExpectedResult(outcome="applied", n=step.n, refused=tuple(refused))

    async def _row(
        self, entry: ExpectedIn, taken: set[str], rows: Mapping[str, Expected]
    ) -> tuple[str, Expected]:
        """Raises ValueError for a code that cannot be one, or that somebody here or on the way has."""
        state = self._state()
        key = self._hasher.lookup_hash("waybill", entry.waybill)
        if len(state.expected) + len(rows) >= ROWS_MAX and key not in state.expected:
            raise ValueError(f"{ROWS_MAX} parcels are expected already")
        if bool(entry.code) != bool(entry.token):
            raise ValueError("code and token come together")
        code = token = ""
        if entry.code:
            typed = typed_text(state.rules.code_shape, entry.code, entry.phone[-LAST_DIGITS:])
            code = await self._hasher.code_hash_off_loop(typed)
            token = self._hasher.lookup_hash("token", entry.token)
            if taken & {code, token}:
                raise ValueError("another parcel has this code")
            taken |= {code, token}
        phone = self._hasher.lookup_hash("phone", entry.phone) if entry.phone else ""
        return key, Expected(
            key,
            entry.carrier,
            entry.size,
            phone,
            entry.low_needed,
            consent="pre-advice",
            cod=entry.cod,
            code_hash=code,
            token_hash=token,
        )

    def _taken(self, step: Step) -> set[str]:
        """Hashes that a stay here has, or that are promised to a parcel which this step does not put anew."""
        state = self._state()
        own = {self._hasher.lookup_hash("waybill", entry.waybill) for entry in step.put}
        others = [] if step.reset else [row for key, row in state.expected.items() if key not in own]
        promised = {shown for row in others for shown in (row.code_hash, row.token_hash)}
        return (promised | state.stay_by_code.keys() | state.stay_by_token.keys()) - {""}
