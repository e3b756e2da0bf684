"""The checks that need no agent: supply, temperature, memory, disk, the ledger's file, certificates, backups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.control.health_types import Check, VerdictWord
from edge_agent.errors import StoreError
from edge_agent.health.machine import Machine, largest, sized, takes_a_write
from edge_agent.health.words import skipped, well, wrong

if TYPE_CHECKING:
    from edge_agent.config import Config
    from edge_agent.store.places import Settings

TOO_HOT_C = 80.0  # the Raspberry Pi slows itself down from here on
WARM_C = 70.0
MEMORY_SHORT_MIB = 100  # below it the browser is the next to be killed
CERTIFICATE_DAYS = (30, 7)  # attention, bad: renewal needs a person at the back office
BACKUP_DAYS = 2.0  # one is made each night: two nights missed are no accident
LARGEST_SHOWN = 3
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Host:
    """Everything that the checks below look at."""

    config: Config
    settings: Settings
    machine: Machine = field(default_factory=Machine)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def supply(host: Host) -> Iterator[Check]:
    found = host.machine.supply()
    if found is None:
        yield skipped("power", "supply", "this machine does not tell its supply voltage")
    elif found.low_now:
        yield wrong("power", "supply", "bad", "HOST-701", "the supply is below its limit now")
    elif found.low_before:
        yield wrong("power", "supply", "attention", "HOST-701", "the supply was too low since the last start")
    else:
        yield well("power", "supply", "never too low since the last start")


def temperature(host: Host) -> Iterator[Check]:
    hottest_c = host.machine.hottest_c()
    if hottest_c is None:
        yield skipped("temperature", "processor", "this machine has no thermometer")
    elif hottest_c >= WARM_C:
        verdict: VerdictWord = "bad" if hottest_c >= TOO_HOT_C else "attention"
        fact = f"{hottest_c:.0f} °C; it slows down from {TOO_HOT_C:.0f} °C on"
        yield wrong("temperature", "processor", verdict, "HOST-702", fact)
    else:
        yield well("temperature", "processor", f"{hottest_c:.0f} °C")


def memory(host: Host) -> Iterator[Check]:
    found = host.machine.memory()
    if found is None:
        yield skipped("memory", "memory", "this machine does not tell")
        return
    fact = f"{found.free_mib} of {found.whole_mib} MiB can still be used"
    if found.free_mib < MEMORY_SHORT_MIB:
        yield wrong("memory", "memory", "attention", "HOST-703", f"{fact}; {MEMORY_SHORT_MIB} MiB expected")
    else:
        yield well("memory", "memory", fact)


def room(host: Host) -> Iterator[Check]:
    """Room only: what each minute's look needs."""
    from edge_agent.store.disk import MIB, free_bytes

    folder, limits = host.settings.state_dir, host.settings.thresholds
    try:
        free_mib = free_bytes(folder) // MIB
    except OSError as error:
        yield wrong("disk", str(folder), "bad", "STORE-418", error.strerror or str(error))
        return
    fact = f"{free_mib} MiB free"
    if free_mib < limits.stop_deposits_mib:
        yield wrong(
            "disk", "disk", "bad", "STORE-422", f"{fact}; deposits stop below {limits.stop_deposits_mib} MiB"
        )
    elif free_mib < limits.warn_mib:
        yield wrong("disk", "disk", "attention", "STORE-422", f"{fact}; {limits.warn_mib} MiB expected")
    else:
        yield well("disk", "disk", fact)


def disk(host: Host) -> Iterator[Check]:
    """Room, whether a write reaches the disk, and what takes the room."""
    yield from room(host)
    folder = host.settings.state_dir
    try:
        takes_a_write(folder)
        yield well("disk", str(folder), "takes a write and syncs it")
        shown = ", ".join(f"{name} {sized(size)}" for name, size in largest(folder, LARGEST_SHOWN))
        yield well("disk", str(folder), f"largest inside: {shown}" if shown else "empty")
    except OSError as error:
        yield wrong("disk", str(folder), "bad", "STORE-404", error.strerror or str(error))


def ledger(host: Host) -> Iterator[Check]:
    """SQLite's own quick look at the file, on a read-only connection."""
    import apsw

    from edge_agent.store.connection import open_reader
    from edge_agent.store.sql import rows

    path = host.settings.ledger
    if not path.exists():
        yield skipped("ledger", path.name, "there is none yet")
        return
    try:
        connection = open_reader(path)
        try:
            said = [str(row[0]) for row in rows(connection, "PRAGMA quick_check(1)")]
        finally:
            connection.close()
    except (apsw.Error, StoreError) as error:
        said = [str(error)]
    if said == ["ok"]:
        yield well("ledger", path.name, "sound by SQLite's quick check")
    else:
        yield wrong("ledger", path.name, "bad", "STORE-405", said[0] if said else "no answer")


def certificate(host: Host) -> Iterator[Check]:
    """This locker's own certificate and the authority it trusts, where the configuration names them."""
    cloud = host.config.cloud
    named = [Path(file) for file in (cloud.cert_file, cloud.ca_file) if file]
    if not named:
        yield skipped("certificate", "certificate", "the configuration names none")
    for file in named:
        yield _certificate(file, host.now())


def _certificate(file: Path, now: datetime) -> Check:
    from cloud_bridge.certificate import days_left

    try:
        left = days_left(file, now)
    except (OSError, ValueError) as error:
        return wrong("certificate", str(file), "bad", "CLOUD-560", f"cannot be read: {error}")
    attention, bad = CERTIFICATE_DAYS
    if left < 0:
        return wrong("certificate", str(file), "bad", "CLOUD-560", f"expired {-left:.0f} days ago")
    if left <= attention:
        verdict: VerdictWord = "bad" if left <= bad else "attention"
        return wrong("certificate", str(file), verdict, "CLOUD-560", f"{left:.0f} days left")
    return well("certificate", str(file), f"{left:.0f} days left")


def backups(host: Host) -> Iterator[Check]:
    """How old the newest one is; a locker that has run for less than a night has none."""
    from edge_agent.store import backup

    settings = host.settings
    newest = next(iter(backup.newest(settings)), None)
    born = settings.keys if settings.keys.exists() else settings.state_dir
    since = (newest or born).stat().st_mtime if (newest or born).exists() else host.now().timestamp()
    days = (host.now().timestamp() - since) / DAY_S
    if days > BACKUP_DAYS:
        last = f"the newest is {days:.0f} days old" if newest else f"none in {days:.0f} days"
        yield wrong("backup", "backup", "attention", "STORE-423", last)
    elif newest is None:
        yield skipped("backup", "backup", "the first one is made in the coming night")
    else:
        yield well("backup", newest.name, f"{days * 24:.0f} hours old")
    if not settings.recovery_key:
        yield skipped("backup", "recovery key", "none is configured: only this locker can open its backups")


CHECKS: dict[str, Callable[[Host], Iterator[Check]]] = {
    "power": supply,
    "temperature": temperature,
    "memory": memory,
    "disk": disk,
    "ledger": ledger,
    "certificate": certificate,
    "backup": backups,
}
"""Area → check, for `doctor`."""

EACH_MINUTE = (supply, temperature, memory, room, certificate)
"""What tickets are opened for while nobody looks: cheap enough for every minute. The certificate is a small file."""
