"""`support-bundle`: what somebody far away needs to see what is wrong here, in one file, and nobody's data.

Each member is what another verb answers, asked of the agent where one runs. A locker that needs help is not well: what
cannot be had is named in the manifest, and the rest is there.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from edge_agent.cli.direct.bench import Bench
from edge_agent.cli.direct.elsewhere import asked_where_the_ledger_is
from edge_agent.control import bench_types as b
from edge_agent.control import config_types as c
from edge_agent.control import health_types as h
from edge_agent.control import identity_types as i
from edge_agent.control import ledger_types as ledger
from edge_agent.control import types as t
from edge_agent.control import upkeep_types as u
from edge_agent.control.support_types import SupportBundleArguments, SupportBundleResult
from edge_agent.errors import AgentError, ControlError
from edge_agent.reports import bundle
from edge_agent.version import VERSION

UNITS = ("locker-agent", "locker-bridge", "locker-backup", "locker-maintenance", "locker-update")
"""Not the screen's: a browser writes addresses, and the page's holds its token."""
LOG_LINES = 3000  # of each unit: some days of a quiet locker, an hour of a noisy one
JOURNALD_S = 5.0  # a journal on a worn card may not hold up the rest
FILES_MAX = 500  # of the state directory; a sound one has a few dozen
SCHEMA_AT = 60  # where the header of an SQLite file has its user_version

ANSWERS: tuple[tuple[str, str, t.Arguments], ...] = (
    ("status.json", "status", t.Nothing()),
    ("doctor.json", "doctor", h.DoctorArguments()),
    ("faults.json", "fault list", t.Nothing()),
    ("bus.json", "bus stats", b.BusStatsArguments()),
    ("boards.json", "board info", t.BoardInfoArguments()),
    ("compartments.json", "compartments", t.Nothing()),
    ("devices.json", "device list", u.DeviceListArguments()),
    ("locks.json", "maintenance wear", u.WearArguments(all=True)),
    ("cloud.json", "cloud show", t.Nothing()),
    ("update.json", "update state", t.Nothing()),
)
"""Member → the verb whose answer it is."""

Gathered = Iterator[tuple[str, Callable[[], bundle.Member]]]


def support_bundle(asked: SupportBundleArguments, bench: Bench) -> SupportBundleResult:
    """Raises ConfigError where there is no sound configuration, ControlError CTRL-708 for the file."""
    from edge_agent.store.files import write_durably

    made = datetime.now(UTC)
    root = f"locker-support-{bench.config.locker.id}-{made:%Y%m%dT%H%M%SZ}"
    out = Path(asked.file or f"{root}.tar.gz")
    if out.exists():
        raise ControlError("CTRL-708", str(out), "there is such a file already; name a new one")
    members, missed = [], []
    for name, gather in _gathered(asked, bench):
        bench.progress(name)
        try:
            members.append(gather())
        except (AgentError, OSError, msgspec.MsgspecError) as error:
            missed.append(f"{name}: {_why(error)}")
    packed = bundle.pack(root, members, missed, made)
    try:
        write_durably(out, packed)
    except (OSError, ValueError) as error:
        raise ControlError("CTRL-708", str(out), str(error)) from None
    return SupportBundleResult(
        file=str(out),
        sha256=hashlib.sha256(packed).hexdigest(),
        size_bytes=len(packed),
        members=tuple(one.name for one in members),
        missed=tuple(missed),
    )


def _why(error: Exception) -> str:
    """The code of ours, the system's word of others: a detail may quote what a person typed."""
    return (
        error.code
        if isinstance(error, AgentError)
        else getattr(error, "strerror", "") or type(error).__name__
    )


def _gathered(asked: SupportBundleArguments, bench: Bench) -> Gathered:
    """Each member's name, and how it is had."""
    values: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("about.json", partial(_about, bench)),
        ("parts.json", _parts),
        ("config.json", partial(_configuration, bench)),
        *((name, partial(asked_where_the_ledger_is, verb, it, bench)) for name, verb, it in ANSWERS),
        ("certificates.json", partial(_certificates, bench)),
        ("journal.json", partial(_events, asked.last, bench)),
        ("disk.json", partial(_disk, bench)),
    )
    for name, value in values:
        yield name, partial(_as_json, name, value)
    for unit in UNITS if shutil.which("journalctl") else ():
        yield f"logs/{unit}.log", partial(_as_log, f"logs/{unit}.log", partial(_logged, unit))
    for file in asked.log:
        name = f"logs/{Path(file).name}"
        yield name, partial(_as_log, name, Path(file).read_bytes)


def _as_json(name: str, value: Callable[[], Any]) -> bundle.Member:
    return bundle.as_json(name, value())


def _as_log(name: str, content: Callable[[], bytes]) -> bundle.Member:
    return bundle.tail(name, content())


def _about(bench: Bench) -> dict[str, str]:
    return {
        "locker": bench.config.locker.id,
        "version": VERSION,
        "python": platform.python_version(),
        "system": platform.platform(),
        "machine": platform.machine(),
    }


def _parts() -> dict[str, Any]:
    from edge_agent.cli.direct.sbom import document

    return document()


def _configuration(bench: Bench) -> dict[str, str]:
    """As `config show` has it; a broker's address without a name and password that somebody put into it."""
    from edge_agent.cli.direct.configuring import show

    values = dict(show(c.ConfigShowArguments(), bench).values)
    values["cloud.urls"] = msgspec.json.encode([_bare(url) for url in bench.config.cloud.urls]).decode()
    return values


def _bare(url: str) -> str:
    found = urlsplit(url)
    return f"{found.scheme}://{found.netloc.rpartition('@')[2]}"


def _certificates(bench: Bench) -> i.IdentityShowResult:
    """Dates, serials and issuers: never a key."""
    from edge_agent.cli.direct.provisioning import identity_show

    cloud = bench.config.cloud
    if not cloud.cert_file:
        return i.IdentityShowResult()
    return identity_show(t.Nothing(), bench)


def _events(last: int, bench: Bench) -> list[dict[str, Any]]:
    arguments = ledger.JournalShowArguments(last=last)
    found: ledger.JournalShowResult = asked_where_the_ledger_is("journal show", arguments, bench)
    return [bundle.event(one) for one in found.events]


def _disk(bench: Bench) -> dict[str, Any]:
    """Names and sizes only: the files themselves hold sealed data and keys."""
    state = bench.state_dir
    files = sorted(path for path in state.rglob("*") if path.is_file())[:FILES_MAX]
    room = shutil.disk_usage(state)
    with (state / "ledger.db").open("rb") as database:
        database.seek(SCHEMA_AT)
        schema = int.from_bytes(database.read(4), "big")
    return {
        "schema": schema,
        "free_bytes": room.free,
        "whole_bytes": room.total,
        "files": {str(path.relative_to(state)): path.stat().st_size for path in files},
    }


def _logged(unit: str) -> bytes:
    """Raises OSError where the journal is not to be had."""
    command = ["journalctl", "--unit", unit, "--lines", str(LOG_LINES), "--no-pager", "--quiet"]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program of this system with fixed words
            [*command, "--output", "short-iso-precise"], capture_output=True, timeout=JOURNALD_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise OSError(0, "the system's journal did not answer in time") from None
    if done.returncode:
        raise OSError(done.returncode, "the system's journal is not for this login")
    return done.stdout
