"""The state lock: whoever holds `{state_dir}/agent.lock` owns the locker's hardware and its ledger.

An flock, so that it goes with the process however that ends. The file says who holds it (one JSON object):
`lockerctl` finds the agent's socket there, a second agent names the first. Used by `main` and `lockerctl`.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from edge_agent.errors import ControlError

LOCK_FILE = "agent.lock"
LOCK_TEXT_MAX = 4096  # the file holds one short object; more is not ours
TRIES, TRY_REST_S = 5, 0.02  # somebody's `holder_of` takes the lock for microseconds: not a holder
AGENT, TECHNICIAN = "locker-agent", "lockerctl"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock. `socket` is where it answers, empty for a holder without one."""

    program: str
    pid: int
    socket: str = ""


class StateLock:
    """Held from `acquire` to `release`; also a context manager over an acquired lock."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, state_dir: Path, program: str, socket: str = "") -> StateLock:
        """Take the lock or raise ControlError CTRL-703 naming the holder. `state_dir` must exist.

        Raises OSError where the directory cannot be written.
        """
        descriptor = os.open(state_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        if not _locked(descriptor):
            holder = _read(descriptor)
            os.close(descriptor)
            raise held_error(state_dir, holder)
        record = json.dumps({"program": program, "pid": os.getpid(), "socket": socket})
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, record.encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

    def __enter__(self) -> StateLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def held_error(state_dir: Path, holder: Holder) -> ControlError:
    """The refusal that names who holds the locker."""
    return ControlError(
        "CTRL-703", f"locker state in {state_dir}", f"held by {holder.program} (process {holder.pid})"
    )


def holder_of(state_dir: Path) -> Holder | None:
    """Who holds the lock now; None when nobody does, or where no agent ever ran. Takes nothing.

    Raises OSError where the lock file may not be read.
    """
    try:
        descriptor = os.open(state_dir / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    finally:
        os.close(descriptor)
    return None


def _locked(descriptor: int) -> bool:
    for _ in range(TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(TRY_REST_S)
    return False


def _read(descriptor: int) -> Holder:
    """The holder's own words; a holder that has not written them yet is still a holder."""
    try:
        record = json.loads(os.pread(descriptor, LOCK_TEXT_MAX, 0))
        return Holder(str(record["program"]), int(record["pid"]), str(record["socket"]))
    except (ValueError, KeyError, TypeError):
        return Holder("another process", 0)
