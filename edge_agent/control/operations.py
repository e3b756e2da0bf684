"""The one table of operations: everything that `lockerctl`, the socket and the OpenAPI document offer.

To add one: its argument and result types in `edge_agent.control.types`, one row here, a handler in the agent
under the row's key, and, where it works without an agent, one in `edge_agent.cli.direct`. Commands, routes,
documentation and goldens follow by themselves.
"""

from __future__ import annotations

from edge_agent.control import config_types as c
from edge_agent.control import ledger_types as ledger
from edge_agent.control import types as t
from edge_agent.control.bench_rows import BENCH_ROWS
from edge_agent.control.bridge_rows import BRIDGE_ROWS
from edge_agent.control.commission_rows import COMMISSION_ROWS
from edge_agent.control.door_rows import DOOR_ROWS
from edge_agent.control.health_rows import HEALTH_ROWS
from edge_agent.control.identity_rows import IDENTITY_ROWS
from edge_agent.control.install_rows import INSTALL_ROWS
from edge_agent.control.operation import Needs, Operation, Role, Tier
from edge_agent.control.paper_rows import PAPER_ROWS
from edge_agent.control.stats_rows import STATS_ROWS
from edge_agent.control.support_rows import SUPPORT_ROWS
from edge_agent.control.upkeep_rows import UPKEEP_ROWS

TECHNICIAN, READ = Role.TECHNICIAN, Tier.READ
HARDWARE, NOTHING = Needs.HARDWARE, Needs.NOTHING


OPERATIONS: tuple[Operation, ...] = (
    *HEALTH_ROWS,
    Operation(
        "bus scan",
        "Ask every family and address of the buses who is there.",
        TECHNICIAN,
        READ,
        HARDWARE,
        t.BusScanArguments,
        t.BusScanResult,
        "lockerctl bus scan --port /dev/ttyUSB0",
    ),
    Operation(
        "bus watch",
        "Show the frames on the buses as they pass, decoded.",
        TECHNICIAN,
        READ,
        HARDWARE,
        t.BusWatchArguments,
        t.Frame,
        "lockerctl bus watch --bus main --seconds 10",
        stream=True,
    ),
    Operation(
        "board info",
        "Ask the configured boards who they are.",
        TECHNICIAN,
        READ,
        HARDWARE,
        t.BoardInfoArguments,
        t.BoardInfoResult,
        "lockerctl board info A",
    ),
    Operation(
        "doors",
        "Show every door as its sensor sees it.",
        TECHNICIAN,
        READ,
        HARDWARE,
        t.DoorsArguments,
        t.DoorsResult,
        "lockerctl doors --watch",
    ),
    Operation(
        "unlock",
        "Unlock one door by board and channel: one frame, and the sensor says what came of it.",
        TECHNICIAN,
        Tier.CONFIRM,
        HARDWARE,
        t.UnlockArguments,
        t.UnlockResult,
        "lockerctl unlock --board A --channel 7 --reason 'latch test'",
    ),
    Operation(
        "scanner watch",
        "Show codes as a scanner reads them.",
        TECHNICIAN,
        READ,
        HARDWARE,
        t.ScannerArguments,
        t.Scan,
        "lockerctl scanner watch front",
        stream=True,
    ),
    Operation(
        "scanner trigger",
        "Switch a scanner's light on and wait for one code.",
        TECHNICIAN,
        Tier.REVERSIBLE,
        HARDWARE,
        t.ScannerTriggerArguments,
        t.ScannerTriggerResult,
        "lockerctl scanner trigger front --seconds 10",
    ),
    Operation(
        "config check",
        "Check a locker.toml and list everything that is wrong with it.",
        TECHNICIAN,
        READ,
        NOTHING,
        t.ConfigCheckArguments,
        t.ConfigCheckResult,
        "lockerctl config check locker.toml",
    ),
    Operation(
        "config show",
        "Show every value of the configuration in force, defaults included.",
        TECHNICIAN,
        READ,
        NOTHING,
        c.ConfigShowArguments,
        c.ConfigShowResult,
        "lockerctl config show policy",
    ),
    Operation(
        "config diff",
        "Compare the configuration in force with another file, value by value.",
        TECHNICIAN,
        READ,
        NOTHING,
        c.ConfigDiffArguments,
        c.ConfigDiffResult,
        "lockerctl config diff new.toml",
    ),
    Operation(
        "config apply",
        "Check a file and make it the configuration; the former one is kept beside it.",
        TECHNICIAN,
        Tier.CONFIRM,
        NOTHING,
        c.ConfigApplyArguments,
        c.ConfigApplyResult,
        "lockerctl config apply new.toml --reason 'board B added'",
    ),
    Operation(
        "explain",
        "Say what an error code means and what to do.",
        TECHNICIAN,
        READ,
        NOTHING,
        t.ExplainArguments,
        t.ExplainResult,
        "lockerctl explain BUS-110",
    ),
    Operation(
        "version",
        "Say which version this is; with --sbom what it is made of.",
        TECHNICIAN,
        READ,
        NOTHING,
        c.VersionArguments,
        c.VersionsResult,
        "lockerctl version --sbom",
    ),
    Operation(
        "completion",
        "Print what a shell needs to complete words by the tab key.",
        TECHNICIAN,
        READ,
        NOTHING,
        c.CompletionArguments,
        c.CompletionResult,
        "lockerctl completion bash > ~/.local/share/bash-completion/completions/lockerctl",
    ),
    Operation(
        "lists import",
        "Take over carriers, couriers, staff and expected parcels from a JSON document.",
        TECHNICIAN,
        Tier.REVERSIBLE,
        Needs.AGENT,
        t.ListsImportArguments,
        t.ListsImportResult,
        "lockerctl lists import lists.json",
    ),
    Operation(
        "cabinet accept",
        "Take the cabinet into service: every compartment was opened and found empty.",
        TECHNICIAN,
        Tier.CONFIRM,
        Needs.AGENT,
        t.CabinetAcceptArguments,
        t.CabinetAcceptResult,
        "lockerctl cabinet accept --reason 'all doors opened by hand'",
    ),
    Operation(
        "journal verify",
        "Check the journal's chain, the file, and that the tables are what the journal says.",
        TECHNICIAN,
        READ,
        Needs.LEDGER,
        t.Nothing,
        ledger.JournalVerifyResult,
        "lockerctl journal verify",
    ),
    Operation(
        "journal rebuild",
        "Fold the journal again and compare; with --write make the tables what it says.",
        TECHNICIAN,
        Tier.REVERSIBLE,
        Needs.LEDGER,
        ledger.JournalRebuildArguments,
        ledger.JournalRebuildResult,
        "lockerctl journal rebuild --write",
    ),
    Operation(
        "journal export",
        "Write the whole journal into a new file, one CloudEvent a line.",
        TECHNICIAN,
        Tier.REVERSIBLE,
        Needs.LEDGER,
        ledger.JournalExportArguments,
        ledger.JournalExportResult,
        "lockerctl journal export journal.jsonl",
    ),
    Operation(
        "journal show",
        "Show the newest events, all or of one type, stay or compartment.",
        TECHNICIAN,
        READ,
        Needs.LEDGER,
        ledger.JournalShowArguments,
        ledger.JournalShowResult,
        "lockerctl journal show --type door. --compartment 7",
    ),
    Operation(
        "backup make",
        "Make a sealed backup on every target and prove it by opening it.",
        TECHNICIAN,
        Tier.REVERSIBLE,
        Needs.LEDGER,
        t.Nothing,
        ledger.BackupMakeResult,
        "lockerctl backup make",
    ),
    Operation(
        "backup verify",
        "Open a backup and check what it holds.",
        TECHNICIAN,
        READ,
        Needs.LEDGER,
        ledger.BackupVerifyArguments,
        ledger.BackupVerifyResult,
        "lockerctl backup verify --identity recovery.txt",
    ),
    Operation(
        "backup restore",
        "Make a backup the ledger, under a new epoch; the present file is set aside.",
        TECHNICIAN,
        Tier.CONFIRM,
        Needs.LEDGER,
        ledger.BackupRestoreArguments,
        ledger.BackupRestoreResult,
        "lockerctl backup restore /media/stick/ledger-0001.age",
    ),
    Operation(
        "parcels",
        "List every parcel that the locker knows, personal data masked.",
        TECHNICIAN,
        READ,
        Needs.LEDGER,
        t.Nothing,
        ledger.ParcelsResult,
        "lockerctl parcels",
    ),
    Operation(
        "compartments",
        "List every compartment as the ledger knows it.",
        TECHNICIAN,
        READ,
        Needs.LEDGER,
        t.Nothing,
        ledger.CompartmentsResult,
        "lockerctl compartments",
    ),
    Operation(
        "couriers import",
        "Take over a list of couriers: all of it, or nothing where a line is wrong.",
        TECHNICIAN,
        Tier.REVERSIBLE,
        Needs.LEDGER,
        ledger.CouriersImportArguments,
        ledger.CouriersImportResult,
        "lockerctl couriers import couriers.csv",
    ),
    Operation(
        "couriers list",
        "List the couriers.",
        TECHNICIAN,
        READ,
        Needs.LEDGER,
        t.Nothing,
        ledger.CouriersListResult,
        "lockerctl couriers list",
    ),
    Operation(
        "couriers revoke",
        "From now on this courier's PIN and badge open nothing.",
        TECHNICIAN,
        Tier.REVERSIBLE,
        Needs.LEDGER,
        ledger.CouriersRevokeArguments,
        ledger.CouriersRevokeResult,
        "lockerctl couriers revoke K1",
    ),
    *BENCH_ROWS,
    *UPKEEP_ROWS,
    *DOOR_ROWS,
    *INSTALL_ROWS,
    *COMMISSION_ROWS,
    *PAPER_ROWS,
    *STATS_ROWS,
    *SUPPORT_ROWS,
    *IDENTITY_ROWS,
    *BRIDGE_ROWS,
)

BY_NAME: dict[str, Operation] = {row.name: row for row in OPERATIONS}


def served(role: Role) -> tuple[Operation, ...]:
    """The rows that the agent offers on the socket of `role`."""
    return tuple(row for row in OPERATIONS if row.role is role and row.needs is not Needs.NOTHING)


__all__ = ["BY_NAME", "OPERATIONS", "Needs", "Operation", "Role", "Tier", "served"]
