"""Certificates made for one test: an authority, a broker, lockers, a back office; and the documented broker."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DOCS = Path(__file__).parents[2] / "docs" / "mqtt"


@dataclass(frozen=True)
class Pair:
    cert: str
    key: str


class Authority:
    """Signs what a test asks for; `ca` is its own certificate."""

    def __init__(self, folder: Path, name: str = "lockers-ca") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self.ca = folder / f"{name}.pem"
        self._cert = self._signed(self._name, self._key.public_key(), [(_ca(), True)], 3650)
        self.ca.write_bytes(self._cert.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, *, days: float = 90) -> Pair:
        """A certificate for `name`, good on loopback too; with `days` below zero it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        cert = self._signed(_name(name), key.public_key(), [(names, False)], days)
        pair = Pair(str(self._folder / f"{name}.pem"), str(self._folder / f"{name}.key"))
        Path(pair.cert).write_bytes(cert.public_bytes(serialization.Encoding.PEM))
        Path(pair.key).write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return pair

    def _signed(
        self,
        name: x509.Name,
        public: ec.EllipticCurvePublicKey,
        extensions: list[tuple[x509.ExtensionType, bool]],
        days: float,
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=30))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self._key, hashes.SHA256())


def _ca() -> x509.BasicConstraints:
    return x509.BasicConstraints(ca=True, path_length=None)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def documented(folder: Path, authority: Authority, broker: Pair) -> str:
    """docs/mqtt/mosquitto.conf with this test's four paths, and without its listener line, which is the test's own."""
    text = (DOCS / "mosquitto.conf").read_text(encoding="utf-8")
    for setting, value in {
        "cafile": authority.ca,
        "certfile": broker.cert,
        "keyfile": broker.key,
        "acl_file": DOCS / "acl.conf",
        "persistence_location": f"{folder}/",
    }.items():
        text, count = re.subn(rf"^{setting} .*$", f"{setting} {value}", text, flags=re.M)
        assert count == 1, setting
    return re.sub(r"^(listener|per_listener_settings) .*$", "", text, flags=re.M)
