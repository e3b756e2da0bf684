"""The operations without an agent: in the process of `lockerctl`, on ports that it opens itself.

A handler is a function of its arguments and a `Bench`; it returns the operation's result, or yields a stream's items.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

HANDLERS: dict[str, str] = {
    "bus.scan": "edge_agent.cli.direct.scan:scan",
    "bus.watch": "edge_agent.cli.direct.frames:watch",
    "board.info": "edge_agent.cli.direct.boards:info",
    "doors": "edge_agent.cli.direct.boards:doors",
    "unlock": "edge_agent.cli.direct.unlocking:unlock",
    "scanner.watch": "edge_agent.cli.direct.scanning:watch",
    "scanner.trigger": "edge_agent.cli.direct.scanning:trigger",
    "config.check": "edge_agent.cli.direct.plain:config_check",
    "completion": "edge_agent.cli.direct.plain:completion",
    "config.show": "edge_agent.cli.direct.configuring:show",
    "config.diff": "edge_agent.cli.direct.configuring:diff",
    "config.apply": "edge_agent.cli.direct.configuring:apply",
    "cabinet.decommission": "edge_agent.cli.direct.decommission:decommission",
    "explain": "edge_agent.cli.direct.plain:explain",
    "version": "edge_agent.cli.direct.plain:version",
    "door.unlock": "edge_agent.cli.direct.doors:unlock",
    "door.watch": "edge_agent.cli.direct.doors:watch",
    "door.history": "edge_agent.cli.direct.doors:history",
    "bus.capture": "edge_agent.cli.direct.stories:capture",
    "bus.replay": "edge_agent.cli.direct.stories:replay",
    "parcel": "edge_agent.cli.direct.stories:parcel",
    "doctor": "edge_agent.cli.direct.doctor:doctor",
    "journal.verify": "edge_agent.cli.direct.ledger:journal_verify",
    "journal.rebuild": "edge_agent.cli.direct.ledger:journal_rebuild",
    "journal.export": "edge_agent.cli.direct.ledger:journal_export",
    "journal.show": "edge_agent.cli.direct.ledger:journal_show",
    "backup.make": "edge_agent.cli.direct.ledger:backup_make",
    "backup.verify": "edge_agent.cli.direct.ledger:backup_verify",
    "backup.restore": "edge_agent.cli.direct.ledger:backup_restore",
    "parcels": "edge_agent.cli.direct.ledger:parcels",
    "compartments": "edge_agent.cli.direct.ledger:compartments",
    "couriers.import": "edge_agent.cli.direct.ledger:couriers_import",
    "couriers.list": "edge_agent.cli.direct.ledger:couriers_list",
    "couriers.revoke": "edge_agent.cli.direct.ledger:couriers_revoke",
    "setup": "edge_agent.cli.direct.setup:setup",
    "report.verify": "edge_agent.cli.commissioning.acceptance:verify",
    "provision": "edge_agent.cli.direct.provisioning:provision",
    "identity.show": "edge_agent.cli.direct.provisioning:identity_show",
    "identity.forget": "edge_agent.cli.direct.provisioning:identity_forget",
    "stats": "edge_agent.cli.direct.figures:stats",
    "figures": "edge_agent.cli.direct.figures:figures",
    "labels": "edge_agent.cli.direct.printing:labels",
    "receipt": "edge_agent.cli.direct.printing:receipt",
    "support-bundle": "edge_agent.cli.direct.support:support_bundle",
    "coils.off": "edge_agent.cli.direct.coils:off",
}
"""Operation key → function, by name: only the module of the verb that was typed is imported."""


def handler(key: str) -> Callable[[Any, Any], Any]:
    """The function of an operation; KeyError for one that needs an agent."""
    module, _, name = HANDLERS[key].partition(":")
    found: Callable[[Any, Any], Any] = getattr(import_module(module), name)
    return found
