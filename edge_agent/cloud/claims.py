"""What a signature covers: the claims of a command, a document, a step of pre-advice, an approval.

Decoded strictly from the exact bytes that were signed: an unknown claim or argument is a refusal, not a guess.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

COMMAND_MAX = 16 << 10  # bytes: a command of 24 doors with two approvals stays below 4 KiB
DOCUMENT_MAX = 768 << 10  # bytes: five thousand couriers, sealed; as base64 the socket takes it just so
EXPECTED_MAX = 64 << 10  # bytes, by the contract
VALID_MAX_S = 86_400  # from `iat` to `exp`: longer-lived orders belong into documents
SKEW_S = 300  # a command from the future by more than this has a wrong or hostile clock behind it

Identity = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Whole = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
Words = Annotated[str, msgspec.Meta(max_length=200)]
Door = Annotated[str, msgspec.Meta(min_length=1, max_length=8)]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base: an unknown key is a refusal."""


class CommandClaims(Strict, frozen=True):
    """`iat` and `exp` are Unix seconds; `session` is the one that presence showed when it was signed."""

    aud: str
    iss: str
    iat: Whole
    exp: Whole
    jti: Identity
    session: Annotated[str, msgspec.Meta(max_length=64)]
    cmd: Identity
    args: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))
    approvals: Annotated[tuple[str, ...], msgspec.Meta(max_length=4)] = ()  # compact JWS, each one person's


class DocumentClaims(Strict, frozen=True):
    aud: str
    iss: str
    iat: Whole
    doc: Identity
    version: Annotated[int, msgspec.Meta(ge=1, le=1 << 53)]
    body: msgspec.Raw


class ApprovalClaims(Strict, frozen=True):
    """One person's yes to one command: `approves` is its `jti`, `digest` the SHA-256 of its `args` as signed, hex."""

    aud: str
    approves: Identity
    digest: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


T = TypeVar("T")


def decoded(content: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Raises ValueError with the place of the first wrong entry, whatever the bytes are."""
    try:
        return msgspec.json.decode(content, type=kind)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
