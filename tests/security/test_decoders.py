"""Every decoder of foreign bytes under a fuzzer that watches which branches it reaches."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SHARE, WHOLE = 3_000, 400_000  # inputs over all decoders, in `make test` and in `make soak`
REACHED_AT_LEAST = 150  # branches; fewer, and the fuzzer watches nothing
LIMIT_S = 3_000


def fuzzed(folder: Path, runs: int, seed: int) -> subprocess.CompletedProcess[str]:
    """The fuzzer in a process of its own; an input that breaks a decoder is left in `folder`."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.security.fuzz",
            f"-runs={runs}",
            f"-seed={seed}",
            f"-artifact_prefix={folder}/",
        ],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        cwd=ROOT,
        check=False,
    )


def nothing_broke(done: subprocess.CompletedProcess[str], runs: int) -> None:
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-3_000:]
    assert f"Done {runs} runs" in told
    assert int(re.findall(r"cov: (\d+)", told)[-1]) > REACHED_AT_LEAST


def test_no_bytes_break_a_decoder(tmp_path: Path) -> None:
    """SEC-13: boards, scanners, scans, pages, the cloud, the configuration."""
    nothing_broke(fuzzed(tmp_path, SHARE, seed=7), SHARE)


@pytest.mark.soak
@pytest.mark.timeout(LIMIT_S)
def test_hundreds_of_thousands_of_inputs_break_no_decoder(tmp_path: Path) -> None:
    """SEC-13 in full."""
    nothing_broke(fuzzed(tmp_path, WHOLE, seed=11), WHOLE)
