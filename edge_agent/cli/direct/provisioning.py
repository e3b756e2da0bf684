"""`lockerctl provision`, `identity show`, `identity forget`: how a locker gets, changes and loses its identity.

The agent has no network and the bridge no right to ask for papers: a technician's command fetches them, once, with a
token that is good once, or from a file. The key is made here and never leaves. A token that was used but whose answer
was lost is good again for the same key, which waits beside the present one.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from edge_agent.cli.direct import identity_papers as papers
from edge_agent.cli.direct.bench import Bench
from edge_agent.cli.direct.enrolment import UNFIT, post
from edge_agent.config import Cloud, Security
from edge_agent.control import identity_types as i
from edge_agent.control import types as t
from edge_agent.control.identity_files import IdentityFiles
from edge_agent.errors import CloudError, ControlError
from edge_agent.store import keys as key_files

BUNDLE_MAX = 256 << 10  # bytes
TOKEN_MAX = 512  # characters


class _Said(msgspec.Struct, frozen=True):
    """Why, to be kept by the back office."""

    locker: str
    reason: str


def provision(asked: i.ProvisionArguments, bench: Bench) -> i.ProvisionResult:
    """Raises CloudError, ControlError, StoreError."""
    with _told():
        return _provision(asked, bench)


def _provision(asked: i.ProvisionArguments, bench: Bench) -> i.ProvisionResult:
    cloud, locker = bench.config.cloud, bench.config.locker.id
    files = _files(cloud)
    files.settle()
    key = papers.key_at(files.waiting.key)
    csr = papers.request_for(locker, key)
    if asked.request:
        Path(asked.request).write_bytes(csr)
        return i.ProvisionResult(outcome="requested", locker=locker, file=asked.request)
    answer = _answer(asked, bench, csr.decode())
    own = papers.checked(answer.certificate, answer.ca, locker, key)
    ca_file = Path(cloud.ca_file)
    try:
        papers.put(ca_file, papers.merged(ca_file.read_bytes() if ca_file.exists() else b"", answer.ca))
    except ValueError as error:
        raise CloudError(UNFIT, str(ca_file), f"no certificates in PEM: {error}") from None
    papers.put(files.waiting.cert, answer.certificate.encode())
    waiting = files.present.whole
    if not waiting:
        files.confirm()
    return i.ProvisionResult(
        outcome="waiting" if waiting else "installed",
        locker=locker,
        file=str(files.waiting.cert if waiting else files.present.cert),
        valid_until=papers.until(own),
        configure=_configure(answer, bench.config.security),
    )


def identity_show(asked: t.Nothing, bench: Bench) -> i.IdentityShowResult:
    files = _files(bench.config.cloud)
    return i.IdentityShowResult(present=papers.shown(files.present), waiting=papers.shown(files.waiting))


def identity_forget(asked: i.IdentityForgetArguments, bench: Bench) -> i.IdentityForgetResult:
    """Revoked first, where somebody is named to tell; then the keys go. Raises CloudError."""
    files = _files(bench.config.cloud)
    gone = []
    with _told():
        if asked.url:
            said = _Said(locker=bench.config.locker.id, reason=asked.reason)
            own = (files.present.cert, files.present.key)
            post(asked.url.rstrip("/") + "/revoke", said, dict, _pem(asked.ca), own)
        for pair in (files.present, files.waiting):
            for file in (pair.key, pair.cert):
                if file.exists():
                    file.unlink()
                    gone.append(str(file))
    return i.IdentityForgetResult(told=bool(asked.url), gone=tuple(gone))


@contextmanager
def _told() -> Iterator[None]:
    """A file that cannot be read or written, as a sentence for a person."""
    try:
        yield
    except OSError as error:
        raise CloudError(UNFIT, error.filename or "a file", error.strerror or str(error)) from None


def _files(cloud: Cloud) -> IdentityFiles:
    """Raises CloudError where the configuration names no place for them."""
    for name in ("ca_file", "cert_file", "key_file"):
        file = getattr(cloud, name)
        if not file:
            raise CloudError(UNFIT, "locker.toml: [cloud]", f"{name} names no file: where shall it go?")
        if not Path(file).parent.is_dir():
            raise CloudError(UNFIT, f"locker.toml: cloud.{name}", f"{Path(file).parent} is no folder")
    return IdentityFiles(cloud.cert_file, cloud.key_file)


def _answer(asked: i.ProvisionArguments, bench: Bench, csr: str) -> i.EnrolmentAnswer:
    """From the file where it holds one, else from the back office."""
    bundle = _bundle(asked.bundle) if asked.bundle else i.Bundle()
    if bundle.certificate:
        return i.EnrolmentAnswer(
            certificate=bundle.certificate,
            ca=bundle.ca,
            command_signers=bundle.command_signers,
            cloud_key=bundle.cloud_key,
        )
    url = asked.url or bundle.url
    if not url:
        raise ControlError("CTRL-706", "provision", "an address or a bundle is expected: --url or --bundle")
    request = i.EnrolmentRequest(
        locker=bench.config.locker.id,
        token=bundle.token or _token(asked.token),
        csr=csr,
        opening_key=_opening_key(bench.state_dir, bench),
    )
    return post(url, request, i.EnrolmentAnswer, bundle.ca or _pem(asked.ca))


def _bundle(file: str) -> i.Bundle:
    try:
        with open(file, "rb") as opened:
            return msgspec.json.decode(opened.read(BUNDLE_MAX), type=i.Bundle)
    except msgspec.MsgspecError as error:
        raise CloudError(UNFIT, f"bundle {file}", str(error)) from None


def _token(file: str) -> str:
    """Never an argument: those stand in the list of processes and in the shell's history. Raises OSError."""
    if file != "-":
        return Path(file).read_text().strip()[:TOKEN_MAX]
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()[:TOKEN_MAX]
    from getpass import getpass

    return getpass("One-time token: ").strip()[:TOKEN_MAX]


def _pem(file: str) -> str:
    return Path(file).read_text() if file else ""


def _opening_key(state_dir: Path, bench: Bench) -> dict[str, str]:
    """The public key that documents are sealed to; made with the locker's other keys where there are none yet."""
    if not state_dir.is_dir():
        return {}
    folder = state_dir / "keys"
    if not key_files.exist(folder):
        from edge_agent.randomness import SystemRandomness

        bench.hold_state()
        key_files.load_or_make(folder, SystemRandomness())
        for path in (folder, *sorted(folder.iterdir())):
            _left_to(path, state_dir)
    return key_files.load(folder).opening_public


def _left_to(path: Path, state_dir: Path) -> None:
    """What root made belongs to the agent, whose folder it is."""
    if os.geteuid() == 0:
        owner = state_dir.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _configure(answer: i.EnrolmentAnswer, security: Security) -> tuple[str, ...]:
    """What the answer says and `locker.toml` does not; a person puts it there, because it is the locker's law."""
    wanted = []
    if answer.cloud_key and answer.cloud_key != security.cloud_key:
        wanted.append(f"[security] cloud_key = {json.dumps(answer.cloud_key)}")
    for name, key in answer.command_signers.items():
        if security.command_signers.get(name) != key:
            wanted.append(f"[security.command_signers] {json.dumps(name)} = {json.dumps(key)}")
    return tuple(wanted)
