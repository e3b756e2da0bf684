"""The per-boot token: who may open a session page.

The token stands in the address that the agent prints and in `kiosk.url` (0640, for the group that runs the
browser). It lives as long as the machine's boot, not the agent's process: after a restart of the agent the
open page reconnects by itself.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from pathlib import Path

TOKEN_BYTES = 24  # 192 bits: not to be guessed over a loopback socket
URL_FILE = "kiosk.url"
BOOT_FILE = "kiosk.boot"
URL_MODE = 0o640
BOOT_MODE = 0o600
_TOKEN_IN_URL = re.compile(r"\?token=([A-Za-z0-9_-]{32})$")


def publish(folder: Path, address: str, boot_id: str) -> str:
    """The address with its token, written to `kiosk.url` in the run-time folder.

    The token of an earlier process of the same boot is used again. Raises OSError when the folder cannot be
    written.
    """
    token = _earlier(folder, boot_id) or secrets.token_urlsafe(TOKEN_BYTES)
    url = f"http://{address}/?token={token}"
    _write(folder / URL_FILE, url + "\n", URL_MODE)
    _write(folder / BOOT_FILE, boot_id + "\n", BOOT_MODE)
    return url


def token_of(url: str) -> str:
    """The token of a published address."""
    match = _TOKEN_IN_URL.search(url)
    if match is None:
        raise ValueError("not an address with a token")
    return match[1]


def matches(given: str, token: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(given.encode(), token.encode())


def _earlier(folder: Path, boot_id: str) -> str | None:
    try:
        if (folder / BOOT_FILE).read_text().strip() != boot_id:
            return None
        match = _TOKEN_IN_URL.search((folder / URL_FILE).read_text().strip())
    except FileNotFoundError:
        return None
    return match[1] if match else None


def _write(path: Path, text: str, mode: int) -> None:
    """Replaced as a whole, and never readable by others, not even for a moment."""
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(descriptor, mode)  # whatever the umask was
        file.write(text)
    fresh.replace(path)
