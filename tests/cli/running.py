"""A real agent beside a pretend cabinet, both in processes and ptys of their own, for the verbs that ask it.

One site serves a whole file of tests: starting costs two seconds. What a test plants it also mends.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_agent.cli.main import main
from tests.cli.conftest import Ran, Technician
from tests.power.program import Site

WAIT_S = 20.0  # for anything, on a busy machine
LOOK_S = 0.1
OPEN_WAIT_S = 1.5  # a jam costs this much


class Station(Site):
    """The demo's cabinet with short waits; `sections` change its configuration."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        super().__init__(folder, **{"policy": {"open_wait_s": OPEN_WAIT_S}, **sections})
        self.technician = Technician(self.config)

    def types(self, *words: str) -> Ran:
        """Type one verb in the test's own process, as in a script: the agent is in another one all the same."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            code = main([*words, "--config", str(self.config)])
        return Ran(code, *(_written(stream) for stream in (out, err)))

    def json(self, *words: str) -> Any:
        """What a verb says in JSON, whatever its exit code."""
        return self.types(*words, "--json").json

    def until_status(self, wanted: Callable[[Any], bool], what: str) -> Any:
        """Ask for the status until it is as wanted."""
        deadline = monotonic() + WAIT_S
        while monotonic() < deadline:
            found = self.json("status")
            if wanted(found):
                return found
            sleep(LOOK_S)  # the agent has no word for "a finding appeared"; asking again is the interface
        raise AssertionError(f"{what}: not within {WAIT_S} s")

    def until_found(self, code: str) -> Any:
        """The status that names this code."""
        return self.until_status(lambda found: code in codes(found), f"status names {code}")

    def until_gone(self, code: str) -> Any:
        return self.until_status(lambda found: code not in codes(found), f"status no longer names {code}")


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def codes(status: Any) -> list[str]:
    """The codes of a status' findings."""
    return [finding["code"] for finding in status["findings"]]


def certificate(file: Path, days: float) -> None:
    """A self-signed certificate that holds for so many days from now; fewer than none: it has expired."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DEMO-0001")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
