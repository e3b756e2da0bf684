"""What goes in and out of the verbs for one door, the buses' traffic, the screen, one parcel, and the event stream."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from edge_agent.control.types import (
    Arguments,
    BusOption,
    DoorWord,
    OutcomeWord,
    Result,
    SecondsOption,
    option,
)
from edge_agent.error_table import Exit, exit_code_of

NumberOption = Annotated[str, option("The door's printed number.", positional=True, metavar="N")]
ReasonOption = Annotated[str, msgspec.Meta(description="Why, for the record.", max_length=200)]

# one door


class DoorUnlockArguments(Arguments, frozen=True):
    number: NumberOption
    reason: ReasonOption = ""


class DoorWatchArguments(Arguments, frozen=True):
    number: NumberOption
    seconds: SecondsOption = 0.0


class DoorSighting(msgspec.Struct, frozen=True, kw_only=True):
    """What the sensor says from `at_s` on, counted from the start of the watch."""

    at_s: float
    number: str
    state: DoorWord


class DoorTestArguments(Arguments, frozen=True):
    number: NumberOption
    cycles: Annotated[
        int,
        msgspec.Meta(description="How often to open it.", ge=1, le=20, extra={"metavar": "N"}),
    ] = 1
    reason: ReasonOption = ""


class DoorTestItem(Result, frozen=True):
    """One cycle: unlocked, seen open, shut by a hand. `closed_after_ms` None: not shut within the wait, `code` says so.

    `fact` is what this says about the lock.
    """

    number: str
    cycle: int
    of: int
    outcome: OutcomeWord
    opened_after_ms: int | None
    closed_after_ms: int | None
    fact: str
    code: str = ""

    def exit_code(self) -> int:
        return exit_code_of(self.code) if self.code else Exit.DONE


class DoorHistoryArguments(Arguments, frozen=True):
    number: NumberOption
    last: Annotated[
        int, msgspec.Meta(description="How many openings.", ge=1, le=200, extra={"metavar": "N"})
    ] = 10


class OpeningRow(msgspec.Struct, frozen=True, kw_only=True):
    """One opening. `outcome` is `forced` where nobody commanded it, `pending` where nothing was seen yet.

    `reason` is why somebody wanted it open, `fact` what was seen where it did not.
    """

    time: str
    cause: str
    actor: str
    outcome: Literal["opened", "not_opened", "unknown", "forced", "wrong_door", "pending"]
    opened_after_ms: int | None
    open_for_ms: int | None
    reason: str
    fact: str = ""


class DoorHistoryResult(Result, frozen=True):
    """Newest opening last. `median_ms` and `failed` are of the openings shown; `next_step` only where some failed."""

    number: str
    board: str
    channel: int
    condition: str
    contents: str
    openings: tuple[OpeningRow, ...]
    failed: int
    median_ms: int | None
    code: str = ""
    next_step: str = ""


# the buses' traffic


class BusStatsArguments(Arguments, frozen=True):
    bus: BusOption = ""


class BoardFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Since the agent's start; `answers`: as far as is known now.

    `errors_percent`: of the questions, those without a sound answer.
    """

    board: str
    answers: bool
    sent: int
    answered: int
    silent: int
    bad: int
    refused: int
    resends: int
    errors_percent: float
    median_ms: float
    slowest_ms: float


class BusFigures(msgspec.Struct, frozen=True, kw_only=True):
    bus: str
    port: str
    open: bool
    noise_bytes: int
    late_bytes: int
    collisions: int
    port_openings: int
    port_losses: int
    boards: tuple[BoardFigures, ...]


class BusStatsResult(Result, frozen=True):
    buses: tuple[BusFigures, ...]


class BusCaptureArguments(Arguments, frozen=True):
    file: Annotated[str, option("Where to write: one frame a line, as JSON.", positional=True)]
    bus: BusOption = ""
    seconds: Annotated[
        float,
        msgspec.Meta(description="How long to listen.", gt=0, le=3600, extra={"metavar": "SECONDS"}),
    ] = 10.0


class BusCaptureResult(Result, frozen=True):
    file: str
    frames: int
    seconds: float


class BusReplayArguments(Arguments, frozen=True):
    file: Annotated[str, option("A file that `bus capture` wrote.", positional=True)]


# the screen


class ScreenBlankArguments(Arguments, frozen=True):
    state: Annotated[
        Literal["on", "off"],
        option("`on`: the display rests now; `off`: it is woken.", positional=True, metavar="on|off"),
    ]


class ScreenResult(Result, frozen=True):
    """The page is judged by its heartbeat; `display` says what the agent may dim or switch."""

    page: Literal["alive", "silent", "never"]
    page_ago_s: float | None
    listen: str
    screen: str
    session: bool
    display: str
    resting: bool

    def exit_code(self) -> int:
        return Exit.DONE if self.page == "alive" else Exit.DEGRADED


class ScreenTestResult(Result, frozen=True):
    """Each order that the display took, or why it did not."""

    display: str
    steps: tuple[str, ...]
    failed: str = ""

    def exit_code(self) -> int:
        return Exit.FAILED if self.failed else Exit.DONE


# one parcel


class ParcelArguments(Arguments, frozen=True):
    waybill: Annotated[str, option("The waybill number, as printed or scanned.", positional=True)]


class ParcelEvent(msgspec.Struct, frozen=True, kw_only=True):
    time: str
    event: str
    by: str
    fact: str


class ParcelStory(msgspec.Struct, frozen=True, kw_only=True):
    """One stay of this parcel. `waybill` and `phone` are masked, empty where they are erased."""

    stay: str
    compartment: str
    status: str
    carrier: str
    waybill: str
    phone: str
    events: tuple[ParcelEvent, ...]


class ParcelResult(Result, frozen=True):
    stays: tuple[ParcelStory, ...]

    def exit_code(self) -> int:
        return Exit.DONE if self.stays else Exit.NOT_FOUND


# what happens


class FollowArguments(Arguments, frozen=True):
    follow: Annotated[bool, option("Go on with each new event until Ctrl-C.", short="-f")] = False
    last: Annotated[
        int,
        msgspec.Meta(description="Begin with so many of the newest.", ge=0, le=1000, extra={"metavar": "N"}),
    ] = 20
    type: Annotated[str, option('Only these types; "door." is a whole group.', metavar="TYPE")] = ""


class FollowedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event without personal data; `data` leaves out what is sealed."""

    sequence: int
    time: str
    type: str
    data: dict[str, Any]


# stock-taking


class ToReconcile(msgspec.Struct, frozen=True, kw_only=True):
    """One compartment to look into, what the ledger believes, and why a person should look."""

    number: str
    contents: str
    door: DoorWord
    why: str


class ReconcileArguments(Arguments, frozen=True):
    all: Annotated[bool, option("Every compartment, not only those that are in doubt.")] = False


class ReconcileResult(Result, frozen=True):
    compartments: tuple[ToReconcile, ...]
    sound: int
