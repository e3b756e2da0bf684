"""The figures that `edge_agent.config_rules` holds a configuration to: what each board family allows, and ranges.

The configuration may not import a driver, so the families' limits stand here again; a test compares them with the
drivers' own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """What a built-in board family allows. Boards of one `space` on one bus answer to each other's addresses."""

    space: str
    addresses: range
    channels_max: int
    pulse_ms: range  # what the board can time; outside it the lock gets something else than configured


PULSE_MS_MIN, PULSE_MS_MAX = 50, 1000  # shorter pulls no latch; 1 s is the hard cap for a solenoid
PULSES = range(PULSE_MS_MIN, PULSE_MS_MAX + 1)

FAMILIES: dict[str, Family] = {
    "lock-8a": Family("8a", range(1, 33), 32, PULSES),  # at most 4 status bytes
    "kerong-cu16": Family("kerong", range(10), 16, PULSES),  # one nibble; ten boards in a chain
    "kerong-cu48": Family("kerong", range(32), 48, PULSES),
    "wkly": Family("wkly", range(32), 32, PULSES),
    "waveshare-relay": Family("modbus", range(1, 256), 32, range(100, PULSE_MS_MAX + 1)),  # steps of 100 ms
    "modbus-relay": Family(
        "modbus", range(1, 256), 32, range(100, PULSE_MS_MAX + 1)
    ),  # 255: factory LC boards
}
OTHER_FAMILY = Family("other", range(256), 255, PULSES)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Inclusive bounds of one key of a section, and why."""

    section: str
    key: str
    low: float
    high: float
    why: str


RANGES: tuple[Bounds, ...] = (
    Bounds("bus", "baudrate", 1200, 1_000_000, "bits per second of known boards"),
    Bounds("bus", "gap_ms", 0, 500, "beyond 500 ms a scan of the cabinet takes seconds"),
    Bounds("sizes", "width_mm", 50, 2000, "inner millimetres of a compartment"),
    Bounds("sizes", "height_mm", 30, 2500, "inner millimetres of a compartment"),
    Bounds("sizes", "depth_mm", 50, 2000, "inner millimetres of a compartment"),
    Bounds("scanner", "baudrate", 1200, 1_000_000, "bits per second of known scanners"),
    Bounds("column", "width_mm", 100, 3000, "millimetres of a column"),
    Bounds("kiosk", "px_per_mm", 1, 40, "pixels per millimetre of known screens"),
    Bounds("policy", "retention_h", 1, 720, "free storage: at most 30 days"),
    Bounds("policy", "reopen_grace_s", 0, 900, "a stranger may stand there later"),
    Bounds("policy", "open_wait_s", 1, 60, "how long a door may take to open"),
    Bounds("policy", "ajar_alarm_s", 30, 3600, "a door left open"),
    Bounds("policy", "open_attempts", 1, 5, "more burns a jammed lock's coil"),
    Bounds("policy", "retry_rest_s", 1, 60, "a coil needs 1 to 2 s off between pulses"),
    Bounds("policy", "inactivity_s", 10, 600, "before the warning"),
    Bounds("policy", "inactivity_warning_s", 20, 300, "people need at least 20 s to answer a warning"),
    Bounds("policy", "courier_inactivity_s", 20, 1800, "before the warning"),
    Bounds("service", "acknowledge_min", 1, 1440, "minutes until a named person has taken a fault on"),
    Bounds("service", "on_site_h", 1, 720, "hours until somebody stands before the cabinet"),
    Bounds("service", "restore_h", 1, 2160, "hours until it works again"),
    Bounds("service", "minor_times", 1, 100, "how much longer a minor fault may take"),
    Bounds("security", "hash_memory_kib", 7168, 65536, "below is weak, above breaks the agent's memory bar"),
    Bounds("security", "hash_passes", 1, 20, "each pass costs every person at the screen time"),
    Bounds("security", "code_tries_per_day", 10, 1000, "more lets codes be guessed"),
    Bounds("security", "remote_per_minute", 0, 20, "a stolen key must not open a cabinet at once"),
    Bounds("security", "remote_per_hour", 0, 200, "a stolen key must not open a cabinet at once"),
    Bounds("security", "remote_per_day", 0, 500, "a stolen key must not open a cabinet overnight"),
    Bounds("security", "remote_doors_percent", 1, 100, "share of a cabinet's doors in a day"),
    Bounds("storage", "warn_free_mib", 16, 1_000_000, "MiB"),
    Bounds("storage", "stop_deposits_free_mib", 8, 1_000_000, "MiB"),
    Bounds("storage", "reserve_mib", 1, 1024, "MiB set aside for a full disk"),
    Bounds("storage", "journal_days", 1, 3650, "days of journal kept on the locker"),
)
