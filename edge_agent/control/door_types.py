"""What goes in and out of the operations on compartments, deposits and emergencies: plain values, as in `types`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edge_agent.control.types import Arguments, OutcomeWord, Result, option
from edge_agent.error_table import Exit, exit_code_of

REASON_MAX = 200
PIN_MAX = 64

ReasonOption = Annotated[str, msgspec.Meta(description="Why, for the record.", max_length=REASON_MAX)]
NumberArgument = Annotated[str, option("The compartment's number as printed on its door.", positional=True)]
StaffOption = Annotated[str, option("A person of the staff list.", metavar="ID")]
SiteOption = Annotated[
    str, option("The site code, which is the locker's id: typed, or given here in scripts.", metavar="SITE")
]


def secret(text: str, variable: str) -> msgspec.Meta:
    """An argument that never stands on a command line: asked for, or taken from the environment's `variable`."""
    return msgspec.Meta(description=text, max_length=PIN_MAX, extra={"secret": variable})


# compartments


class CompartmentBlockArguments(Arguments, frozen=True):
    number: NumberArgument
    reason: ReasonOption = ""


class CompartmentUnblockArguments(Arguments, frozen=True):
    number: NumberArgument
    reason: ReasonOption = ""


class CompartmentResult(Result, frozen=True):
    """One compartment after the change. `resolved`: how many of its open faults ended with it."""

    number: str
    condition: str
    contents: str
    resolved: int = 0


class CompartmentVerifyArguments(Arguments, frozen=True):
    number: NumberArgument
    found: Annotated[
        str,
        msgspec.Meta(
            description="What was seen: empty or occupied. Without it the door is opened first.",
            pattern="^(empty|occupied)?$",
            extra={"metavar": "WHAT"},
        ),
    ] = ""
    reason: ReasonOption = ""


class CompartmentVerifyResult(Result, frozen=True):
    """Without an answer yet: what came of the opening. With one: what the ledger knows now."""

    number: str
    outcome: OutcomeWord | None
    contents: str
    needs_code: bool = False
    code: str = ""

    def exit_code(self) -> int:
        return exit_code_of(self.code) if self.code else Exit.DONE


# deposits and emergencies


class DepositsStopArguments(Arguments, frozen=True):
    reason: ReasonOption = ""


class DepositsResumeArguments(Arguments, frozen=True):
    reason: ReasonOption = ""


class DepositsResult(Result, frozen=True):
    deposits: Literal["on", "off"]
    reason: str = ""


class OpenAllArguments(Arguments, frozen=True):
    first: StaffOption
    second: StaffOption
    reason: ReasonOption = ""
    confirm: SiteOption = ""
    first_pin: Annotated[str, secret("The first person's PIN.", "LOCKER_FIRST_PIN")] = ""
    second_pin: Annotated[str, secret("The second person's PIN.", "LOCKER_SECOND_PIN")] = ""


class OpenAllItem(msgspec.Struct, frozen=True, kw_only=True):
    """One door's turn. `outcome` None: it was not tried, and `code` and `detail` say why."""

    door: str
    place: int
    of: int
    outcome: OutcomeWord | None
    code: str = ""
    detail: str = ""
