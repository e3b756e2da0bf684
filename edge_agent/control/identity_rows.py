"""The rows of the technician's side of the cloud: the locker's identity on the line, and what came down it."""

from __future__ import annotations

from edge_agent.control import cloud_types as c
from edge_agent.control import identity_types as i
from edge_agent.control import types as t
from edge_agent.control.operation import Needs, Operation, Role, Tier

IDENTITY_ROWS: tuple[Operation, ...] = (
    Operation(
        "provision",
        "Make a key, have the back office sign its certificate, and keep the old one until the new one is confirmed.",
        Role.TECHNICIAN,
        Tier.REVERSIBLE,
        Needs.NOTHING,
        i.ProvisionArguments,
        i.ProvisionResult,
        "lockerctl provision --url https://office.example/enrol",
    ),
    Operation(
        "identity show",
        "Show the locker's certificate, how long it holds, and the one that waits.",
        Role.TECHNICIAN,
        Tier.READ,
        Needs.NOTHING,
        t.Nothing,
        i.IdentityShowResult,
        "lockerctl identity show",
    ),
    Operation(
        "identity forget",
        "Have the locker's certificate revoked and throw its keys away: the locker is given up or moved.",
        Role.TECHNICIAN,
        Tier.CONFIRM,
        Needs.NOTHING,
        i.IdentityForgetArguments,
        i.IdentityForgetResult,
        "lockerctl identity forget --url https://office.example/enrol",
    ),
    Operation(
        "cloud show",
        "Show what the back office has sent that is in force here, and how much it has yet to acknowledge.",
        Role.TECHNICIAN,
        Tier.READ,
        Needs.AGENT,
        t.Nothing,
        c.CloudShowResult,
        "lockerctl cloud show",
    ),
)
