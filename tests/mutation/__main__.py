"""`python -m tests.mutation`: plant every mistake in a copy of the tree and say which were noticed.

The working tree itself is never touched. With names as arguments only those are planted. Exit code 1: one got through.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.mutation.mistakes import MISTAKES, Mistake

ROOT = Path(__file__).parents[2]
COPIED = ("edge_agent", "drivers", "cloud_bridge", "sim", "tests", "docs", "systemd", "pyproject.toml")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", "*.db")
TEST_S = 600.0  # for the tests of one mistake; one that hangs them was noticed too


def copy_of(root: Path, folder: Path) -> Path:
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name, ignore=LEFT_OUT)
        elif (root / name).exists():
            shutil.copy(root / name, folder / name)
    return folder


def plant(mistake: Mistake, tree: Path) -> dict[Path, str]:
    """Make the mistake in `tree`; what stood there before. Raises ValueError where a piece is not there just once."""
    before: dict[Path, str] = {}
    for change in mistake.changes:
        file = tree / change.file
        text = before.setdefault(file, file.read_text())
        if text.count(change.right) != 1:
            raise ValueError(
                f"{mistake.name}: {change.file} has {change.right!r} {text.count(change.right)} times"
            )
        file.write_text(text.replace(change.right, change.wrong))
    return before


def fails(tests: Iterable[str], tree: Path) -> bool:
    """Whether one of these fails, or hangs. Raises ValueError where they do not run at all."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    place = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [*command, "-m", "not soak and not package", *tests],
            cwd=tree,
            env=place,
            capture_output=True,
            timeout=TEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    if done.returncode not in (0, 1):
        raise ValueError(f"the tests did not run: {done.stdout.decode()[-400:]}")
    return done.returncode == 1


def run(wanted: Sequence[Mistake] = MISTAKES) -> list[str]:
    """The names of those that got through; a table on standard output."""
    missed = []
    with tempfile.TemporaryDirectory(prefix="mistakes-") as folder:
        tree = copy_of(ROOT, Path(folder))
        if fails(dict.fromkeys(name for one in wanted for name in one.noticed_by), tree):
            raise ValueError("a test fails without any mistake: it would notice everything")
        for mistake in wanted:
            began_s = time.monotonic()
            before = plant(mistake, tree)
            found = fails(mistake.noticed_by, tree)
            for file, text in before.items():
                file.write_text(text)
            if not found:
                missed.append(mistake.name)
            verdict = "noticed" if found else "GOT THROUGH"
            print(f"{mistake.name:<42}{verdict:<12}{time.monotonic() - began_s:6.1f} s", flush=True)
    return missed


if __name__ == "__main__":
    asked = [one for one in MISTAKES if not sys.argv[1:] or one.name in sys.argv[1:]]
    sys.exit(1 if run(asked) else 0)
