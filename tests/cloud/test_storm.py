"""A storm of commands: sound ones, doubles, replays, late cancels, lost sessions and power cuts, in any order.

Each command carries its own id as the case number, so the journal says which intent it caused, and the simulator's
record of coils says what moved.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from edge_agent.control import cloud_types as ct
from tests.cloud.office import Site, play, signed, unlock

STEPS = 25
WIDE = {"remote_per_minute": 20, "remote_per_hour": 200, "remote_per_day": 500, "remote_doors_percent": 100}
FINAL = {"opened", "done", "failed", "unknown", "rejected", "expired"}


class Storm:
    """One seeded run; `sent` are payloads by id, in the order in which they were first sent."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site, self.random = site, Random(seed)
        self.sent: dict[str, bytes] = {}
        self.answers: dict[str, ct.ReplyBody] = {}

    async def step(self) -> None:
        deeds = (
            self.unlock,
            self.unlock,
            self.again,
            self.again,
            self.cancel,
            self.retained,
            self.reconnect,
            self.cut,
        )
        await self.random.choice(deeds)()
        if self.random.random() < 0.7:
            pause_s = self.random.choice((0.05, 0.2, 1.0, 15.0))
            await self.site.locker.until(lambda: False, at_most_s=pause_s)

    def made(self) -> tuple[str, bytes]:
        door = str(self.random.randint(1, 60))
        claims = self.site.claims("unlock", unlock(door))
        claims["args"]["case"] = claims["jti"]
        return claims["jti"], signed(claims, self.site.key)

    async def post(self, jti: str, payload: bytes, **more: Any) -> None:
        answer = await self.site.post(payload, **more)
        before = self.answers.get(jti)
        if before is not None and before.status in FINAL and before.code not in ("session", "busy"):
            assert answer == before or answer.status == "expired", f"{jti} was {before}, now {answer}"
        self.answers[jti] = answer

    async def unlock(self) -> None:
        jti, payload = self.made()
        self.sent[jti] = payload
        await self.post(jti, payload)

    async def again(self) -> None:
        if self.sent:
            jti = self.random.choice(list(self.sent))
            await self.post(jti, self.sent[jti])

    async def cancel(self) -> None:
        jti, payload = self.made()
        target = self.random.choice([jti, *self.sent])
        await self.site.order("cancel", {"command": target})
        if target == jti:
            self.sent[jti] = payload
            await self.post(jti, payload)
            assert self.answers[jti].code == "cancelled"

    async def retained(self) -> None:
        jti, payload = self.made()
        self.sent[jti] = payload
        await self.post(jti, payload, retained=True)
        assert self.answers[jti].code == "retained"

    async def reconnect(self) -> None:
        await self.site.connect()

    async def cut(self) -> None:
        await self.site.locker.cut(dark_s=self.random.choice((0.0, 3.0)))
        await self.site.locker.start()
        await self.site.connect()


async def storm(site: Site, seed: int) -> None:
    run = Storm(site, seed)
    for _ in range(STEPS):
        await run.step()
    await site.locker.until(lambda: not site.locker.ledger.state.command, at_most_s=60)
    for jti, payload in run.sent.items():
        await run.post(jti, payload)

    intents = Counter(one["case"] for one in await site.journal("door.open_requested"))
    assert intents.keys() <= run.sent.keys()
    assert set(intents.values()) <= {1}
    assert site.pulses() <= len(intents)
    assert all(answer.status in FINAL for answer in run.answers.values())
    opened = [jti for jti, answer in run.answers.items() if answer.status == "opened"]
    assert len(opened) <= site.pulses()


@pytest.mark.parametrize("seed", range(10))
def test_no_storm_makes_a_command_open_twice(tmp_path: Path, seed: int) -> None:
    """At most one intent a command, at most one pulse an intent, a final state for each."""
    play(tmp_path, lambda site: storm(site, seed), **WIDE)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 110))
def test_a_hundred_storms(tmp_path: Path, seed: int) -> None:
    """The same with a hundred other seeds."""
    play(tmp_path, lambda site: storm(site, seed), **WIDE)
