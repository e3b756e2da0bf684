"""Building and running the C programs of the wire benchmark: the neutral board, and the libmodbus yardstick."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

HERE = Path(__file__).parent
HEADERS = (Path("/usr/include/modbus"), Path("/usr/local/include/modbus"))
STOP_MAX_S = 5.0


def build_board(folder: Path) -> Path:
    """The board program. Raises RuntimeError where there is no C compiler."""
    return _cc(HERE / "board.c", folder / "board", [])


def build_libmodbus(folder: Path) -> Path | None:
    """The yardstick, or None where libmodbus is not installed."""
    found = next((path for path in HEADERS if (path / "modbus.h").exists()), None)
    if found is None:
        return None
    return _cc(HERE / "libmodbus_client.c", folder / "libmodbus_client", [f"-I{found}", "-lmodbus"])


def _cc(source: Path, target: Path, more: list[str]) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("the wire benchmark needs a C compiler named cc")
    subprocess.run([compiler, "-O2", "-Wall", "-o", str(target), str(source), *more], check=True)
    return target


class Board:
    """One running board program; `path` is its port."""

    def __init__(self, program: str | Path, baud: int, turnaround_us: int) -> None:
        self._process = subprocess.Popen(
            [str(program), str(baud), str(turnaround_us)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.path = self._process.stdout.readline().strip()

    def stop(self) -> dict[str, float]:
        """What it says at its end: requests served, and its own service time."""
        said, _ = self._process.communicate("", timeout=STOP_MAX_S)
        found: dict[str, float] = json.loads(said)
        return found

    def kill(self) -> None:
        """Unplugged: no word, the port hangs up."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()
