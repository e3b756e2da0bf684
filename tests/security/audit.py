"""Known weaknesses of the packages that ship: `make audit`.

pip-audit asks an advisory service about every pinned package. A machine without such a service learns nothing, and
nothing learnt is not a pass: the exit code then is `NOT_AUDITED`, different from both good and bad.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PINNED = ROOT / "requirements" / "run.lock"
TIME_LIMIT_S = 300  # seconds; about fifty packages, each one question
GOOD, WEAK, NOT_AUDITED = 0, 1, 75  # 75 is EX_TEMPFAIL: try again where the service can be reached


def verdict(returncode: int, answer: str, complaint: str) -> tuple[int, str]:
    """What pip-audit's end means: our exit code and one line.

    `answer` is its JSON report, `complaint` what it wrote to standard error. Only a report about every package that
    lists no weakness is a pass.
    """
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return (
            NOT_AUDITED,
            f"not audited: {complaint.strip().splitlines()[-1] if complaint.strip() else 'no answer'}",
        )
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    weak = [package["name"] for package in packages if package.get("vulns")]
    if weak:
        return WEAK, f"weak: {', '.join(weak)}; see the report above"
    if skipped or returncode or not packages:
        return NOT_AUDITED, f"not audited: {', '.join(skipped) or complaint.strip() or 'nothing was asked'}"
    return GOOD, f"audited: no known weakness in {len(packages)} packages"


def main() -> int:
    command = [
        "pip-audit",
        "--strict",
        "--disable-pip",
        "--require-hashes",
        "--format",
        "json",
        "-r",
        str(PINNED),
    ]
    done = subprocess.run(
        [sys.executable, "-m", command[0].replace("-", "_"), *command[1:]],
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_S,
        check=False,
    )
    code, line = verdict(done.returncode, done.stdout, done.stderr)
    if code == WEAK:
        print(done.stdout)
    print(line)
    return code


if __name__ == "__main__":
    sys.exit(main())
