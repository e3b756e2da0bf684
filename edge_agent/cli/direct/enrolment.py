"""The back office's enrolment over HTTPS: name and chain are always checked, and answers are bounded."""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from edge_agent.errors import CloudError

ANSWER_MAX = 256 << 10  # bytes: a chain of certificates, some keys
ANSWER_S = 30.0
UNREACHED, REFUSED, UNFIT = "CLOUD-562", "CLOUD-563", "CLOUD-564"
REASON_MAX = 200  # characters of a foreign sentence
T = TypeVar("T")


class _Refusal(msgspec.Struct, frozen=True):
    reason: str = ""


def post(
    url: str, body: msgspec.Struct, answer: type[T], ca: str = "", papers: tuple[Path, Path] | None = None
) -> T:
    """One question. `ca`: PEM text, "" for the system's; `papers`: our certificate and key. Raises CloudError."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise CloudError(UNREACHED, f"enrolment {url}", "an address with https:// is expected")
    try:
        status, content = _asked(parts.hostname, parts.port, parts.path or "/", body, _context(ca, papers))
    except ssl.SSLCertVerificationError as error:
        raise CloudError(UNREACHED, f"enrolment {url}", f"certificate: {error.verify_message}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CloudError(UNREACHED, f"enrolment {url}", str(error) or type(error).__name__) from None
    if status != http.HTTPStatus.OK:
        raise CloudError(REFUSED, f"enrolment {url}", f"answer {status}: {_reason(content)}")
    try:
        return msgspec.json.decode(content, type=answer)
    except msgspec.MsgspecError as error:
        raise CloudError(UNFIT, f"enrolment {url}", f"not understood: {error}") from None


def _context(ca: str, papers: tuple[Path, Path] | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if papers is not None:
        context.load_cert_chain(*papers)
    return context


def _asked(
    host: str, port: int | None, path: str, body: msgspec.Struct, context: ssl.SSLContext
) -> tuple[int, bytes]:
    connection = http.client.HTTPSConnection(host, port, timeout=ANSWER_S, context=context)
    try:
        connection.request("POST", path, msgspec.json.encode(body), {"content-type": "application/json"})
        answer = connection.getresponse()
        content = answer.read(ANSWER_MAX + 1)
    finally:
        connection.close()
    if len(content) > ANSWER_MAX:
        raise ValueError(f"an answer of more than {ANSWER_MAX} bytes")
    return answer.status, content


def _reason(content: bytes) -> str:
    """What the other side says, as far as it can be shown."""
    try:
        said = msgspec.json.decode(content, type=_Refusal).reason
    except (msgspec.MsgspecError, UnicodeDecodeError):
        said = ""
    plain = "".join(char for char in said if char.isprintable())[:REASON_MAX]
    return plain or "no reason given"
