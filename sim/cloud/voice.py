"""What the back office says to people: the SMS to a recipient, and lines for whoever watches the terminal."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from sim.cloud.office import Heard
from sim.cloud.record import Taken
from sim.demo_cloud import CloudKey, message_for

MESSAGES_KEPT = 30  # in memory only: they hold codes
TELLS_A_CODE = ("parcel.deposited", "code.reissued")


class Voice:
    """Turns what lockers report into lines for a person. Holds the key that opens sealed data."""

    def __init__(self, key: CloudKey, say: Callable[[str], None]) -> None:
        self._key = key
        self._say = say
        self._online: dict[str, str] = {}
        self._doors: dict[str, str] = {}  # stay → compartment
        self.phones: dict[str, str] = {}  # stay → phone, where the pre-advice knew it and the locker does not
        self.messages: deque[dict[str, str]] = deque(maxlen=MESSAGES_KEPT)

    def taken(self, locker: str, taken: Taken) -> None:
        if taken.gap:
            self._say(f"cloud: events before those of {locker} are missing; asked for {taken.next}")
        for event in taken.fresh:
            self._event(locker, event)

    def word(self, heard: Heard) -> None:
        if heard.about == "st/presence":
            there = json.loads(heard.payload)
            state = f"online, its agent {there['agent']}" if there["online"] else "offline"
            if self._online.get(heard.locker) != state:
                self._online[heard.locker] = state
                self._say(f"cloud: locker {heard.locker} is {state}")
        elif heard.about.startswith("up/replies/"):
            reply = json.loads(heard.payload)
            words = f"{reply['id']}: {reply['status']} {reply.get('code', '')}".rstrip()
            self._say(f"cloud: {heard.locker} answers {words}")

    def note(self, sentence: str) -> None:
        """Something that whoever runs the office should know."""
        self._say(f"cloud: {sentence}")

    def opened(self, event: Mapping[str, Any]) -> dict[str, str]:
        """The personal data of an event; empty where it has none, or none any more."""
        sealed = event["data"].get("sealed")
        return dict(self._key.open(sealed)["fields"]) if sealed else {}

    def _event(self, locker: str, event: Mapping[str, Any]) -> None:
        kind, data = str(event["type"]).removeprefix("locker."), event["data"]
        if data.get("stay") and data.get("compartment"):
            self._doors[data["stay"]] = data["compartment"]
        if kind in TELLS_A_CODE:
            stay = data.get("stay", "")
            known = {"phone": self.phones[stay]} if stay in self.phones else {}
            told = known | self.opened(event)
            place = {"compartment": data.get("compartment") or self._doors.get(stay, "?")}
            if told.get("code"):
                text = message_for(place, told)
                self.messages.append({"locker": locker, "at": str(event.get("time", "")), "text": text})
                self._say(text)
        elif kind == "parcel.collected":
            self._say(f"cloud: the parcel in door {data['compartment']} was collected")
            for kept in (self._doors, self.phones):
                kept.pop(data.get("stay", ""), None)
