"""`python -m tests.bridge.eager --config FILE`: the shipped bridge with a loaded die, as a process of its own.

It dials again at once, so that a test may cut its line more often than a fleet should live through, and finds a dead
line in seconds. `--unbounded` lifts the backlog's rate, for measurements.
"""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from cloud_bridge.main import work
from cloud_bridge.outgoing import Limits
from edge_agent import logs
from edge_agent.config import load

AT_ONCE = 0.01  # of each wait between two dials
KEEPALIVE_S = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, type=Path)
    parser.add_argument("--unbounded", action="store_true")
    given = parser.parse_args()
    logs.set_up()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    limits = Limits(batches_per_s=0) if given.unbounded else Limits(keepalive_s=KEEPALIVE_S)
    work(load(given.config), stop, lambda: AT_ONCE, limits)


if __name__ == "__main__":
    main()
