"""`lockerctl` as a technician runs it: a process of its own, beside a pretend cabinet on real ptys."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sim.pytest_plugin import LockerSim

LOCKERCTL = (sys.executable, "-c", "from edge_agent.cli.main import run; run()")
PATIENCE_S = 60  # a hung tool fails the test instead of the run


CTRL_C = "\x03"
Step = tuple[str, str | Callable[[], object]]
"""A text to wait for, and what happens then: keys that are pressed, or something done at the cabinet (and its keys)."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Technician:
    """Types commands. `config` is used for each, unless a command names another."""

    def __init__(self, config: Path | None = None) -> None:
        self._config = config

    def types(self, *words: str, answers: str = "") -> Ran:
        """Without a terminal, as in a script."""
        done = subprocess.run(
            [*LOCKERCTL, *words],
            input=answers,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env=self._environment(),
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def types_at_a_terminal(self, *words: str, keys: str = "", steps: Sequence[Step] = ()) -> Ran:
        """On a terminal of 24 lines: stdin, stdout and stderr are one pty. `steps`: as soon as a text is seen, do."""
        child, terminal = pty.fork()
        if child == 0:
            os.execve(LOCKERCTL[0], [*LOCKERCTL, *words], self._environment())
        try:
            return _watch_terminal(child, terminal, keys.encode(), list(steps))
        finally:
            os.close(terminal)

    def _environment(self) -> dict[str, str]:
        given = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "SUDO_USER")}
        config = {"LOCKER_CONFIG": str(self._config)} if self._config else {}
        return {**given, "TERM": "xterm", "COLUMNS": "100", "LINES": "24", **config}


def _watch_terminal(child: int, terminal: int, keys: bytes, steps: list[Step]) -> Ran:
    seen = b""
    os.write(terminal, keys)
    deadline = monotonic() + PATIENCE_S
    while monotonic() < deadline:
        try:
            select.select([terminal], [], [], PATIENCE_S)
            seen += os.read(terminal, 4096)
        except OSError:  # the last process has left the terminal
            break
        if steps and steps[0][0].encode() in seen:
            act = steps.pop(0)[1]
            pressed = act if isinstance(act, str) else act()
            if isinstance(pressed, str):
                os.write(terminal, pressed.encode())
    else:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return Ran(os.waitstatus_to_exitcode(status), seen.decode(errors="replace"), "")


@pytest.fixture
def technician() -> Technician:
    """Somebody without a configuration."""
    return Technician()


@dataclass(slots=True)
class Site:
    """A pretend cabinet and the technician in front of it."""

    cabinet: Any
    technician: Technician

    @property
    def config(self) -> Path:
        path: Path = self.cabinet.config_path
        return path

    @property
    def state_dir(self) -> Path:
        return Path(self.cabinet.config.locker.state_dir)

    def records(self) -> list[dict[str, Any]]:
        """What stands in direct.jsonl."""
        path = self.state_dir / "direct.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def energised(self, board: str, channel: int) -> int:
        return len(self.cabinet.coils(board, channel))


@pytest.fixture
def at_site(locker_sim: LockerSim) -> Callable[..., Site]:
    """`at_site("lock-8a", "wkly")`: one board a family, short waits so that a jam costs little."""

    def build(*boards: Any, **more: Any) -> Site:
        more.setdefault("policy", {"open_wait_s": 2.0})
        cabinet = locker_sim(*boards, **more)
        assert cabinet.config_path
        return Site(cabinet, Technician(cabinet.config_path))

    return build
