"""Pickup credentials: the typed code and the QR token, drawn independently, kept as hashes only.

A typed code is tried against every live stay of the locker at once, so it has 8 digits, or 6 that are bound to the
last four of the recipient's phone. It is checked with one computation: the slow keyed hash of what was typed is
looked up; whatever is live, the cost is the same. The token has 128 bits and needs no slow hash and no throttle.

Life: live → claimed (one visit) → spent (door seen open) or rearmed to live (no opening seen).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Protocol

import msgspec

from edge_agent.domain.refusals import COLLIDES, Refusal
from edge_agent.domain.words import CodeLife, CredentialKind
from edge_agent.randomness import Randomness

DIGITS = {"8": 8, "6+4": 6}
TOKEN_BYTES = 16  # 128 bits: twice what may go without a throttle
DRAWS_MAX = (
    16  # each draw collides with probability below 1e-3 for 300 stays; 16 in a row never happen by chance
)


class Hasher(Protocol):
    """The port to slow and keyed hashing (store's keys, off the loop). All results are hex text."""

    def code_hash(self, typed: str) -> str: ...

    def token_hash(self, token: str) -> str: ...

    def lookup_hash(self, kind: str, value: str) -> str: ...


class Delegate(msgspec.Struct, frozen=True):
    """Somebody whom the recipient lets collect this one stay; `ends_at_ms` is on the service clock."""

    id: str
    token_hash: str
    ends_at_ms: int


class Code(msgspec.Struct, frozen=True):
    """The credentials of one stay. `intent` and `session` name the visit that claimed it, `delegate` whose it is."""

    stay: str
    code_hash: str
    token_hash: str
    life: CodeLife = CodeLife.LIVE
    intent: str = ""
    session: str = ""
    by: CredentialKind | None = None
    delegates: tuple[Delegate, ...] = ()
    delegate: str = ""

    def tokens(self) -> tuple[str, ...]:
        """Hashes of every token that leads to this stay: the recipient's own, then the delegates'."""
        return (self.token_hash, *(one.token_hash for one in self.delegates))


def draw_code(chance: Randomness, shape: str, is_taken: Callable[[str], bool]) -> str:
    """Digits that no live stay uses and that nobody types by habit. Refuses (FLOW-318) after DRAWS_MAX tries."""
    digits = DIGITS[shape]
    for _ in range(DRAWS_MAX):
        code = f"{chance.below(10**digits):0{digits}d}"
        if not _is_habit(code) and not is_taken(code):
            return code
    raise Refusal(COLLIDES, f"{DRAWS_MAX} codes of shape {shape} in a row were taken")


def draw_token(chance: Randomness) -> str:
    """The QR code's text: 32 hex digits."""
    return chance.token_bytes(TOKEN_BYTES).hex()


def typed_text(shape: str, digits: str, phone_last4: str = "") -> str:
    """What is hashed for a typed code of this shape. Raises ValueError where the digits cannot be such a code."""
    wanted = DIGITS[shape]
    if not (digits.isascii() and digits.isdigit() and len(digits) == wanted):
        raise ValueError(f"a code has {wanted} digits")
    if shape != "6+4":
        return digits
    if not (phone_last4.isascii() and phone_last4.isdigit() and len(phone_last4) == 4):
        raise ValueError("the last four digits of the phone are needed")
    return f"{digits}+{phone_last4}"


def _is_habit(code: str) -> bool:
    """All alike, or a straight run up or down: the first things that people try."""
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(code)}
    return steps in ({0}, {1}, {9})
