"""A back office that signs with jwcrypto, not the library that checks, before a whole locker in virtual time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from jwcrypto import jwe, jwk, jws

from edge_agent.clock import VirtualClock
from edge_agent.control import cloud_types as ct
from sim.soak.whole_locker import WholeLocker
from sim.virtual_time import run_virtual

LOCKER = "DEMO-0001"
SIGNER = "office-1"
WHO: Any = None  # the bridge's rows ask for nobody's login


def new_key(curve: str = "Ed25519") -> jwk.JWK:
    return jwk.JWK.generate(kty="OKP", crv=curve)


def signed(claims: Any, key: jwk.JWK, header: dict[str, str] | None = None) -> bytes:
    """A compact JWS over these claims, or over these very bytes."""
    content = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    token = jws.JWS(content)
    token.allowed_algs = [*token.allowed_algs, "HS256"]
    token.add_signature(key, protected=json.dumps(header or {"alg": "EdDSA"}))
    return str(token.serialize(compact=True)).encode()


def sealed(inner: bytes, public: dict[str, str], **header: str) -> bytes:
    """A compact JWE to this X25519 key."""
    protected = {"alg": "ECDH-ES", "enc": "A256GCM", **header}
    token = jwe.JWE(inner, protected=json.dumps(protected))
    token.add_recipient(jwk.JWK(**public))
    return str(token.serialize(compact=True)).encode()


class Site:
    """A locker, its back office and the bridge between them, as one person sees them in a story."""

    def __init__(self, locker: WholeLocker, key: jwk.JWK) -> None:
        self.locker, self.key = locker, key
        self.session = ""
        self._made = 0

    async def connect(self) -> ct.SessionResult:
        """The bridge's connection begins; the office reads presence."""
        presence: ct.SessionResult = await self.ask("session", None)
        self.session = presence.session
        return presence

    async def ask(self, row: str, arguments: Any) -> Any:
        handler = self.locker.awake.cloud.handlers()[row]
        return await handler(arguments, WHO)

    def claims(self, cmd: str, args: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
        self._made += 1
        now = int(self.locker.clock.wall.timestamp())
        plain = {
            "aud": LOCKER,
            "iss": SIGNER,
            "iat": now,
            "exp": now + 60,
            "jti": f"cmd-{self._made}",
            "session": self.session,
            "cmd": cmd,
            "args": args or {},
        }
        return plain | changed

    async def post(self, payload: bytes, **more: Any) -> ct.ReplyBody:
        """What the bridge does with one message; the body of the direct answer."""
        result = await self.ask("commands", ct.CommandsArguments(payload=payload, **more))
        body: ct.ReplyBody = result.reply.body
        return body

    async def order(self, cmd: str, args: dict[str, Any] | None = None, **changed: Any) -> ct.ReplyBody:
        """A sound command."""
        return await self.post(signed(self.claims(cmd, args, **changed), self.key))

    async def order_sealed(self, cmd: str, args: dict[str, Any]) -> ct.ReplyBody:
        return await self.post(self.seal(self.claims(cmd, args)))

    def seal(self, claims: dict[str, Any]) -> bytes:
        return sealed(signed(claims, self.key), self.locker.awake.keys.opening_public)

    async def document(self, name: str, version: int, body: Any, *, seal: bool = True) -> ct.DocumentsResult:
        now = int(self.locker.clock.wall.timestamp())
        claims = {"aud": LOCKER, "iss": SIGNER, "iat": now, "doc": name, "version": version, "body": body}
        payload = self.seal(claims) if seal else signed(claims, self.key)
        result: ct.DocumentsResult = await self.ask(
            "documents", ct.DocumentsArguments(document=name, payload=payload)
        )
        return result

    async def step(self, n: int, **what: Any) -> ct.ExpectedResult:
        """One step of pre-advice."""
        now = int(self.locker.clock.wall.timestamp())
        payload = self.seal({"aud": LOCKER, "iss": SIGNER, "iat": now, "n": n, **what})
        result: ct.ExpectedResult = await self.ask("expected", ct.ExpectedArguments(payload=payload))
        return result

    async def replies(self, after: int = 0, wait: float = 30.0) -> list[tuple[str, str]]:
        """(status, code) of the later replies, in their order."""
        result: ct.RepliesResult = await self.ask("replies", ct.RepliesArguments(after=after, wait=wait))
        return [(one.body.status, one.body.code) for one in result.replies]

    async def closed(self, command: str) -> ct.ReplyBody:
        """Wait until this command has its final state, and read it."""
        found = await self.locker.until(
            lambda: command not in self.locker.ledger.state.command, at_most_s=300
        )
        assert found, f"{command} stays open"
        answer = await self.locker.ledger.answer_to(command)
        assert answer is not None
        return ct.ReplyBody(id=command, **answer)

    def pulses(self) -> int:
        """How often any coil was energised: the simulator's own record."""
        return len(self.locker.sim.coils())

    async def journal(self, *types: str) -> list[dict[str, Any]]:
        """The data of these events, oldest first."""
        wanted = {f"locker.{name}" for name in types}
        return [event["data"] for event in await self.locker.events() if event["type"] in wanted]


def unlock(door: str = "1", **more: Any) -> dict[str, Any]:
    """The arguments of an unlock."""
    return {"compartment": door, "reason": "code lost", "case": "C-7", "operator": "op-3", **more}


def approval(claims: dict[str, Any], key: jwk.JWK) -> str:
    """One person's yes to this command."""
    digest = hashlib.sha256(json.dumps(claims["args"]).encode()).hexdigest()
    return signed({"aud": LOCKER, "approves": claims["jti"], "digest": digest}, key).decode()


Story = Callable[[Site], Awaitable[None]]


def play(folder: Path, story: Story, **security: Any) -> None:
    """A new, accepted locker with one pinned key, connected; then the story, in virtual time."""
    clock, key = VirtualClock(), new_key()
    pinned = {"command_signers": {SIGNER: json.loads(key.export_public())["x"]}, **security}

    async def life() -> None:
        locker = WholeLocker(folder, 1, clock, security=pinned)
        await locker.start()
        try:
            await locker.accept()
            site = Site(locker, key)
            await site.connect()
            await story(site)
        finally:
            await locker.stop()

    run_virtual(life(), on_jump=clock.advance)
