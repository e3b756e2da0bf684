"""One member of the office's consumer group as a process: takes events over until SIGTERM, then tells its figures.

    python -m sim.fleet.member BROKER RECORD NAME PATIENCE_S [CA CERT KEY]

Members of one group share the subscription and the record: whoever gets an event commits it. Two of them may see one
locker's events out of order; the watermark protocol puts that right, the `gaps` say how often.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import threading
import time
from array import array
from datetime import datetime
from pathlib import Path

from sim.cloud.office import Office
from sim.cloud.record import Record, Taken
from sim.cloud.tls import context
from sim.fleet.figures import percentile

GROUP = "office"


class Counter:
    """From an event's making to its commit, on one machine's clock."""

    def __init__(self) -> None:
        self.lags_s = array("d")
        self.doubles = self.gaps = self.messages = 0

    def taken(self, locker: str, taken: Taken) -> None:
        now_s = time.time()
        self.messages += 1
        self.doubles += taken.doubles
        self.gaps += taken.gap
        for event in taken.fresh:
            self.lags_s.append(now_s - datetime.fromisoformat(str(event["time"])).timestamp())

    def told(self) -> dict[str, float]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "events": len(self.lags_s),
            "messages": self.messages,
            "doubles": self.doubles,
            "gaps": self.gaps,
            "commit_p50_s": percentile(self.lags_s, 0.5),
            "commit_p99_s": percentile(self.lags_s, 0.99),
            "cpu_s": used.ru_utime + used.ru_stime,
            "rss_mib": used.ru_maxrss / 1024,
        }


def run(broker: str, record_file: str, name: str, patience_s: str, *papers: str) -> None:
    """Until SIGTERM; ends without a word where the broker does not answer in time."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group: the run ends us in its own time
    counter = Counter()
    record = Record(Path(record_file))
    tls = context(*papers) if papers else None
    office = Office(broker, record, client_id=name, group=GROUP, tls=tls, on_taken=counter.taken)
    office.start()
    if there := office.connected.wait(float(patience_s)):
        print("ready", flush=True)
        stopped.wait()
    office.stop()
    record.close()
    if there:
        print(json.dumps(counter.told()), flush=True)


if __name__ == "__main__":
    run(*sys.argv[1:])
