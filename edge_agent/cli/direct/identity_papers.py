"""Key, certificate request and certificate of the locker: made and looked at here, never printed.

The key is ECDSA on P-256 (every broker and HSM takes it), its file 0600. Whoever runs this as root leaves the files to
the owner of their folder, which is the bridge.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_agent.control.identity_files import Pair
from edge_agent.control.identity_types import IdentityPair
from edge_agent.errors import CloudError
from edge_agent.store.files import write_durably

DAY_S = 86_400
UNFIT = "CLOUD-564"
PUBLIC_MODE = 0o644  # certificates: the agent's checks read them too


def key_at(file: Path) -> ec.EllipticCurvePrivateKey:
    """The key in `file`; made there where there is none. Raises CloudError, OSError."""
    if not file.exists():
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        put(file, pem, 0o600)
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise CloudError(UNFIT, str(file), f"no private key in PEM: {type(error).__name__}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CloudError(UNFIT, str(file), "another kind of key than the ones made here")
    return key


def put(file: Path, content: bytes, mode: int = PUBLIC_MODE) -> None:
    """Durably, and owned by whoever owns the folder. Raises OSError."""
    write_durably(file, content, mode)
    owned_by_folder(file)


def owned_by_folder(path: Path) -> None:
    """What root makes here is for the program that the folder belongs to. Raises OSError."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def request_for(locker: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    """A certificate request in PEM; its common name is the locker's id."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, locker)])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


def checked(certificate: str, ca: str, locker: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Our certificate of an answer. Raises CloudError where it is not for us, not for this key, or by somebody else."""
    try:
        chain = x509.load_pem_x509_certificates(certificate.encode())
        authorities = x509.load_pem_x509_certificates(ca.encode())
    except ValueError as error:
        raise CloudError(UNFIT, "the answer", f"no certificates in PEM: {error}") from None
    own = chain[0]
    names = [str(name.value) for name in own.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [locker]:
        raise CloudError(
            UNFIT, "the certificate", f"it is for {', '.join(names) or 'nobody'}, not for {locker}"
        )
    if own.public_key() != key.public_key():
        raise CloudError(UNFIT, "the certificate", "it is for another key than the one made here")
    if not any(_signed(own, above) for above in [*chain[1:], *authorities]):
        raise CloudError(UNFIT, "the certificate", "none of the authorities in the answer has signed it")
    return own


def _signed(own: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        own.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def merged(present: bytes, new: str) -> bytes:
    """The new authorities and, for the time of a change, the old ones that still hold. Raises ValueError."""
    old = x509.load_pem_x509_certificates(present) if present.strip() else []
    now = datetime.now(UTC)
    kept = [one for one in old if one.not_valid_after_utc > now]
    unique = dict.fromkeys([*x509.load_pem_x509_certificates(new.encode()), *kept])
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in unique)


def shown(pair: Pair) -> IdentityPair | None:
    """What there is to know of a pair; None where there is no certificate."""
    if not pair.cert.is_file():
        return None
    try:
        own = x509.load_pem_x509_certificates(pair.cert.read_bytes())[0]
    except (OSError, ValueError) as error:
        return IdentityPair(cert_file=str(pair.cert), problem=f"cannot be read: {error}")
    left = (own.not_valid_after_utc - datetime.now(UTC)).total_seconds() / DAY_S
    return IdentityPair(
        cert_file=str(pair.cert),
        serial=f"{own.serial_number:x}",
        issuer=own.issuer.rfc4514_string(),
        valid_until=until(own),
        days=round(left, 1),
        problem="" if pair.key.is_file() else f"its key {pair.key} is missing",
    )


def until(own: x509.Certificate) -> str:
    """RFC 3339, UTC."""
    return own.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
