"""TLS towards a broker that wants it: name and chain checked, with a certificate of our own."""

from __future__ import annotations

import ssl


def context(ca_file: str, cert_file: str = "", key_file: str = "") -> ssl.SSLContext:
    """Raises OSError, ssl.SSLError."""
    made = ssl.create_default_context(cafile=ca_file or None)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if cert_file:
        made.load_cert_chain(cert_file, key_file or None)
    return made
