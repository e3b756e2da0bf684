"""`locker.toml` as frozen values. One file for agent, bridge, technician's tool and simulator.

Format: contract section 2. Reading happens in two steps: msgspec checks names and types (an unknown key is an error
that names it), then `edge_agent.config_rules` checks what types cannot say (duplicate doors, overlapping addresses,
pulse bounds ...). Nothing here imports a driver: which driver names exist is checked by `main`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

WITHHELD = msgspec.Meta(extra={"withheld": True})
"""Marks a key that leads to a secret or to people: tools show whether it is set, never what it says."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every section: immutable, and strict about key names."""


class Locker(_Section, frozen=True):
    id: str
    timezone: str
    state_dir: str
    name: str = ""
    languages: tuple[Literal["zh-Hant", "zh-Hans", "en"], ...] = ("zh-Hant", "en", "zh-Hans")
    hotline: str = ""


class Bus(_Section, frozen=True):
    """One RS-485 port. `network` names a gateway on the LAN and needs its own unit drop-in."""

    name: str
    port: str = ""
    network: str = ""
    baudrate: int = 9600
    parity: Literal["none", "even", "odd"] = "none"
    stopbits: Literal[1, 2] = 1
    echo: Literal["auto", "none", "full"] = "auto"
    gap_ms: float = 0.0  # 0: the larger of 3.5 characters and the family's own need
    supply: str = "psu-1"
    rs485: Literal["auto", "kernel", "rts"] = "auto"


class Board(_Section, frozen=True):
    name: str
    bus: str
    driver: str
    address: int
    channels: int
    feedback: Literal["closed-when-locked", "closed-when-open"] = "closed-when-locked"
    pulse_ms: int = 300
    twin: bool = False
    options: dict[str, str | int | bool] = {}


class Sensor(_Section, frozen=True):
    board: str
    senses: Literal["latch", "door", "presence"] = "latch"
    channels: str = ""
    feedback: Literal["", "closed-when-locked", "closed-when-open"] = ""


class CompartmentRun(_Section, frozen=True):
    """`[[compartments]]`: a run of doors. `channels` and `numbers` are ranges or lists ("1-12", "1-4,7")."""

    board: str
    channels: str
    numbers: str
    size: str
    height: Literal["low", "middle", "high"] = "middle"
    sensor: Sensor | None = None
    feedback: Literal["", "closed-when-locked", "closed-when-open"] = ""


class CompartmentOne(_Section, frozen=True):
    """`[[compartment]]`: one door."""

    board: str
    channel: int
    number: str
    size: str
    height: Literal["low", "middle", "high"] = "middle"
    sensor: Sensor | None = None
    feedback: Literal["", "closed-when-locked", "closed-when-open"] = ""


class Size(_Section, frozen=True):
    width_mm: int
    height_mm: int
    depth_mm: int


class Scanner(_Section, frozen=True):
    name: str
    port: str
    driver: str = "line"
    baudrate: int = 9600
    trigger: Literal["always", "command"] = "always"
    prefix: str = ""
    suffix: str = ""
    terminator: Literal["any", "line", "gap"] = "any"
    options: dict[str, str | int | bool] = {}


class Column(_Section, frozen=True):
    """Geometry for the door map: left to right, doors top to bottom, where the screen is."""

    name: str
    doors: tuple[str, ...] = ()
    width_mm: int = 400
    screen: bool = False


class Kiosk(_Section, frozen=True):
    listen: str = "127.0.0.1:8080"
    px_per_mm: float = 5.88
    speech: bool = True
    blanking: Literal["none", "backlight", "command"] = "none"
    rest_after_s: int = 120
    dim_percent: int = 30  # of a backlight while resting; 0: dark
    screen_on: tuple[str, ...] = ()
    screen_off: tuple[str, ...] = ()


class Policy(_Section, frozen=True):
    """Defaults of requirements section 5; documents from the back office may change what they are allowed to."""

    retention_h: int = 48
    reminders_h: tuple[int, ...] = (12, 6, 1)
    reopen_grace_s: int = 180
    open_wait_s: float = 10.0
    ajar_reminders_s: tuple[int, ...] = (20, 45, 90)
    ajar_alarm_s: int = 180
    open_attempts: int = 3
    retry_rest_s: float = 2.0
    inactivity_s: int = 20
    inactivity_warning_s: int = 20
    courier_inactivity_s: int = 90
    couriers_may_verify: bool = True
    speed_mode: bool = True
    consent_required: bool = True
    overdue_may_be_picked_up: bool = True


class Service(_Section, frozen=True):
    """What the operator promises for a major fault; a minor one may take `minor_times` as long."""

    acknowledge_min: int = 15
    on_site_h: int = 4
    restore_h: int = 24
    minor_times: int = 6


class Cloud(_Section, frozen=True):
    urls: tuple[str, ...] = ()
    client_id: str = ""
    ack: Literal["application", "broker"] = "application"
    ca_file: str = ""
    cert_file: str = ""
    key_file: Annotated[str, WITHHELD] = ""


class Security(_Section, frozen=True):
    """Key files, signers, quotas, lockout, code shape: documents may only tighten them."""

    code: Literal["8", "6+4"] = "8"
    hash_memory_kib: int = 7168
    hash_passes: int = 5
    lockout_steps: tuple[tuple[int, int], ...] = ((3, 60), (5, 300), (10, 900))  # (wrong tries, lock seconds)
    code_tries_per_day: int = 100
    command_signers: Annotated[dict[str, str], WITHHELD] = {}
    remote_per_minute: int = 3
    remote_per_hour: int = 20
    remote_per_day: int = 60
    remote_doors_percent: int = 25
    recovery_key: Annotated[str, WITHHELD] = ""
    cloud_key: Annotated[str, WITHHELD] = (
        ""  # the cloud's X25519 public key (base64url): personal data is sealed to it
    )


class Storage(_Section, frozen=True):
    second_journal: str = ""
    backup_targets: tuple[str, ...] = ()
    warn_free_mib: int = 512
    stop_deposits_free_mib: int = 128
    reserve_mib: int = 16
    journal_days: int = 180


class Config(_Section, frozen=True):
    locker: Locker
    bus: tuple[Bus, ...]
    board: tuple[Board, ...]
    sizes: dict[str, Size]
    compartments: tuple[CompartmentRun, ...] = ()
    compartment: tuple[CompartmentOne, ...] = ()
    scanner: tuple[Scanner, ...] = ()
    column: tuple[Column, ...] = ()
    kiosk: Kiosk = Kiosk()
    policy: Policy = Policy()
    service: Service = Service()
    cloud: Cloud = Cloud()
    security: Security = Security()
    storage: Storage = Storage()

    def doors(self) -> tuple[Door, ...]:
        """Every compartment of every run, in the order of the file: one entry per printed door number."""
        runs = [door for run in self.compartments for door in doors_of_run(run)]
        return tuple(runs + [door_of(one) for one in self.compartment])


class Door(_Section, frozen=True):
    """One compartment with its wires: where it is unlocked and where it is sensed."""

    number: str
    board: str
    channel: int
    size: str
    height: Literal["low", "middle", "high"]
    sensor_board: str
    sensor_channel: int
    senses: Literal["latch", "door", "presence"]
    feedback: Literal["", "closed-when-locked", "closed-when-open"]


RUN_MAX = 1000  # doors in one run; the largest cabinets known have 390


def parse_numbers(text: str) -> tuple[str, ...]:
    """`"1-3,7"` → `("1", "2", "3", "7")`; a prefix or leading zeros are kept: `"A01-A03"`. Raises ValueError."""
    found: list[str] = []
    for part in (piece.strip() for piece in text.split(",")):
        first, dash, last = part.partition("-")
        found.extend(_run(first.strip(), last.strip()) if dash else [first])
    if not all(found):
        raise ValueError(f"{text!r} is not a list of numbers such as 1-12 or 1-4,7")
    return tuple(found)


def _run(first: str, last: str) -> list[str]:
    prefix = first.rstrip("0123456789")
    digits = first[len(prefix) :]
    end = last.removeprefix(prefix)
    if not digits or not end.isdecimal() or int(end) < int(digits):
        raise ValueError(f"{first}-{last} is not a rising run")
    if int(end) - int(digits) >= RUN_MAX:
        raise ValueError(f"{first}-{last} is longer than {RUN_MAX} doors")
    width = len(digits) if digits.startswith("0") else 0
    return [f"{prefix}{n:0{width}d}" for n in range(int(digits), int(end) + 1)]


def _door(
    number: str, channel: int, of: CompartmentRun | CompartmentOne, sensor_channel: int | None = None
) -> Door:
    sensor = of.sensor or Sensor(board=of.board)
    return Door(
        number=number,
        board=of.board,
        channel=channel,
        size=of.size,
        height=of.height,
        sensor_board=sensor.board,
        sensor_channel=channel if sensor_channel is None else sensor_channel,
        senses=sensor.senses,
        feedback=sensor.feedback or of.feedback,
    )


def doors_of_run(run: CompartmentRun) -> list[Door]:
    """One door for each channel of the run. Raises ValueError where numbers and channels do not pair off."""
    numbers, channels = parse_numbers(run.numbers), parse_numbers(run.channels)
    if len(numbers) != len(channels):
        raise ValueError(f"{len(numbers)} numbers for {len(channels)} channels of board {run.board}")
    sensed = parse_numbers(run.sensor.channels) if run.sensor and run.sensor.channels else channels
    if len(sensed) != len(channels):
        raise ValueError(f"{len(sensed)} sensor channels for {len(channels)} doors of board {run.board}")
    return [
        _door(number, int(channel), run, int(sense))
        for number, channel, sense in zip(numbers, channels, sensed, strict=True)
    ]


def door_of(one: CompartmentOne) -> Door:
    """The door of a single compartment. Raises ValueError for a sensor channel that is no number."""
    sensed = int(one.sensor.channels) if one.sensor and one.sensor.channels else None
    return _door(one.number, one.channel, one, sensed)


def decode(document: dict[str, Any]) -> Config:
    """Names and types only. Raises msgspec.ValidationError with a JSON path."""
    return msgspec.convert(document, Config)


def load(path: Path) -> Config:
    """Read and type-check one file; see `config_rules.check` for the rest."""
    with path.open("rb") as file:
        return decode(tomllib.load(file))
