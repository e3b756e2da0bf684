"""`python -m tests.bench [NAME ...] [--quick]`: measure against other people's programs, side by side in one run.

Each benchmark is a module of this package with `run(quick: bool) -> None`; put its name into `BENCHES` to add one.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
import time

BENCHES = {
    "bridge": "a backlog of 100,000 events to the back office against each stage alone; a command's round trip",
    "wire": "the serial bus against libmodbus, pyserial, pymodbus and minimalmodbus on one pretend board",
    "locker": "the whole agent: touch to frame and to answer, idle cost, import and start",
    "ledger": "durable commits against the bare driver; a month of 300 doors: look-up, allocation, outbox, start",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="one round of everything")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in BENCHES]
    if unknown:
        parser.error(f"no benchmark named {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    load = os.getloadavg()[0]
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}, {platform.release()}"
    )
    began = time.monotonic()
    for name in chosen.names or BENCHES:
        print(f"\n## {name}: {BENCHES[name]}")
        importlib.import_module(f"tests.bench.{name}").run(chosen.quick)
    print(f"\ntook {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
