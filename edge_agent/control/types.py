"""What goes in and out of the operations: plain values, the same on the socket and in `--json`.

Arguments carry their help text and bounds; click options, query parameters and schemas are made from them.
Results say by `exit_code` how `lockerctl` ends. Field names are part of the contract: add, never rename.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from edge_agent.error_table import Exit, exit_code_of


def option(text: str, **more: Any) -> msgspec.Meta:
    """An argument's help text; `positional=True` takes it without a dashed name, `metavar` names it."""
    return msgspec.Meta(description=text, extra=more)


class Arguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every argument type; every field has a default or is required on the command line too."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every result type."""

    def exit_code(self) -> int:
        """The exit code of `lockerctl`: contract section 1."""
        return Exit.DONE


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One failure as data: the same five fields wherever one is told."""

    code: str
    where: str
    detail: str
    message: str
    next_step: str


PortOption = Annotated[
    str,
    option("A port to use instead of the configured buses: a device or socket://host:port.", metavar="PORT"),
]
BaudOption = Annotated[
    int,
    msgspec.Meta(
        description="Bits per second with --port; 0: what each family is sold with.",
        ge=0,
        le=1_000_000,
        extra={"metavar": "BAUD"},
    ),
]
BusOption = Annotated[str, option("Only this bus.", metavar="NAME")]
SecondsOption = Annotated[
    float,
    msgspec.Meta(
        description="Stop after this many seconds; 0: until Ctrl-C.",
        ge=0,
        le=86_400,
        extra={"metavar": "SECONDS"},
    ),
]


class Nothing(Arguments, frozen=True):
    """An operation that needs no argument."""


# bus


class BusScanArguments(Arguments, frozen=True):
    bus: BusOption = ""
    port: PortOption = ""
    baudrate: BaudOption = 0
    family: Annotated[str, option("Only this family, such as lock-8a.", metavar="FAMILY")] = ""
    addresses: Annotated[
        str, option("Only these addresses, such as 1-8 or 1,5; default: all of a family.", metavar="RANGE")
    ] = ""
    tries: Annotated[
        int,
        msgspec.Meta(
            description="Questions to each board that answered, to count errors.",
            ge=1,
            le=100,
            extra={"metavar": "N"},
        ),
    ] = 5
    patient: Annotated[bool, option("Wait for every address as long as its family may take.")] = False


class ScannedBoard(msgspec.Struct, frozen=True, kw_only=True):
    """One board that answered with sound frames. `configured` is its name in locker.toml, empty for a stranger."""

    family: str
    address: int
    channels: int
    firmware: str
    identity: str
    configured: str
    round_trip_ms: float
    asked: int
    answered: int
    errors: int


class ScannedBus(msgspec.Struct, frozen=True, kw_only=True):
    """One port. `asked` counts questions, `unsound` the places from where bytes came that are no answer."""

    bus: str
    port: str
    baudrate: int
    asked: int
    seconds: float
    boards: tuple[ScannedBoard, ...] = ()
    unsound: tuple[Trouble, ...] = ()
    missing: tuple[str, ...] = ()
    error: Trouble | None = None


class BusScanResult(Result, frozen=True):
    buses: tuple[ScannedBus, ...]

    def exit_code(self) -> int:
        if not any(bus.boards for bus in self.buses):
            return Exit.SILENT
        return Exit.PARTLY if any(bus.error or bus.missing for bus in self.buses) else Exit.DONE


class BusWatchArguments(Arguments, frozen=True):
    bus: BusOption = ""
    seconds: SecondsOption = 0.0


DirectionWord = Literal["sent", "received", "noise"]


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One frame on a bus. `at_s` counts from the start of the watch; `meaning` is a sentence, empty if unknown."""

    at_s: float
    bus: str
    direction: DirectionWord
    hex: str
    meaning: str


# board


class BoardInfoArguments(Arguments, frozen=True):
    board: Annotated[
        str, option("The board's name; default: every board.", positional=True, metavar="[BOARD]")
    ] = ""


class BoardAnswer(msgspec.Struct, frozen=True, kw_only=True):
    board: str
    bus: str
    driver: str
    address: int
    channels: int
    answers: bool
    firmware: str = ""
    identity: str = ""
    details: dict[str, str] = {}
    round_trip_ms: float | None = None
    error: Trouble | None = None


class BoardInfoResult(Result, frozen=True):
    boards: tuple[BoardAnswer, ...]

    def exit_code(self) -> int:
        return _share([board.answers for board in self.boards])


def _share(well: list[bool]) -> int:
    """All, some or none answered."""
    if all(well):
        return Exit.DONE
    return Exit.PARTLY if any(well) else Exit.SILENT


# doors


class DoorsArguments(Arguments, frozen=True):
    board: Annotated[str, option("Only doors wired to this board.", metavar="NAME")] = ""


DoorWord = Literal["open", "closed", "unknown"]


class DoorRow(msgspec.Struct, frozen=True, kw_only=True):
    """One compartment's door. `state` is the sensor's word; `unknown` where it did not answer."""

    number: str
    state: DoorWord
    size: str
    height: str
    board: str
    channel: int
    sensor_board: str
    sensor_channel: int
    senses: str


class DoorsResult(Result, frozen=True):
    """Doors in the order of the configuration, and the boards that could not be read."""

    doors: tuple[DoorRow, ...]
    troubles: tuple[Trouble, ...] = ()

    def exit_code(self) -> int:
        return _share([door.state != "unknown" for door in self.doors])


class UnlockArguments(Arguments, frozen=True):
    board: Annotated[str, option("The board's name in locker.toml.", metavar="NAME")]
    channel: Annotated[
        int,
        msgspec.Meta(
            description="The channel as printed on the board.", ge=1, le=255, extra={"metavar": "N"}
        ),
    ]
    reason: Annotated[str, msgspec.Meta(description="Why, for the record.", max_length=200)] = ""
    bench: Annotated[bool, option("On a work bench: no record is kept. Only without an agent.")] = False


OutcomeWord = Literal["opened", "not_opened", "unknown"]


class UnlockResult(Result, frozen=True):
    """One unlock. The sensor alone decides `outcome`; `sent` is what the wire knows of the one frame.

    `code` is empty for a door that opened; else why not, or why nobody knows.
    """

    outcome: OutcomeWord
    board: str
    channel: int
    door: str
    sent: Literal["accepted", "refused", "not_sent", "unknown"]
    detail: str
    opened_after_ms: float | None = None
    recorded: bool = False
    code: str = ""

    def exit_code(self) -> int:
        return exit_code_of(self.code) if self.code else Exit.DONE


# scanner


class ScannerArguments(Arguments, frozen=True):
    scanner: Annotated[
        str, option("The scanner's name; default: the only one.", positional=True, metavar="[NAME]")
    ] = ""
    seconds: SecondsOption = 0.0


class ScannerTriggerArguments(Arguments, frozen=True):
    scanner: Annotated[
        str, option("The scanner's name; default: the only one.", positional=True, metavar="[NAME]")
    ] = ""
    seconds: Annotated[
        float,
        msgspec.Meta(description="How long to wait for a code.", gt=0, le=60, extra={"metavar": "SECONDS"}),
    ] = 5.0


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """One code as read. `dropped` says why a hostile or damaged one was not passed on; its text is then empty."""

    at_s: float
    scanner: str
    text: str
    symbology: str = ""
    dropped: str = ""


class ScannerTriggerResult(Result, frozen=True):
    scanner: str
    scan: Scan | None

    def exit_code(self) -> int:
        return Exit.DONE if self.scan else Exit.SILENT


# configuration and the tool itself


class ConfigCheckArguments(Arguments, frozen=True):
    file: Annotated[str, option("The file to check.", positional=True)]


class ConfigProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One entry that cannot be used; `key` is its place, such as `board[1].address`."""

    code: str
    file: str
    key: str
    reason: str
    next_step: str


class ConfigCheckResult(Result, frozen=True):
    file: str
    ok: bool
    doors: int
    boards: int
    buses: int
    problems: tuple[ConfigProblem, ...] = ()

    def exit_code(self) -> int:
        return Exit.DONE if self.ok else Exit.BAD_CONFIG


class ExplainArguments(Arguments, frozen=True):
    id: Annotated[str, option("The code, such as BUS-110.", positional=True)]


class ExplainResult(Result, frozen=True):
    code: str
    english: str
    chinese: str
    cause: str
    next_step: str


class VersionResult(Result, frozen=True):
    version: str
    python: str


# taking a cabinet into service without a back office


class ListsImportArguments(Arguments, frozen=True):
    file: Annotated[
        str, option("A JSON document with carriers, couriers, staff and expected parcels.", positional=True)
    ]


class ListsImportResult(Result, frozen=True):
    """How many entries of each list were taken over."""

    carriers: int
    couriers: int
    staff: int
    expected: int


class CabinetAcceptArguments(Arguments, frozen=True):
    reason: Annotated[str, msgspec.Meta(description="Why, for the record.", max_length=200)] = ""


class CabinetAcceptResult(Result, frozen=True):
    """Doors that may be offered from now on: those that are closed and hold no stay."""

    doors: int


# the bridge's side


class EventsArguments(Arguments, frozen=True):
    after: Annotated[
        int, msgspec.Meta(description="Sequence number of the last event that is known.", ge=0)
    ] = 0
    wait: Annotated[
        float, msgspec.Meta(description="Seconds to wait for an event, 60 at most.", ge=0, le=60)
    ] = 0.0


class EventsResult(Result, frozen=True):
    """`events` are CloudEvents in the order of their sequence numbers, from `first` on without a gap."""

    epoch: str
    first: int
    events: tuple[msgspec.Raw, ...]


class AcksArguments(Arguments, frozen=True):
    epoch: Annotated[str, option("The ledger's epoch that the cloud speaks of.")]
    next: Annotated[int, msgspec.Meta(description="The cloud has committed everything before it.", ge=1)]


class AcksResult(Result, frozen=True):
    """`taken` moved the watermark; `resend` did not; the other two are ignored and alarmed."""

    taken: Literal["taken", "resend", "foreign-epoch", "beyond"]
