"""What goes in and out of commissioning: the conversation, line by line, and the acceptance report that it ends in.

Times are whole milliseconds, because the report is hashed over canonical JSON, which knows no fractions.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edge_agent.control.health_types import Check
from edge_agent.control.types import Arguments, Result, option
from edge_agent.error_table import Exit

Asks = Literal[
    "", "ports", "boards", "shut", "number", "failed", "codes", "write", "technician", "operator", "pin"
]
Fault = Literal[
    "port",
    "board-silent",
    "duplicate-address",
    "swapped-harness",
    "several-doors",
    "wrong-number",
    "dead-latch",
    "dead-sensor",
    "does-not-shut",
    "board-refuses",
    "scanner",
]


class CommissionArguments(Arguments, frozen=True):
    port: Annotated[
        tuple[str, ...],
        option("Without a locker.toml: a port of lock boards; may be given more than once.", metavar="PORT"),
    ] = ()
    family: Annotated[str, option("Look for this family only, such as lock-8a.", metavar="FAMILY")] = ""
    addresses: Annotated[
        str, option("Look at these addresses only, such as 1-8; default: all of a family.", metavar="RANGE")
    ] = ""
    id: Annotated[str, option("Without a locker.toml: the locker's id, such as HK-0001.", metavar="ID")] = ""
    size: Annotated[str, option("Without a locker.toml: the compartments' size.", metavar="SIZE")] = "M"
    state: Annotated[
        str, option("Without a locker.toml: where the agent keeps its state.", metavar="FOLDER")
    ] = "/var/lib/locker"
    cycles: Annotated[
        int,
        msgspec.Meta(description="How often each lock is tried.", ge=1, le=10, extra={"metavar": "N"}),
    ] = 3
    again: Annotated[bool, option("Forget what an earlier run has found and begin anew.")] = False


class CommissionItem(Result, frozen=True):
    """One line of the conversation. A `question` wants one line back: a word of `answers`, any where it is empty.

    `secret`: the answer is not shown. The last item is the `end`: `report` is its JSON file, `digest` its SHA-256.
    """

    what: Literal["told", "question", "finding", "mended", "door", "difference", "end"]
    text: str
    place: str = ""
    code: str = ""
    asks: Asks = ""
    answers: tuple[str, ...] = ()
    secret: bool = False
    report: str = ""
    digest: str = ""
    accepted: bool = False

    def exit_code(self) -> int:
        return Exit.DEGRADED if self.what == "end" and not self.accepted else Exit.DONE


class ReportVerifyArguments(Arguments, frozen=True):
    file: Annotated[str, option("The report's JSON file.", positional=True, metavar="FILE")]
    key: Annotated[
        str,
        option("Public key (base64url) that must have signed it; default: this locker's.", metavar="KEY"),
    ] = ""


class ReportVerifyResult(Result, frozen=True):
    """`key`: whose signature it was held to; `in the report`: nobody but the report vouches for that key."""

    file: str
    valid: bool
    fact: str
    key: Literal["given", "this locker's", "in the report"]
    locker: str = ""
    verdict: str = ""
    digest: str = ""

    def exit_code(self) -> int:
        return Exit.DONE if self.valid else Exit.FAILED


# what was found out, in the progress file and in the report


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One fault. `mended`: a later look found it well."""

    fault: Fault
    code: str
    place: str
    fact: str
    at: str
    mended: bool = False


class DoorTrial(msgspec.Struct, frozen=True, kw_only=True):
    """One door, as its lock and its sensor behaved.

    `opened_ms`: from frame to sensor, one a cycle. `label`: the number on the open door, where the configuration has
    another. `pulses`: all that its coil got. `feedback`: what the contact's wiring was learned to be, "" as configured.
    """

    number: str
    board: str
    channel: int
    verdict: Literal["passed", "failed", "absent"]
    opened_ms: tuple[int, ...] = ()
    label: str = ""
    pulses: int = 0
    feedback: Literal["", "closed-when-locked", "closed-when-open"] = ""
    note: str = ""


class ReportedBoard(msgspec.Struct, frozen=True, kw_only=True):
    board: str
    bus: str
    driver: str
    address: int
    channels: int
    firmware: str
    identity: str


class ReportedScanner(msgspec.Struct, frozen=True, kw_only=True):
    """`read` and `missed`: titles of the printed test codes."""

    scanner: str
    verdict: Literal["passed", "failed", "not tested"]
    read: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One person's yes. `proof`: by PIN of the staff list, or only named, where the locker has no such list yet."""

    role: Literal["technician", "operator"]
    name: str
    proof: Literal["pin", "named"]


class AcceptanceReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is hashed and signed. Times are RFC 3339, UTC."""

    locker: str
    name: str
    version: str
    configuration: str
    begun: str
    ended: str
    boards: tuple[ReportedBoard, ...]
    doors: tuple[DoorTrial, ...]
    scanners: tuple[ReportedScanner, ...]
    screen: str
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    verdict: Literal["passed", "failed"]
    signatures: tuple[Signature, ...]


class SignedReport(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON file. `digest`: SHA-256 over the report's canonical JSON; `signature`: compact JWS over the same bytes.

    `key`: the public Ed25519 key, base64url.
    """

    report: AcceptanceReport
    digest: str
    key: str
    signature: str
