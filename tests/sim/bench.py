"""One pretend board on a bench, without a wire: what the golden and codec tests talk to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sim.door import Door
from sim.firmware import FAMILIES, Firmware, Heard, Spec
from sim.world import Contact, World

VECTORS = json.loads((Path(__file__).parents[1] / "golden" / "protocol_vectors.json").read_text())
FAMILY_OF = {
    "lock_8a_xor": "lock-8a",
    "kerong_cu16": "kerong-cu16",
    "kerong_cu48": "kerong-cu48",
    "wkly": "wkly",
    "waveshare_modbus_relay": "waveshare-relay",
    "lc_modbus_relay": "modbus-relay",
}


class Bench:
    """A board with a door on each channel; time stands where the test puts it."""

    def __init__(self, family: str, address: int, channels: int, **options: Any) -> None:
        self.now_s = 0.0
        self.world = World(lambda: self.now_s)
        spec = Spec("A", address, channels, options=options)
        for channel in range(1, channels + 1):
            self.world.add_door(Door(str(channel)))
            self.world.harness.coils[("A", channel)] = str(channel)
            self.world.harness.contacts[("A", channel)] = Contact(str(channel))
        self.board: Firmware = FAMILIES[family](spec, self.world)

    def only_shorted(self, channels: Iterable[int]) -> Bench:
        """Every other contact is open, whatever its door does."""
        for number, door in self.world.doors.items():
            door.stuck = "closed" if int(number) in set(channels) else "open"
        return self

    def hear(self, request: bytes) -> list[Heard]:
        return self.board.receive(request, self.now_s)

    def answer(self, request: bytes) -> bytes:
        """Everything that the board says to a request, in the order of time."""
        return self.say(self.hear(request))

    def say(self, heard: Iterable[Heard]) -> bytes:
        said = b""
        for reply in sorted((reply for one in heard for reply in one.replies), key=lambda one: one.at_s):
            self.now_s = reply.at_s
            said += reply.data()
        return said

    def energised(self) -> list[tuple[int, float | None]]:
        """Channel and asked length of every energising that began."""
        self.now_s += 60.0
        return [(entry.channel, entry.asked_s) for entry in self.world.energisings()]
