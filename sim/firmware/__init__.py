"""Pretend firmware, one module a family. The table is what a configuration's `driver` names.

Whoever brings a board of another family puts a `Firmware` of their own into `FAMILIES`, and every fixture, fault and
verb knows it.
"""

from __future__ import annotations

from sim.firmware.base import Firmware, Heard, Reply, Spec
from sim.firmware.kerong_cu16 import KerongCu16
from sim.firmware.kerong_cu48 import KerongCu48
from sim.firmware.lock_8a import Lock8A
from sim.firmware.modbus_relay import ModbusRelay
from sim.firmware.waveshare_relay import WaveshareRelay
from sim.firmware.wkly import Wkly

FAMILIES: dict[str, type[Firmware]] = {
    kind.family: kind for kind in (Lock8A, WaveshareRelay, ModbusRelay, KerongCu16, KerongCu48, Wkly)
}

__all__ = ["FAMILIES", "Firmware", "Heard", "Reply", "Spec"]
