"""Generic Modbus RTU relay board: a profile says where coils, inputs and pulses are. Pymodbus makes PDUs and frames.

Source: the LC-Modbus map as quoted by four public sources, and Waveshare's; golden bytes in tests/golden/.
Verified on: paper only.
Frames: Modbus RTU, see `modbus_frames`. Pulse schemes: "flash" = FC05 at pulse base + channel - 1, value in 100 ms;
        "lc-word" = FC16 of two words (0004, length in 100 ms) at pulse base + 5 x (channel - 1).
Quirks: LC boards greet in ASCII at power-up, over the first exchange. A board that cannot time its own pulse is
        refused: a process that stops between ON and OFF would leave a coil on. Late replies are told by function and
        length, because a Modbus answer names neither address nor count.
Pymodbus is a codec here and no client: its client re-sends, compares only the unit, and gives up on a noise byte. It is
imported when the first board of this family is made, since it costs start-up time that other lockers need not pay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, ClassVar, Self

from drivers.lock_board import BoardInfo, BoardSettings, DoorReadings, door_of
from drivers.lock_boards.modbus_frames import PULSE_STEPS_MAX, UNITS, CoilOff, Flash, Function, unseal
from drivers.lock_boards.relay_board import RelayBoard
from drivers.transaction import Procedure, Transaction

if TYPE_CHECKING:
    from pymodbus.framer import FramerRTU
    from pymodbus.pdu import ModbusPDU

DEFAULT_PROFILE = "lc"

LC_STRIDE = 5  # registers a channel
LC_ON_THEN_OFF = 0x0004  # 0002 is the inverse and is never sent


class PulseScheme(Enum):
    """How a board is told to end a pulse itself. There is no third: the host never ends one."""

    FLASH = "flash"
    LC_WORD = "lc-word"


PULSE_BASES = {PulseScheme.FLASH: 0x0200, PulseScheme.LC_WORD: 3}  # where both schemes are found in the field


@dataclass(frozen=True, slots=True)
class Profile:
    """Where things are on one kind of board. `all_off` 0 means: switch each coil off by itself."""

    coil_base: int
    input_base: int
    scheme: PulseScheme
    pulse_base: int
    mode_base: int = 0
    all_off: int = 0


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "lc": Profile(
            coil_base=0, input_base=0, scheme=PulseScheme.LC_WORD, pulse_base=PULSE_BASES[PulseScheme.LC_WORD]
        ),
        "waveshare": Profile(
            coil_base=0,
            input_base=0,
            scheme=PulseScheme.FLASH,
            pulse_base=PULSE_BASES[PulseScheme.FLASH],
            mode_base=0x1000,
            all_off=0x00FF,
        ),
    }
)
NUMBERS = ("coil_base", "input_base", "pulse_base", "mode_base", "all_off")


def profile_of(settings: BoardSettings) -> Profile:
    """The profile that `options` name and correct. Raises ValueError with board, option and what is possible."""
    options = settings.options
    name = options.get("profile", DEFAULT_PROFILE)
    if name not in PROFILES:
        raise ValueError(f"board {settings.name}: profile {name!r}, expected one of {', '.join(PROFILES)}")
    base = PROFILES[str(name)]
    scheme = options.get("pulse", base.scheme.value)
    if scheme not in {known.value for known in PulseScheme}:
        raise ValueError(
            f"board {settings.name}: pulse {scheme!r}; only boards that time their own pulse are driven "
            f"({', '.join(known.value for known in PulseScheme)})"
        )
    numbers = {key: _register(settings, key, options[key]) for key in NUMBERS if key in options}
    if scheme != base.scheme.value:
        numbers.setdefault("pulse_base", PULSE_BASES[PulseScheme(scheme)])
    return replace(base, scheme=PulseScheme(scheme), **numbers)


def _register(settings: BoardSettings, key: str, value: object) -> int:
    if not isinstance(value, int) or not 0 <= value <= 0xFFFF:
        raise ValueError(f"board {settings.name}: {key} {value!r}, expected a number from 0 to 65535")
    return value


@cache
def _framer() -> FramerRTU:
    from pymodbus.framer import FramerRTU  # lazily, see the module's docstring
    from pymodbus.pdu import DecodePDU

    return FramerRTU(DecodePDU(is_server=False))


@cache
def _messages() -> tuple[ModuleType, ModuleType]:
    """Pymodbus' modules of PDUs: bits and registers."""
    return import_module("pymodbus.pdu.bit_message"), import_module("pymodbus.pdu.register_message")


def frame_of(pdu: ModbusPDU) -> bytes:
    """One RTU frame of a pymodbus PDU."""
    return _framer().buildFrame(pdu)


def read_coils(unit: int, first: int, count: int) -> bytes:
    return frame_of(_messages()[0].ReadCoilsRequest(dev_id=unit, address=first, count=count))


def read_inputs(unit: int, first: int, count: int) -> bytes:
    return frame_of(_messages()[0].ReadDiscreteInputsRequest(dev_id=unit, address=first, count=count))


def read_words(unit: int, first: int, count: int) -> bytes:
    return frame_of(_messages()[1].ReadHoldingRegistersRequest(dev_id=unit, address=first, count=count))


def bits_of(reply: bytes) -> tuple[bool, ...]:
    """Values of a recognised FC01 or FC02 reply, a multiple of eight."""
    return tuple(bool(bit) for bit in _decoded(reply).bits)


def words_of(reply: bytes) -> tuple[int, ...]:
    """Values of a recognised FC03 reply."""
    return tuple(int(word) for word in _decoded(reply).registers)


def _decoded(reply: bytes) -> ModbusPDU:
    pdu = _framer().decoder.decode(reply[1:-2])
    if pdu is None:
        raise ValueError(f"{reply.hex(' ')} is no Modbus answer")
    return pdu


@dataclass(frozen=True, slots=True)
class LcPulse:
    """One pulse timed by an LC board: word 0004 and the length in 100 ms steps, at the channel's register."""

    unit: int
    register: int
    steps: int

    def __post_init__(self) -> None:
        if (
            self.unit not in UNITS
            or not 0 <= self.register <= 0xFFFF
            or not 1 <= self.steps <= PULSE_STEPS_MAX
        ):
            raise ValueError(f"unit {self.unit}, register {self.register}, {self.steps} steps")

    def encode(self) -> bytes:
        words = [LC_ON_THEN_OFF, self.steps]
        return frame_of(
            _messages()[1].WriteMultipleRegistersRequest(
                dev_id=self.unit, address=self.register, count=len(words), registers=words
            )
        )

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        body = unseal(frame)
        marks = bytes((Function.WRITE_WORDS, 2, 4, LC_ON_THEN_OFF))
        if (
            len(body) != 11
            or bytes((body[1], body[5], body[6], body[8])) != marks
            or body[4]
            or body[7]
            or body[9]
        ):
            raise ValueError(f"{frame.hex(' ')} is no LC pulse")
        return cls(body[0], int.from_bytes(body[2:4], "big"), body[10])


class ModbusRelayBoard(RelayBoard):
    """One relay board by profile. Options: `profile`, `pulse`, and the register numbers in NUMBERS."""

    family: ClassVar[str] = "modbus-relay"

    def __init__(self, settings: BoardSettings) -> None:
        super().__init__(settings)
        self.profile = profile_of(settings)
        unit, ways = settings.address, settings.channels
        self._coils = self.request(read_coils(unit, self.profile.coil_base, ways))
        self._inputs = self.request(read_inputs(unit, self.profile.input_base, ways))
        self._probes = (self._coils, *self._shorter())

    def _shorter(self) -> list[Transaction]:
        """The same questions about fewer channels: told from the whole ones by their answers' length."""
        unit, profile = self.settings.address, self.profile
        counts = range(8, 8 * (-(-self.channels // 8) - 1) + 1, 8)
        pairs = ((read_coils, profile.coil_base), (read_inputs, profile.input_base))
        return [self.request(read(unit, base, count)) for count in counts for read, base in pairs]

    def sample(self) -> Transaction:
        return self._inputs

    def probes(self) -> tuple[Transaction, ...]:
        return self._probes

    def decode_poll(self, reply: bytes) -> DoorReadings:
        shorted, feedback = bits_of(reply), self.settings.feedback_of
        return DoorReadings(tuple(door_of(shorted[n - 1], feedback(n)) for n in range(1, self.channels + 1)))

    def identify(self) -> Procedure[BoardInfo]:
        """Coils and inputs: a board that knows both in this number is of the right kind; it tells no name."""
        yield self._coils
        yield self._inputs
        details = {"profile": str(self.settings.options.get("profile", DEFAULT_PROFILE))}
        return BoardInfo(self.family, self.settings.address, self.channels, details=details)

    def coils_on(self) -> Procedure[frozenset[int] | None]:
        on = bits_of((yield self._coils))[: self.channels]
        return frozenset(channel for channel, energised in enumerate(on, 1) if energised)

    def pulse_frame(self, channel: int, steps: int) -> bytes:
        unit, base = self.settings.address, self.profile.pulse_base
        if self.profile.scheme is PulseScheme.FLASH:
            return Flash(unit, base + channel - 1, steps).encode()
        return LcPulse(unit, base + LC_STRIDE * (channel - 1), steps).encode()

    def off_frames(self) -> tuple[bytes, ...]:
        unit, profile = self.settings.address, self.profile
        coils = (
            [profile.all_off]
            if profile.all_off
            else range(profile.coil_base, profile.coil_base + self.channels)
        )
        return tuple(CoilOff(unit, coil).encode() for coil in coils)

    def mode_frame(self) -> bytes:
        base = self.profile.mode_base
        return read_words(self.settings.address, base, self.channels) if base else b""

    def modes(self, reply: bytes) -> tuple[int, ...]:
        return words_of(reply)
