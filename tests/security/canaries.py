"""Canaries: values that nobody else uses, planted where people and back offices put theirs, and a search for them.

A secret that leaks is seldom written as it was typed: the search looks for the usual spellings too.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import tarfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

SOON_S = 20.0
BEAT_S = 1.0

COURIER, BADGE, PIN = "77319044", "canary-badge-5519", "908172"
STRANGER_BADGE = "canary-badge-nobody-3071"
STAFF, CARD, CARD_PIN = "canary-staff-1", "canary-card-8841", "615243"
WRONG_PIN, WRONG_CODE = "337719", "50917364"
SCANNED, TYPED = "SF7391846205518", "SF4408127739615"
PHONE, TYPED_PHONE, CORRECTED_PHONE = "61938275406", "94417260385", "97305168224"
DELEGATE, DELEGATE_TOKEN = "canary-grant-71", "c0ffee17" * 8
WORDS = "rang Chan-Siu-Ming 64209371558"  # what a technician may type although it does not belong there
OPERATOR, CASE = "op-canary-6203", "case-canary-9917"
ASKED_WHY = "Chan-Siu-Ming complains"


def spellings(secret: str) -> Iterator[bytes]:
    """As it is, in groups, as hex, base64 at each of the three offsets, percent-encoded, in UTF-16."""
    raw = secret.encode()
    yield raw
    for size in (2, 3, 4):
        groups = [secret[at : at + size] for at in range(0, len(secret), size)]
        yield from (mark.join(groups).encode() for mark in " -")
        odd = len(secret) % size
        groups = [secret[:odd], *(secret[at : at + size] for at in range(odd, len(secret), size))]
        yield from (mark.join(groups).encode() for mark in " -")
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield raw.hex(" ").encode()
    yield "".join(f"%{byte:02X}" for byte in raw).encode()
    yield quote(secret, safe="").encode()
    yield secret.encode("utf-16-le")
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + raw)
        inner = coded[
            -(-8 * shift // 6) : 8 * (shift + len(raw)) // 6
        ]  # only letters that nothing else colours
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def found_in(places: Mapping[str, bytes], secrets: Iterable[str]) -> list[tuple[str, str]]:
    """(place, secret) for each that can be read there. Bare digits within a longer number or hash are no find."""
    found = []
    for secret in secrets:
        plain, *others = (re.escape(one) for one in dict.fromkeys(spellings(secret)))
        bare = b"(?<![0-9a-fA-F])" + plain + b"(?![0-9a-fA-F])" if secret.isdecimal() else plain
        wanted = re.compile(b"|".join((bare, *others)))
        found += [(place, secret) for place, content in places.items() if wanted.search(content)]
    return found


def members(archive: Path) -> dict[str, bytes]:
    """Name → content of each file in an archive, and the archive as it is."""
    with tarfile.open(archive) as opened:
        inside = {one.name: opened.extractfile(one).read() for one in opened if one.isfile()}  # type: ignore[union-attr]
    return {**inside, archive.name: archive.read_bytes()}


class Glass:
    """A page without a browser: what the server sends is kept word for word, touches go back."""

    def __init__(self, address: str) -> None:
        self.heard: list[str] = []
        self.view: dict[str, Any] = {}
        where, _, token = address.partition("?token=")
        origin = where.rstrip("/")
        line = f"{origin.replace('http', 'ws', 1)}/ws?token={token}"
        self._line: ClientConnection = connect(line, origin=Origin(origin), legacy=True)
        self._closed = threading.Event()
        self._beats = threading.Thread(target=self._beat, daemon=True)
        self._beats.start()

    def sees(self, *screens: str, **facts: Any) -> str:
        """Wait for one of these screens with these facts on it; which one it is."""
        deadline = time.monotonic() + SOON_S
        while not (self.view.get("screen") in screens and facts.items() <= self.view["vm"].items()):
            shown = {name: value for name, value in self.view.get("vm", {}).items() if value}
            assert time.monotonic() < deadline, f"no {screens} {facts}, but {self.view.get('screen')} {shown}"
            try:
                said = str(self._line.recv(BEAT_S))
            except TimeoutError:
                continue
            self.heard.append(said)
            message = json.loads(said)
            self.view = message if "screen" in message else self.view
        return str(self.view["screen"])

    def touch(self, action: str, **args: Any) -> None:
        """The next look waits for a newer page."""
        self._line.send(json.dumps({"rev": self.view["rev"], "action": action, "args": args}))
        self.view = {}

    def close(self) -> None:
        self._closed.set()
        self._beats.join()
        self._line.close()

    def _beat(self) -> None:
        """A page that says nothing is sent away."""
        count = 0
        while not self._closed.wait(BEAT_S):
            count += 1
            with contextlib.suppress(ConnectionClosed):  # whoever looks will be told
                self._line.send(json.dumps({"beat": count}))
