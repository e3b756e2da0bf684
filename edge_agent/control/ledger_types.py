"""What goes in and out of the ledger's operations: journal, backup, parcels, compartments, couriers.

As in `types.py`: arguments carry their help text, field names are part of the contract.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from edge_agent.control.types import Arguments, Result
from edge_agent.error_table import Exit


def option(text: str, **more: Any) -> msgspec.Meta:
    """An argument's help text; `positional=True` takes it without a dashed name, `metavar` names it."""
    return msgspec.Meta(description=text, extra=more)


LastOption = Annotated[
    int, msgspec.Meta(description="How many of the newest.", ge=1, le=1000, extra={"metavar": "N"})
]
IdentityOption = Annotated[
    str, option("A file with an age secret key; default: the locker's own.", metavar="FILE")
]


class JournalVerifyResult(Result, frozen=True):
    """`problems` in words, none when sound. Figures are of the newest epoch; zero where something is wrong."""

    sound: bool
    rows: int
    epoch: str
    first: int
    last: int
    chainhash: str
    problems: tuple[str, ...]

    def exit_code(self) -> int:
        return Exit.DONE if self.sound else Exit.FAILED


class JournalRebuildArguments(Arguments, frozen=True):
    write: Annotated[bool, option("Make the tables what the journal says; default: only compare.")] = False


class JournalRebuildResult(Result, frozen=True):
    """`differences` name table and key, as they were before anything was written."""

    rows: int
    differences: tuple[str, ...]
    written: bool

    def exit_code(self) -> int:
        return Exit.FAILED if self.differences and not self.written else Exit.DONE


class JournalExportArguments(Arguments, frozen=True):
    file: Annotated[str, option("Where to write: one CloudEvent a line.", positional=True)]


class JournalExportResult(Result, frozen=True):
    file: str
    events: int


class JournalShowArguments(Arguments, frozen=True):
    last: LastOption = 20
    type: Annotated[str, option('Only these types; "door." is a whole group.', metavar="TYPE")] = ""
    stay: Annotated[str, option("Only this stay.", metavar="ID")] = ""
    compartment: Annotated[str, option("Only this compartment.", metavar="NUMBER")] = ""


class JournalShowResult(Result, frozen=True):
    """CloudEvents, oldest first."""

    events: tuple[dict[str, Any], ...]


class BackupMakeResult(Result, frozen=True):
    """`missed`: targets that did not get it, with the reason."""

    name: str
    size_bytes: int
    epoch: str
    last_sequence: int
    targets: tuple[str, ...]
    missed: tuple[str, ...]

    def exit_code(self) -> int:
        return Exit.PARTLY if self.missed else Exit.DONE


class BackupVerifyArguments(Arguments, frozen=True):
    file: Annotated[str, option("The backup; default: the newest on any target.", positional=True)] = ""
    identity: IdentityOption = ""


class BackupVerifyResult(Result, frozen=True):
    locker: str
    epoch: str
    last_sequence: int
    made_ms: int


class BackupRestoreArguments(Arguments, frozen=True):
    file: Annotated[str, option("The backup that becomes the ledger.", positional=True)]
    identity: IdentityOption = ""


class BackupRestoreResult(Result, frozen=True):
    """The epoch that begins with it."""

    epoch: str


class ParcelRow(msgspec.Struct, frozen=True, kw_only=True):
    """`waybill` and `phone` are masked; empty where they are erased."""

    parcel: str
    stay: str
    compartment: str
    status: str
    carrier: str
    waybill: str
    phone: str
    deposited_ms: int | None


class ParcelsResult(Result, frozen=True):
    parcels: tuple[ParcelRow, ...]


class CompartmentRow(msgspec.Struct, frozen=True, kw_only=True):
    """As the ledger knows it; `door` as it was last seen."""

    number: str
    size: str
    contents: str
    basis: str
    condition: str
    stay: str
    door: str
    openings: int


class CompartmentsResult(Result, frozen=True):
    compartments: tuple[CompartmentRow, ...]


class CouriersImportArguments(Arguments, frozen=True):
    file: Annotated[
        str,
        option(
            "A .csv with a header line or a .json array: id, carrier, pin, badge, revoked, may_recall, may_verify.",
            positional=True,
        ),
    ]


class CouriersImportResult(Result, frozen=True):
    imported: int


class CourierRow(msgspec.Struct, frozen=True, kw_only=True):
    """`pin` and `badge` say whether there is one."""

    id: str
    carrier: str
    pin: bool
    badge: bool
    revoked: bool


class CouriersListResult(Result, frozen=True):
    couriers: tuple[CourierRow, ...]


class CouriersRevokeArguments(Arguments, frozen=True):
    courier: Annotated[str, option("The courier's id.", positional=True)]


class CouriersRevokeResult(Result, frozen=True):
    revoked: bool

    def exit_code(self) -> int:
        return Exit.DONE if self.revoked else Exit.NOT_FOUND
