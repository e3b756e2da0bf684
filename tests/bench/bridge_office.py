"""`python -m tests.bench.bridge_office URL FILE`: the back office's record on a broker, as a process of its own."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from sim.cloud.office import Office
from sim.cloud.record import Record


def main() -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    office = Office(sys.argv[1], Record(Path(sys.argv[2])))
    office.start()
    stop.wait()
    office.stop()


if __name__ == "__main__":
    main()
