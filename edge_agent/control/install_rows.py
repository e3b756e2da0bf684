"""The rows of an installation: from a bare system to a `locker.toml`, and coils off whatever else is wrong."""

from __future__ import annotations

from edge_agent.control import install_types as i
from edge_agent.control import types as t
from edge_agent.control.operation import Needs, Operation, Role, Tier

INSTALL_ROWS: tuple[Operation, ...] = (
    Operation(
        "setup",
        "Ask what a locker needs to know, see which boards answer, and write locker.toml.",
        Role.TECHNICIAN,
        Tier.REVERSIBLE,
        Needs.NOTHING,
        i.SetupArguments,
        i.SetupResult,
        "lockerctl setup --id HK-0001 --port /dev/ttyUSB0",
    ),
    Operation(
        "coils off",
        "Tell every board to switch all its coils off.",
        Role.TECHNICIAN,
        Tier.REVERSIBLE,
        Needs.HARDWARE,
        t.Nothing,
        i.CoilsOffResult,
        "lockerctl coils off",
    ),
    Operation(
        "update state",
        "Say whether a new version may be put in now, which one is wanted, and what became of the last.",
        Role.TECHNICIAN,
        Tier.READ,
        Needs.AGENT,
        t.Nothing,
        i.UpdateStateResult,
        "lockerctl update state",
    ),
)
