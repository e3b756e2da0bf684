"""What goes in and out of the operations on the locker's identity, and what its back office's enrolment says."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edge_agent.control.types import Arguments, Result, option

UrlOption = Annotated[
    str, option("The back office's enrolment, such as https://office.example/enrol.", metavar="URL")
]
CaOption = Annotated[
    str,
    option(
        "Certificates that the back office's own is checked against; default: the system's.", metavar="FILE"
    ),
]

# the enrolment itself: JSON over HTTPS


class EnrolmentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """POST to the enrolment. `csr` is PEM; `opening_key` the public JWK that documents are sealed to, {} before one."""

    locker: str
    token: str
    csr: str
    opening_key: dict[str, str] = {}


class EnrolmentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Its answer. `certificate`: PEM, ours first, then what lies between it and `ca`, the authorities, PEM.

    `command_signers` and `cloud_key` are as `[security]` wants them; what is not given stays as it is.
    """

    certificate: str
    ca: str
    command_signers: dict[str, str] = {}
    cloud_key: str = ""


class Bundle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that the back office hands out: where to go with which token, or the answer to a request of ours."""

    url: str = ""
    token: str = ""
    ca: str = ""
    certificate: str = ""
    command_signers: dict[str, str] = {}
    cloud_key: str = ""


# provision


class ProvisionArguments(Arguments, frozen=True):
    url: UrlOption = ""
    token: Annotated[
        str,
        option("File with the one-time token; - asks for it, so that it stands in no list.", metavar="FILE"),
    ] = "-"  # noqa: S105 - a file's name
    ca: CaOption = ""
    bundle: Annotated[
        str, option("File of the back office with address and token, or with its answer.", metavar="FILE")
    ] = ""
    request: Annotated[
        str,
        option("Only write the certificate request here, to be carried to the back office.", metavar="FILE"),
    ] = ""


class ProvisionResult(Result, frozen=True):
    """`installed`: the first pair, in use from now on. `waiting`: a new pair, tried at the bridge's next connection.

    `configure`: lines that `locker.toml` lacks, by section.
    """

    outcome: Literal["installed", "waiting", "requested"]
    locker: str
    file: str
    valid_until: str = ""
    configure: tuple[str, ...] = ()


# identity show


class IdentityPair(msgspec.Struct, frozen=True, kw_only=True):
    """One pair. `days` until its certificate runs out; `problem` where it cannot be used."""

    cert_file: str
    serial: str = ""
    issuer: str = ""
    valid_until: str = ""
    days: float = 0.0
    problem: str = ""


class IdentityShowResult(Result, frozen=True):
    """`waiting`: the pair that the bridge has yet to try."""

    present: IdentityPair | None = None
    waiting: IdentityPair | None = None


# identity forget


class IdentityForgetArguments(Arguments, frozen=True):
    url: UrlOption = ""
    ca: CaOption = ""
    reason: Annotated[str, option("Why, for the back office's record.", metavar="TEXT")] = ""


class IdentityForgetResult(Result, frozen=True):
    """`told`: the back office has revoked it. `gone`: files that are no more."""

    told: bool
    gone: tuple[str, ...]
