"""Pretend firmware, one module a family. The table is what a configuration's `driver` names."""

from __future__ import annotations

from sim.firmware.base import Firmware, Heard, Reply, Spec
from sim.firmware.lock_8a import Lock8A

FAMILIES: dict[str, type[Firmware]] = {kind.family: kind for kind in (Lock8A,)}

__all__ = ["FAMILIES", "Firmware", "Heard", "Reply", "Spec"]
