"""Writes the pages that are made from tables in the code: `configuration.md`, `errors.md` and the folder `contract`.

`make docs` runs it; a test says when that was forgotten after a change of `edge_agent/config.py`, its bounds, the table
of errors, or a type that goes over the broker. What each key means stands here, because types cannot say it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

sys.path.insert(0, str(Path(__file__).parent))

from generating import contract, verbs

from edge_agent import config as c
from edge_agent.config_bounds import FAMILIES, RANGES
from edge_agent.error_table import EXPLANATIONS

HERE = Path(__file__).parent

SECTIONS: dict[str, tuple[type[msgspec.Struct], str]] = {
    "[locker]": (c.Locker, "Who this locker is."),
    "[[bus]]": (c.Bus, "One RS-485 port. Give exactly one of `port` and `network`."),
    "[[board]]": (c.Board, "One lock board."),
    "[[compartments]]": (c.CompartmentRun, "A run of doors on one board."),
    "[[compartment]]": (c.CompartmentOne, "One door, where a run does not fit."),
    "sensor = { ... }": (c.Sensor, "Inside a run or a door: where it is sensed, if not on its own channel."),
    "[sizes.NAME]": (c.Size, "Inner measures of a compartment size."),
    "[[scanner]]": (c.Scanner, "One barcode scanner."),
    "[[column]]": (
        c.Column,
        "Geometry for the door map. Where columns are given, each door stands in exactly one.",
    ),
    "[kiosk]": (c.Kiosk, "The screen on the cabinet."),
    "[policy]": (c.Policy, "How the locker behaves towards people."),
    "[service]": (c.Service, "What the operator has promised for a fault: the clocks of its ticket."),
    "[cloud]": (c.Cloud, "The operator's broker; without `urls` the locker works alone."),
    "[security]": (c.Security, "Codes, lockout and keys. Signed documents may only tighten these."),
    "[storage]": (c.Storage, "The ledger, its backups and the disk."),
}

MEANINGS: dict[str, str] = {
    "Locker.id": "The locker's name everywhere: 1 to 64 of `A-Z a-z 0-9 . _ -`.",
    "Locker.timezone": "For dates on the screen and in reports, such as `Asia/Hong_Kong`.",
    "Locker.state_dir": "Absolute folder of ledger, keys and records.",
    "Locker.name": "The place as people know it.",
    "Locker.languages": "Languages of the screen; the first is shown first.",
    "Locker.hotline": "Telephone number on every screen.",
    "Bus.name": "Any short name.",
    "Bus.port": "A serial device, best under `/dev/serial/by-path/`, or `socket://127.0.0.1:PORT`.",
    "Bus.network": "`host:port` of a serial gateway on the LAN instead of `port`.",
    "Bus.baudrate": "Bits per second, as set on the boards.",
    "Bus.parity": "As set on the boards.",
    "Bus.stopbits": "As set on the boards.",
    "Bus.echo": "Whether the adapter hands back what it sends; `auto` finds out.",
    "Bus.gap_ms": "Silence between frames; 0 takes what the line and the family need.",
    "Bus.supply": "Name of the power supply; coils of one supply are never energised together.",
    "Bus.rs485": "Who switches the direction: the adapter (`auto`), the kernel, or RTS by hand.",
    "Board.name": "As in a technician's mouth: `A`, `left`.",
    "Board.bus": "Name of its `[[bus]]`.",
    "Board.driver": "The family, see below, or the name of an installed plug-in.",
    "Board.address": "As set by its switch or tool.",
    "Board.channels": "How many channels it has.",
    "Board.feedback": "Which position shorts the feedback contact.",
    "Board.pulse_ms": "How long a coil is energised. Solenoids 200 to 500, motor locks about 1000.",
    "Board.twin": "This board cannot be told from one on another bus, and a swap cannot be noticed.",
    "Board.options": "The family's own keys, see its hardware page.",
    "CompartmentRun.board": "Board that unlocks the doors.",
    "CompartmentRun.channels": "Channels in order: `1-12`, `1-4,7`.",
    "CompartmentRun.numbers": "Door numbers as printed, one for each channel: `1-12`, `A01-A12`.",
    "CompartmentRun.size": "Name of a `[sizes.NAME]`.",
    "CompartmentRun.height": "For reach: which doors suit a person in a wheelchair.",
    "CompartmentRun.sensor": "Where the doors are sensed; default: the same board and channel.",
    "CompartmentRun.feedback": "Overrides the board's for these doors.",
    "CompartmentOne.board": "Board that unlocks the door.",
    "CompartmentOne.channel": "Its channel there.",
    "CompartmentOne.number": "Door number as printed.",
    "CompartmentOne.size": "Name of a `[sizes.NAME]`.",
    "CompartmentOne.height": "As above.",
    "CompartmentOne.sensor": "As above.",
    "CompartmentOne.feedback": "As above.",
    "Sensor.board": "Board whose inputs sense the door.",
    "Sensor.senses": "What the contact follows. `presence`: the latch on its own channel and the sensor beside it.",
    "Sensor.channels": "Inputs in the order of the doors; default: the same numbers as the channels.",
    "Sensor.feedback": "Overrides the sensing board's.",
    "Size.width_mm": "Inner width.",
    "Size.height_mm": "Inner height.",
    "Size.depth_mm": "Inner depth.",
    "Scanner.name": "Any short name.",
    "Scanner.port": "Its serial device, best under `/dev/serial/by-id/`.",
    "Scanner.driver": "`line`, `grow`, `honeywell`, `newland`, or an installed plug-in.",
    "Scanner.baudrate": "Bits per second.",
    "Scanner.trigger": "Reads always, or only when told.",
    "Scanner.prefix": "Text that the scanner puts before each code.",
    "Scanner.suffix": "Text that the scanner puts after each code.",
    "Scanner.terminator": "What ends a code: CR, LF or CRLF (`line`), silence (`gap`), or either (`any`).",
    "Scanner.options": "The family's own keys, see its page.",
    "Column.name": "From left to right in the order of the file.",
    "Column.doors": "Door numbers or runs from top to bottom.",
    "Column.width_mm": "Outer width.",
    "Column.screen": "The screen is in this column.",
    "Kiosk.listen": "Loopback address and port of the page.",
    "Kiosk.px_per_mm": "Of the screen, so that touch targets have their size in millimetres.",
    "Kiosk.speech": "Spoken prompts where espeak-ng is installed.",
    "Kiosk.blanking": "How the display rests: not at all, by its backlight, or by commands.",
    "Kiosk.rest_after_s": "Seconds without a touch, scan or door before the display rests.",
    "Kiosk.dim_percent": "Brightness of a resting backlight; 0 is dark.",
    "Kiosk.screen_on": 'With `command`: the words that switch the display on, such as `["wlopm", "--on", "*"]`.',
    "Kiosk.screen_off": "With `command`: the words that switch it off.",
    "Policy.retention_h": "Free hours in the compartment.",
    "Policy.reminders_h": "Hours before the end at which the recipient is reminded.",
    "Policy.reopen_grace_s": "For so long the same person may open the same door again.",
    "Policy.open_wait_s": "How long after the pulse a door may take to open.",
    "Policy.ajar_reminders_s": "Reminders to close the door, seconds after it opened.",
    "Policy.ajar_alarm_s": "A door open for so long is an alarm.",
    "Policy.open_attempts": "Pulses for one request before the door counts as jammed.",
    "Policy.retry_rest_s": "Rest of a coil between two pulses.",
    "Policy.inactivity_s": "A recipient's idle time before the warning.",
    "Policy.inactivity_warning_s": "How long the warning is shown; never below 20.",
    "Policy.courier_inactivity_s": "A courier's idle time before the warning.",
    "Policy.couriers_may_verify": "Couriers may clear doors with unknown contents, one at a time.",
    "Policy.speed_mode": "A scanned waybill opens a door without a touch.",
    "Policy.consent_required": "No deposit without the recipient's consent, unless the carrier vouches.",
    "Policy.overdue_may_be_picked_up": "A parcel past its retention period is still handed out.",
    "Service.acknowledge_min": "Minutes until a named person has taken a major fault on.",
    "Service.on_site_h": "Hours until a technician stands before the cabinet.",
    "Service.restore_h": "Hours until it works again.",
    "Service.minor_times": "A minor fault may take so many times as long.",
    "Cloud.urls": "Broker addresses in the order of preference.",
    "Cloud.client_id": "MQTT client id; default: the locker's id.",
    "Cloud.ack": "Who confirms an event: the back office (`application`) or the `broker`, which may lose it.",
    "Cloud.ca_file": "Certificates that the broker's is checked against.",
    "Cloud.cert_file": "The locker's own certificate.",
    "Cloud.key_file": "Its key.",
    "Security.code": "Shape of pickup codes: 8 digits, or the phone's last 4 and 6 digits.",
    "Security.hash_memory_kib": "Argon2id memory for one code check.",
    "Security.hash_passes": "Argon2id passes.",
    "Security.lockout_steps": "Wrong tries in a row and the seconds of lockout that follow.",
    "Security.code_tries_per_day": "Wrong tries a day at this locker before codes alone no longer suffice.",
    "Security.command_signers": "Key name and Ed25519 public key of those who may command.",
    "Security.remote_per_minute": "Grants of remote access within a minute: unlocks, fresh codes, ordered recalls.",
    "Security.remote_per_hour": "The same within an hour.",
    "Security.remote_per_day": "The same within a day.",
    "Security.remote_doors_percent": "Different doors within a day, as a share of all; 3 doors at least.",
    "Security.recovery_key": "Public age key that backups are also encrypted to.",
    "Security.cloud_key": "The cloud's X25519 public key (base64url): personal data is sealed to it.",
    "Storage.second_journal": "File on another device: pickups go on there when the ledger cannot commit.",
    "Storage.backup_targets": "Folders for backups, best on other devices.",
    "Storage.warn_free_mib": "Free space below which a warning is raised.",
    "Storage.stop_deposits_free_mib": "Free space below which deposits stop.",
    "Storage.reserve_mib": "Set aside on the disk for the day it is full.",
    "Storage.journal_days": "Days of journal kept on the locker.",
}

CONFIGURATION_HEAD = """# Configuration: `locker.toml`

<!-- Written by docs/generate.py from edge_agent/config.py; change that, not this. -->

One TOML file for agent, bridge, `lockerctl` and simulator. An unknown key, a duplicate door, an overlapping address or
a value out of range is refused with file, key and reason, before any port is opened:

```
lockerctl config check locker.toml
```

lists every problem at once, each with its code ([errors](errors.md)) and its next step, and ends with exit code 9.
A small cabinet:

```toml
[locker]
id = "HK-0001"
timezone = "Asia/Hong_Kong"
state_dir = "/var/lib/locker"

[[bus]]
name = "main"
port = "/dev/serial/by-path/platform-fd500000.pcie-usb-0:1.2:1.0-port0"

[[board]]
name = "A"
bus = "main"
driver = "lock-8a"
address = 1
channels = 24

[[compartments]]
board = "A"
channels = "1-24"
numbers = "1-24"
size = "S"

[sizes.S]
width_mm = 340
height_mm = 80
depth_mm = 380
```
"""

ERRORS_HEAD = """# Errors

<!-- Written by docs/generate.py from edge_agent/error_table.py; change that, not this. -->

Codes are stable for ever. `lockerctl explain CODE` shows one row of this page; logs, the journal, `--json` and the
kiosk's messages use the same codes. The last column is how `lockerctl` ends.
"""

GROUPS = {
    "BUS": "Between the port and a board",
    "DOOR": "A door, its lock or its sensor",
    "FLOW": "What a person asked for is not possible now",
    "STORE": "The ledger, its disk and its backups",
    "CLOUD": "The bridge",
    "CONF": "The configuration",
    "CTRL": "The technician's tool and its socket",
}


def configuration_page() -> str:
    """The whole of configuration.md."""
    parts = [CONFIGURATION_HEAD]
    for title, (kind, text) in SECTIONS.items():
        rows = [_row(kind, field, title) for field in msgspec.structs.fields(kind)]
        parts.append(
            f"## `{title}`\n\n{text}\n\n| key | value | default | meaning |\n|---|---|---|---|\n"
            + "\n".join(rows)
        )
    parts.append(_families())
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _row(kind: type[msgspec.Struct], field: Any, title: str) -> str:
    hint = get_type_hints(kind)[field.name]
    value = _bounds(title, field.name) or _kind(hint)
    now = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    default = "**required**" if field.required else f"`{_toml(now)}`"
    return f"| `{field.name}` | {value} | {default} | {MEANINGS[f'{kind.__name__}.{field.name}']} |"


def _bounds(title: str, key: str) -> str:
    section = title.strip("[]").removesuffix(".NAME")
    found = [bounds for bounds in RANGES if (bounds.section, bounds.key) == (section, key)]
    return f"{found[0].low:g} to {found[0].high:.0f}" if found else ""


def _kind(hint: Any) -> str:
    if type(None) in get_args(hint):
        return "table"
    if get_origin(hint) is tuple:
        return f"list of {_kind(get_args(hint)[0])}"
    if get_origin(hint) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(hint) if choice != "")
    names: dict[Any, str] = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}
    return names.get(hint, "table")


def _toml(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return msgspec.json.encode(value).decode()


def _families() -> str:
    rows = [
        f"| `{name}` | {family.addresses.start} to {family.addresses.stop - 1} | {family.channels_max} "
        f"| {family.pulse_ms.start} to {family.pulse_ms.stop - 1} |"
        for name, family in FAMILIES.items()
    ]
    head = "## Board families\n\n| driver | addresses | channels at most | `pulse_ms` |\n|---|---|---|---|\n"
    return head + "\n".join(rows)


def errors_page() -> str:
    """The whole of errors.md."""
    parts = [ERRORS_HEAD]
    for prefix, text in GROUPS.items():
        rows = [
            f"| **{row.code}** | {row.english}<br>{row.chinese} | {row.cause} | {row.next_step} | {row.exit_code} |"
            for row in EXPLANATIONS.values()
            if row.code.startswith(prefix)
        ]
        if rows:
            head = f"## {prefix}: {text}\n\n| code | what | likely cause | next step | exit |\n|---|---|---|---|---|\n"
            parts.append(head + "\n".join(rows))
    return "\n\n".join(part.strip() for part in parts) + "\n"


PAGES = {"configuration.md": configuration_page, "errors.md": errors_page, "verbs.md": verbs.page}


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (HERE / name).write_text(page())
    _write_contract(HERE / "contract")


def _write_contract(root: Path) -> None:
    """Whatever is not made any more goes."""
    made = contract.folder(root)
    for name, content in made.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    for file in root.rglob("*.*"):
        if file.relative_to(root).as_posix() not in made:
            file.unlink()


if __name__ == "__main__":
    main()
