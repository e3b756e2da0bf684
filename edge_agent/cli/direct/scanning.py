"""Watching and triggering a scanner without an agent. Codes of real parcels are shown to the technician only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic

from drivers.scanner import Scan, Scanner
from drivers.scanner_port import ScannerPort, ScannerState
from edge_agent.cli.direct.bench import Bench, Progress
from edge_agent.config import Scanner as ScannerSection
from edge_agent.control import types as t

LOOK_EVERY_S = 0.2  # how soon a dropped code or a lost port is told


@dataclass(slots=True)
class _Heard:
    """What the port's thread tells: scans, and the port's coming and going."""

    told: SimpleQueue[Scan | ScannerState]
    port: ScannerPort
    codec: Scanner
    begun_s: float
    progress: Progress


def watch(asked: t.ScannerArguments, bench: Bench) -> Iterator[t.Scan]:
    """Every code, and every dropped one with its reason. Raises the BusError of a port that fails."""
    section = bench.scanner_named(asked.scanner)
    bench.hold_state()
    until = monotonic() + asked.seconds if asked.seconds else float("inf")
    with _listening(section, bench) as heard:
        yield from _scans(heard, until)


def trigger(asked: t.ScannerTriggerArguments, bench: Bench) -> t.ScannerTriggerResult:
    """Trigger on, one code or the end of the wait, trigger off."""
    section = bench.scanner_named(asked.scanner)
    bench.hold_state()
    with _listening(section, bench) as heard:
        heard.port.trigger_on()
        found = next(_scans(heard, monotonic() + asked.seconds), None)
        heard.port.trigger_off()
    return t.ScannerTriggerResult(scanner=section.name, scan=found)


@contextmanager
def _listening(section: ScannerSection, bench: Bench) -> Iterator[_Heard]:
    told: SimpleQueue[Scan | ScannerState] = SimpleQueue()
    with bench.listening(section, told.put) as port:
        yield _Heard(told, port, port.scanner, monotonic(), bench.progress)


def _scans(heard: _Heard, until: float) -> Iterator[t.Scan]:
    dropped = dict(heard.codec.dropped)
    while (left_s := until - monotonic()) > 0:
        try:
            told = heard.told.get(timeout=min(LOOK_EVERY_S, left_s))
        except Empty:
            pass
        else:
            if isinstance(told, Scan):
                yield _scan(heard, told.text, told.aim)
            elif told.error is not None:
                raise told.error
            else:
                heard.progress(f"scanner {heard.codec.name}: show it a code")
        for why, count in dict(heard.codec.dropped).items():
            for _ in range(count - dropped.get(why, 0)):
                yield _scan(heard, dropped=why.value)
            dropped[why] = count


def _scan(heard: _Heard, text: str = "", aim: str = "", dropped: str = "") -> t.Scan:
    return t.Scan(
        at_s=round(monotonic() - heard.begun_s, 3),
        scanner=heard.codec.name,
        text=text,
        symbology=aim,
        dropped=dropped,
    )
