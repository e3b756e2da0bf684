"""Pretend generic Modbus relay board; as shipped, the LC-Modbus one (factory address 255).

Profile `lc` (default): coils and inputs from 0; writing the words 0004 and tenths of a second to register 3 + 5(n-1)
makes relay n pulse, 0002 makes it go off for that time; register 0 is the address, 03E8/03E9 the speed. A lone board
answers a question to unit 0 under unit 0. Profile `waveshare`: tenths written by FC05 to coil 0200+n pulse, coil 00FF
is all of them, registers 1000.. are input modes, all normal. Options of a profile's map: coil_base, input_base, pulse
("lc-word" or "flash"), pulse_base, mode_base, all_off.
"""

from __future__ import annotations

from sim.firmware.base import Spec
from sim.firmware.modbus import (
    ILLEGAL_ADDRESS,
    ILLEGAL_VALUE,
    STEPS_A_SECOND,
    ModbusFirmware,
    Refused,
    word,
)
from sim.world import World

WORD_STRIDE = 5
PULSE_ON, PULSE_OFF = 0x0004, 0x0002
ADDRESS, SPEED_READ, SPEED_WRITE = 0x0000, 0x03E8, 0x03E9
SPEEDS = {2: 4800, 3: 9600, 4: 19200}
PROFILES: dict[str, dict[str, int | str]] = {
    "lc": {"pulse": "lc-word", "pulse_base": 3, "mode_base": 0, "all_off": 0},
    "waveshare": {"pulse": "flash", "pulse_base": 0x0200, "mode_base": 0x1000, "all_off": 0x00FF},
}
UNITS = range(1, 256)
LEAST_MODES = 8  # the smallest board with inputs has eight of them
NORMAL = 0  # inputs and relays are independent


class ModbusRelay(ModbusFirmware):
    """One board of the profile that its options describe."""

    family = "modbus-relay"
    greeting = b"LC-Modbus-8R\r\n"  # that there is one is noted on benches; its words are UNVERIFIED

    def __init__(self, spec: Spec, world: World) -> None:
        super().__init__(spec, world)
        chart = {
            "coil_base": 0,
            "input_base": 0,
            **PROFILES[str(spec.options.get("profile", "lc"))],
            **spec.options,
        }
        self.coil_base, self.input_base = int(chart["coil_base"]), int(chart["input_base"])
        self.flash, self.pulse_base = chart["pulse"] == "flash", int(chart["pulse_base"])
        self.mode_base, self.all_off = int(chart["mode_base"]), int(chart["all_off"])
        self.speed = 3

    def meaning(self, frame: bytes) -> str:
        unit, function, at, value = frame[0], frame[1], word(frame, 2), word(frame, 4)
        if function == 16 and self._is_pulse_word(at):
            return f"unlock channel {(at - self.pulse_base) // WORD_STRIDE + 1} of board {unit}"
        if function == 5 and self.flash and at >= self.pulse_base:
            return f"unlock channel {at - self.pulse_base + 1} of board {unit}: pulse of {value * 100} ms"
        words = {
            1: f"read {value} relays of board {unit}",
            2: f"read {value} inputs of board {unit}",
            3: f"read {value} registers from {at:04X} of board {unit}",
            5: f"switch relay at {at:04X} of board {unit}: {value:04X}",
        }
        return words.get(function, f"function {function} at {at:04X} for board {unit}")

    def unit_in_answer(self, unit: int) -> int:
        return unit

    def coil_channel(self, at: int) -> int:
        return super().coil_channel(at - self.coil_base)

    def input_channel(self, at: int) -> int:
        return super().input_channel(at - self.input_base)

    def write_coil(self, at: int, value: int, now_s: float) -> None:
        if self.flash and self.pulse_base <= at < self.pulse_base + self.spec.channels:
            self._pulse(at - self.pulse_base + 1, value, now_s)
        elif self.all_off and at == self.all_off:
            for channel in range(1, self.spec.channels + 1):
                self.switch_by_value(channel, value, now_s)
        else:
            self.switch_by_value(self.coil_channel(at), value, now_s)

    def read_register(self, at: int) -> int:
        if self.mode_base and self.mode_base <= at < self.mode_base + max(LEAST_MODES, self.spec.channels):
            return NORMAL
        known = {ADDRESS: self.address, SPEED_READ: self.speed}
        if at not in known:
            raise Refused(ILLEGAL_ADDRESS)
        return known[at]

    def write_register(self, at: int, value: int, now_s: float) -> None:
        if at == ADDRESS and value in UNITS:
            self.address = value
        elif at == SPEED_WRITE and value in SPEEDS:
            self.speed = value
        else:
            raise Refused(ILLEGAL_ADDRESS if at not in (ADDRESS, SPEED_WRITE) else ILLEGAL_VALUE)

    def write_registers(self, at: int, values: list[int], now_s: float) -> None:
        if len(values) == 1:
            self.write_register(at, values[0], now_s)
            return
        if self.flash or not self._is_pulse_word(at) or len(values) != 2:
            raise Refused(ILLEGAL_ADDRESS)
        channel, (scheme, steps) = (at - self.pulse_base) // WORD_STRIDE + 1, values
        if scheme == PULSE_ON:
            self._pulse(channel, steps, now_s)
        elif scheme == PULSE_OFF and steps:
            self.switch(channel, False, now_s)
            self.world.at(now_s + steps / STEPS_A_SECOND, lambda later: self.switch(channel, True, later))
        else:
            raise Refused(ILLEGAL_VALUE)

    def _pulse(self, channel: int, steps: int, now_s: float) -> None:
        if not steps:
            raise Refused(ILLEGAL_VALUE)
        self.world.pulse(self.name, channel, steps / STEPS_A_SECOND, now_s)

    def _is_pulse_word(self, at: int) -> bool:
        channel, rest = divmod(at - self.pulse_base, WORD_STRIDE)
        return rest == 0 and 0 <= channel < self.spec.channels
