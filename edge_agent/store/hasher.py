"""From what a person types or scans to what is stored: one computation per try, off the loop.

A short code is hashed with Argon2id over HMAC-SHA256(pepper, code) under one salt per locker, so that one
try costs one computation whatever is live, and the result is looked up by index. A token of 64 random bits
or more and a phone number for look-up need no slow hash: they are keyed hashes under the same pepper.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw

from edge_agent.store.executor import Executor

HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Cost:
    """Argon2id's parameters: m = 7 MiB, t = 5, p = 1 take about 40 ms and keep the agent below its memory
    bar.
    """

    memory_kib: int = 7168
    passes: int = 5
    lanes: int = 1


SHIPPED = Cost()
# The least that Argon2 accepts: for tests that hash ten thousand codes.
CHEAPEST = Cost(memory_kib=8, passes=1)


class Hasher:
    """Look-up hashes under this locker's pepper and salt. `executor` keeps the slow one off the loop."""

    def __init__(self, pepper: bytes, salt: bytes, executor: Executor, cost: Cost = SHIPPED) -> None:
        self._pepper = pepper
        self._salt = salt
        self._cost = cost
        self._executor = executor

    async def code_hash_off_loop(self, typed: str) -> str:
        """As `code_hash`, on the executor: what flows await."""
        return await self._executor.run(self.code_hash, typed)

    def code_hash(self, typed: str) -> str:
        """Hex of the slow hash of a typed code, on the calling thread: about 40 ms at the shipped cost."""
        digest = hash_secret_raw(
            hmac.digest(self._pepper, typed.encode(), hashlib.sha256),
            self._salt,
            time_cost=self._cost.passes,
            memory_cost=self._cost.memory_kib,
            parallelism=self._cost.lanes,
            hash_len=HASH_BYTES,
            type=Type.ID,
        )
        return digest.hex()

    def token_hash(self, token: str) -> str:
        """Hex of the keyed hash of a QR token: at least 64 random bits, so that a fast hash is enough."""
        return self.lookup_hash("token", token)

    def lookup_hash(self, kind: str, value: str) -> str:
        """Hex of the keyed hash by which a phone, waybill or badge is found again; `value` is normalised by the caller.

        `kind` ("phone", "waybill" ...) keeps equal values of different kinds apart.
        """
        return hmac.digest(self._pepper, f"{kind}\0{value}".encode(), hashlib.sha256).hex()

    def close(self) -> None:
        self._executor.close()
