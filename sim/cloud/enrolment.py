"""The back office's enrolment: signs a locker's certificate request against a token that is good once, and revokes.

HTTPS on loopback with the authority's own certificate; everything lies in one folder, so that it can be looked at. A
token that was used is good again for the same key alone: the answer may have been lost on the way. Revoking asks for
the locker's certificate on the connection itself.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import secrets
import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BODY_MAX = 64 << 10  # bytes: a request and a key
DAYS = 90
PEM = serialization.Encoding.PEM
HOUR = dt.timedelta(hours=1)


class Refused(Exception):
    """A sentence for whoever asked."""


@dataclass(slots=True)
class _Token:
    locker: str
    until: dt.datetime
    key: bytes = b""  # the public key that it was used for


class Authority:
    """Signs certificates. Its own stands in `folder`, and the list of those that it has revoked."""

    def __init__(self, folder: Path, name: str = "lockers-ca") -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._revoked: list[int] = []
        self.ca = folder / f"{name}.pem"
        self.crl = folder / f"{name}.crl"
        own = self._build(self._name, self._key.public_key(), 3650)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        self._own = own.sign(self._key, hashes.SHA256())
        self.ca.write_bytes(self._own.public_bytes(PEM))
        self._list_revoked()

    def signed(self, request: x509.CertificateSigningRequest, days: float = DAYS) -> x509.Certificate:
        return self._build(request.subject, request.public_key(), days).sign(self._key, hashes.SHA256())

    def pair(self, name: str) -> tuple[Path, Path]:
        """Certificate and key of a server on loopback, or of a back office."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        made = self._build(subject, key.public_key(), DAYS)
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), here]), False)
        cert, file = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        cert.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(PEM))
        file.touch(mode=0o600)
        file.write_bytes(
            key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return cert, file

    def revoke(self, serial: int) -> None:
        self._revoked.append(serial)
        self._list_revoked()

    def _list_revoked(self) -> None:
        now = dt.datetime.now(dt.UTC)
        made = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        made = made.last_update(now - HOUR).next_update(now + dt.timedelta(days=30))
        for serial in self._revoked:
            one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - HOUR)
            made = made.add_revoked_certificate(one.build())
        self.crl.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(PEM))

    def _build(self, subject: x509.Name, key: Any, days: float) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - HOUR)
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False)
        )


class Enrolment:
    """`with Enrolment(authority) as office:` serves `office.url`. `extra` stands in every answer beside the papers."""

    def __init__(self, authority: Authority, extra: dict[str, Any] | None = None) -> None:
        self.authority = authority
        self._extra = extra or {}
        self._tokens: dict[str, _Token] = {}
        self._serials: dict[str, list[int]] = {}
        self._revoked: set[str] = set()
        self._lock = threading.Lock()
        self.opening_keys: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.pair("enrolment"))
        context.load_verify_locations(authority.ca)
        context.verify_mode = ssl.CERT_OPTIONAL  # whoever enrols has no certificate yet
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.server_address[1]}/enrol"

    def __enter__(self) -> Enrolment:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def token(self, locker: str, valid_s: float = 3600.0) -> str:
        """A new one-time token for this locker, which may enrol again with it."""
        made = secrets.token_urlsafe(24)
        self._tokens[made] = _Token(locker, dt.datetime.now(dt.UTC) + dt.timedelta(seconds=valid_s))
        self._revoked.discard(locker)
        return made

    def enrol(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The answer, or Refused with the reason."""
        request = x509.load_pem_x509_csr(str(asked["csr"]).encode())
        with self._lock:
            certificate = self._certified(str(asked["locker"]), str(asked["token"]), request)
            self.opening_keys[str(asked["locker"])] = asked.get("opening_key", {})
        return {
            "certificate": certificate.public_bytes(PEM).decode(),
            "ca": self.authority.ca.read_text(),
            **self._extra,
        }

    def sign(self, locker: str, csr: bytes) -> dict[str, Any]:
        """The answer to a request that somebody has carried here; its sender was seen to by hand."""
        request = x509.load_pem_x509_csr(csr)
        certificate = self._issue(locker, request)
        return {"certificate": certificate.public_bytes(PEM).decode(), "ca": self.authority.ca.read_text()}

    def _certified(
        self, locker: str, token: str, request: x509.CertificateSigningRequest
    ) -> x509.Certificate:
        known = self._tokens.get(token)
        if known is None or known.locker != locker:
            raise Refused("no such token for this locker")
        if known.until < dt.datetime.now(dt.UTC):
            raise Refused("the token has run out")
        key = request.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        if known.key and known.key != key:
            raise Refused("the token was used for another key")
        known.key = key
        return self._issue(locker, request)

    def _issue(self, locker: str, request: x509.CertificateSigningRequest) -> x509.Certificate:
        names = [str(one.value) for one in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        if names != [locker] or not request.is_signature_valid:
            raise Refused("the request is not this locker's own")
        if locker in self._revoked:
            raise Refused("this locker is revoked")
        made = self.authority.signed(request)
        self._serials.setdefault(locker, []).append(made.serial_number)
        return made

    def revoke(self, locker: str) -> None:
        """All its certificates, and it enrols no more until somebody makes a new token for it."""
        with self._lock:
            self._revoked.add(locker)
            for token in [text for text, one in self._tokens.items() if one.locker == locker]:
                del self._tokens[token]
            for serial in self._serials.pop(locker, []):
                self.authority.revoke(serial)


def _handler(office: Enrolment) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                asked = json.loads(self.rfile.read(min(int(self.headers["content-length"]), BODY_MAX)))
                self._tell(200, self._done(asked))
            except Refused as refused:
                self._tell(403, {"reason": str(refused)})
            except (ValueError, KeyError, TypeError) as error:
                self._tell(400, {"reason": f"not understood: {type(error).__name__}"})

        def _done(self, asked: dict[str, Any]) -> dict[str, Any]:
            if not self.path.endswith("/revoke"):
                return office.enrol(asked)
            shown: Any = self.connection.getpeercert()
            names = [value for part in (shown or {}).get("subject", ()) for name, value in part]
            if names != [asked["locker"]]:
                raise Refused("only the locker itself can be revoked here, by its own certificate")
            office.revoke(asked["locker"])
            return {}

        def _tell(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody listens to a test's access log."""

    return Handler
