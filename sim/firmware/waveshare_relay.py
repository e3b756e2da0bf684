"""Pretend Waveshare Modbus RTU Relay, protocol V2: 8, 16 or 32 ways, 9600 8N1, with or without inputs.

Coils 0.. are the relays, 00FF is all of them; writing tenths of a second to coil 0200+n flashes relay n on, to
0400+n flashes it off. Registers: 1000.. input modes (0 normal, 1 linkage, 2 toggle, 3 edge), 2000 serial settings, 4000
address, 8000 firmware in hundredths. In any mode but normal a door contact drives the relay, as on the real board.
"""

from __future__ import annotations

from sim.firmware.base import Spec
from sim.firmware.modbus import (
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    STEPS_A_SECOND,
    ModbusFirmware,
    Refused,
    word,
)
from sim.world import World

ALL_RELAYS = 0x00FF
FLASH_ON, FLASH_OFF = 0x0200, 0x0400
MODES, SERIAL, ADDRESS, VERSION = 0x1000, 0x2000, 0x4000, 0x8000
FIRMWARE_2_00 = 0x00C8
STEPS_MAX = 0x7FFF
LEAST_MODES = 8  # the smallest board has eight inputs
NORMAL, LINKAGE, TOGGLE_MODE, EDGE = range(4)
UNITS = range(1, 256)


class WaveshareRelay(ModbusFirmware):
    """Option `inputs = false`: a relay board without inputs; FC02 and the mode registers are then refused."""

    family = "waveshare-relay"

    def __init__(self, spec: Spec, world: World) -> None:
        super().__init__(spec, world)
        self.has_inputs = bool(spec.options.get("inputs", True))
        self.modes = [NORMAL] * max(LEAST_MODES, spec.channels)
        self.serial = 0x0001
        self._seen: dict[int, bool] = {}

    def meaning(self, frame: bytes) -> str:
        unit, function, at, value = frame[0], frame[1], word(frame, 2), word(frame, 4)
        if function == 5 and FLASH_ON <= at < FLASH_OFF:
            return f"unlock channel {at - FLASH_ON + 1} of board {unit}: pulse of {value * 100} ms"
        words = {
            1: f"read {value} relays of board {unit}",
            2: f"read {value} inputs of board {unit}",
            3: f"read {value} registers from {at:04X} of board {unit}",
            5: f"switch relay at {at:04X} of board {unit}: {value:04X}",
            6: f"set register {at:04X} of board {unit} to {value}",
            15: f"switch {value} relays of board {unit}",
        }
        return words.get(function, f"function {function} for board {unit}")

    def input_channel(self, at: int) -> int:
        if not self.has_inputs:
            raise Refused(ILLEGAL_FUNCTION)
        return super().input_channel(at)

    def write_coil(self, at: int, value: int, now_s: float) -> None:
        if at == ALL_RELAYS:
            for channel in range(1, self.spec.channels + 1):
                self.switch_by_value(channel, value, now_s)
        elif FLASH_ON <= at < FLASH_ON + self.spec.channels:
            self.world.pulse(self.name, at - FLASH_ON + 1, self._length_s(value), now_s)
        elif FLASH_OFF <= at < FLASH_OFF + self.spec.channels:
            self._flash_off(at - FLASH_OFF + 1, self._length_s(value), now_s)
        else:
            self.switch_by_value(self.coil_channel(at), value, now_s)

    def _length_s(self, steps: int) -> float:
        if not 1 <= steps <= STEPS_MAX:
            raise Refused(ILLEGAL_VALUE)
        return steps / STEPS_A_SECOND

    def _flash_off(self, channel: int, length_s: float, now_s: float) -> None:
        self.switch(channel, False, now_s)
        self.world.at(now_s + length_s, lambda later: self.switch(channel, True, later))

    def read_register(self, at: int) -> int:
        if self.has_inputs and MODES <= at < MODES + len(self.modes):
            return self.modes[at - MODES]
        known = {SERIAL: self.serial, ADDRESS: self.address, VERSION: FIRMWARE_2_00}
        if at not in known:
            raise Refused(ILLEGAL_ADDRESS)
        return known[at]

    def write_register(self, at: int, value: int, now_s: float) -> None:
        if self.has_inputs and MODES <= at < MODES + len(self.modes) and value in range(4):
            self.modes[at - MODES] = value
            self._seen[at - MODES + 1] = self.shorted(at - MODES + 1, now_s)
        elif at == ADDRESS and value in UNITS:
            self.address = value
        elif at == SERIAL and value & 0xFF in range(8):
            self.serial = value
        else:
            raise Refused(ILLEGAL_VALUE if at in (ADDRESS, SERIAL) else ILLEGAL_ADDRESS)

    def write_registers(self, at: int, values: list[int], now_s: float) -> None:
        raise Refused(ILLEGAL_FUNCTION)

    def door_moved(self, number: str, at_s: float) -> list[bytes]:
        for index, mode in enumerate(self.modes[: self.spec.channels]):
            if mode != NORMAL:
                self._drive(index + 1, mode, at_s)
        return []

    def _drive(self, channel: int, mode: int, at_s: float) -> None:
        before, now = self._seen.get(channel, False), self.shorted(channel, at_s)
        self._seen[channel] = now
        if before == now:
            return
        if mode == LINKAGE:
            self.switch(channel, now, at_s)
        elif mode == EDGE or now:
            self.toggle(channel, at_s)
