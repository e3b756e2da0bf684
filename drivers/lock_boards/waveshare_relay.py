"""Waveshare Modbus RTU Relay (8, 16, 32 ways; (D) and IO 8CH with inputs): relays on RS-485, 9600 8N1, unit 1.

Source: maker's protocol "V2" (boards sold since September 2021) as quoted by several public drivers; golden bytes in
        tests/golden/. Verified on: paper only.
Frames: Modbus RTU, see `modbus_frames`. Pulse = FC05 at 0200 + relay - 1 with the length in 100 ms steps as its value,
        echoed whole; all off = coil 00FF with 0000; inputs = FC02 from 0; input modes = FC03 from 1000, 0 is normal.
Quirks: pulse values are not legal FC05 data, so client libraries mis-parse them: raw frames here. Older manuals give
        other values for all-on and toggle; neither is ever sent. In linkage, toggle or edge mode a door contact would
        fire a lock: `prepare` refuses to arm. An echo or a relay read back proves the command, not the door.
        The address is a register, not a switch. 0400 + n is the inverse pulse: not in this file.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import ClassVar

from drivers.errors import BadReply, BoardRefused, BoardSilent
from drivers.lock_board import BoardInfo, BoardSettings, DoorReadings, DoorState, door_of
from drivers.lock_boards.modbus_frames import BitQuery, Bits, CoilOff, Flash, Function, WordQuery, Words
from drivers.lock_boards.relay_board import RelayBoard
from drivers.transaction import Procedure, Transaction

PULSE_BASE = 0x0200
ALL_COILS = 0x00FF
MODE_BASE = 0x1000
VERSION_AT = 0x8000  # hundredths: 00C8 is 2.00
MODE_COUNTS = range(
    1, 9
)  # probes: the smallest board has eight mode registers, each count another answer length


class WaveshareRelayBoard(RelayBoard):
    """One board. Option `inputs = false` for boards without inputs: their doors are sensed by another board."""

    family: ClassVar[str] = "waveshare-relay"

    def __init__(self, settings: BoardSettings) -> None:
        super().__init__(settings)
        unit, ways = settings.address, settings.channels
        self._has_inputs = bool(settings.options.get("inputs", True))
        self._relays = self.request(BitQuery(unit, Function.READ_COILS, 0, ways).encode())
        self._inputs = self.request(BitQuery(unit, Function.READ_INPUTS, 0, ways).encode())
        self._modes = tuple(
            self.request(WordQuery(unit, MODE_BASE, count).encode())
            for count in (MODE_COUNTS if self._has_inputs else ())
        )

    def sample(self) -> Transaction:
        """The inputs; without any the relays, so that a silent board is noticed all the same."""
        return self._inputs if self._has_inputs else self._relays

    def probes(self) -> tuple[Transaction, ...]:
        return (self._relays, *self._modes) if self._has_inputs else (self.request(self._version()),)

    def decode_poll(self, reply: bytes) -> DoorReadings:
        if not self._has_inputs:
            return DoorReadings((DoorState.UNKNOWN,) * self.channels)
        shorted, feedback = Bits.decode(reply).values, self.settings.feedback_of
        return DoorReadings(tuple(door_of(shorted[n - 1], feedback(n)) for n in range(1, self.channels + 1)))

    def identify(self) -> Procedure[BoardInfo]:
        """The relays prove that somebody is there; not every board knows its firmware version."""
        yield self._relays
        return BoardInfo(
            self.family, self.settings.address, self.channels, firmware=(yield from self._firmware())
        )

    def _version(self) -> bytes:
        return WordQuery(self.settings.address, VERSION_AT, 1).encode()

    def _firmware(self) -> Generator[Transaction, bytes, str]:
        try:
            hundredths = Words.decode((yield self.request(self._version()))).values[0]
        except (BadReply, BoardRefused, BoardSilent):
            return ""
        return f"{hundredths // 100}.{hundredths % 100:02d}"

    def coils_on(self) -> Procedure[frozenset[int] | None]:
        on = Bits.decode((yield self._relays)).values[: self.channels]
        return frozenset(channel for channel, energised in enumerate(on, 1) if energised)

    def pulse_frame(self, channel: int, steps: int) -> bytes:
        return Flash(self.settings.address, PULSE_BASE + channel - 1, steps).encode()

    def off_frames(self) -> tuple[bytes, ...]:
        return (CoilOff(self.settings.address, ALL_COILS).encode(),)

    def mode_frame(self) -> bytes:
        if not self._has_inputs:
            return b""
        return WordQuery(self.settings.address, MODE_BASE, self.channels).encode()

    def modes(self, reply: bytes) -> tuple[int, ...]:
        return Words.decode(reply).values
