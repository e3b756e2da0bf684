"""What belongs to a cabinet beside its doors: scanners before printed codes, clock, line, watchdog, disk."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from edge_agent.cli.commissioning.boards import finding
from edge_agent.cli.commissioning.progress import Progress
from edge_agent.cli.commissioning.site import Site, Talk, ask, told
from edge_agent.clock import NTP_SYNCED_FILE
from edge_agent.config import Scanner
from edge_agent.control.commission_types import CommissionItem, ReportedScanner
from edge_agent.control.health_types import Check
from edge_agent.health import host
from edge_agent.health.words import skipped, well, wrong

SCAN_WAIT_S = 20.0  # to take the next sheet and hold it well
CONNECT_WAIT_S = 3.0  # a broker on the other side of the world answers within one
WATCHDOG = Path("/dev/watchdog")
SCREEN = "not tested: the agent is stopped; touch every field of `lockerctl screen test` once it runs"


def scanners(site: Site, progress: Progress) -> Talk[None]:
    """Each scanner reads the printed test codes; one that passed before is left alone."""
    for section in site.bench.config.scanner:
        done = progress.scanners.get(section.name)
        if done is None or done.verdict != "passed":
            progress.scanned((yield from _scanner(site, section, progress)))


def _scanner(site: Site, section: Scanner, progress: Progress) -> Talk[ReportedScanner]:
    from edge_agent.reports.labels import TEST_CODES

    question = "Take the sheet of `lockerctl labels scanner-test`. [t]est the scanner, or [s]kip it?"
    if (yield from ask("codes", question, ("test", "skip"), section.name)) == "skip":
        return ReportedScanner(scanner=section.name, verdict="not tested")
    read: list[str] = []
    missed: list[str] = []
    for title, _, text in TEST_CODES:
        yield told(f"Hold up: {title}  {text}", section.name)
        (read if site.scan(section, SCAN_WAIT_S) == text else missed).append(title)
    place = f"scanner {section.name}"
    if missed:
        fact = f"scanner {section.name} did not read: {', '.join(missed)}"
        yield finding(progress.found("scanner", place, fact, site.stamp()))
    for mended in [] if missed else progress.mended(place):
        yield CommissionItem(what="mended", text=mended.fact, place=place, code=mended.code)
    verdict = "failed" if missed else "passed"
    return ReportedScanner(scanner=section.name, verdict=verdict, read=tuple(read), missed=tuple(missed))  # type: ignore[arg-type]


def machine(site: Site) -> tuple[Check, ...]:
    """All that `doctor` looks at without boards, and what only a cabinet that has never run has to show."""
    from edge_agent.store.places import settings_of

    looked = host.Host(site.bench.config, settings_of(site.bench.config))
    found = [one for check in host.CHECKS.values() for one in check(looked)]
    return (*found, *_clock(), *_network(site), *_watchdog())


def _clock() -> Iterator[Check]:
    if NTP_SYNCED_FILE.exists():
        yield well("clock", "clock", "synchronised")
    else:
        yield wrong("clock", "clock", "attention", "HOST-704", "is not synchronised, or nothing here says so")


def _network(site: Site) -> Iterator[Check]:
    urls = site.bench.config.cloud.urls
    if not urls:
        yield skipped("network", "cloud", "the configuration names no broker")
    for url in urls:
        parts = urlsplit(url)
        try:
            socket.create_connection((parts.hostname or "", parts.port or 8883), CONNECT_WAIT_S).close()
        except OSError as error:
            yield wrong("network", url, "attention", "CLOUD-551", error.strerror or str(error))
        else:
            yield well("network", url, "takes a connection")


def _watchdog() -> Iterator[Check]:
    if WATCHDOG.exists():
        yield well("watchdog", "watchdog", "there; systemd feeds it where RuntimeWatchdogSec is set")
    else:
        yield skipped("watchdog", "watchdog", "this machine has none")
