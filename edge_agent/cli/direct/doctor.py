"""`doctor` without an agent: everything that can be looked at from here, the boards asked once if nobody holds them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge_agent.cli.direct.bench import Bench
from edge_agent.control.health_types import Check, DoctorArguments, DoctorResult
from edge_agent.errors import ControlError
from edge_agent.health import devices, host
from edge_agent.health.devices import BoardSeen, Heard, PortSeen
from edge_agent.health.words import report, skipped, wrong
from edge_agent.version import VERSION


def doctor(asked: DoctorArguments, bench: Bench) -> DoctorResult:
    """Raises ConfigError where there is no sound configuration: without one nothing can be judged."""
    from edge_agent.store.places import settings_of

    looked = host.Host(bench.config, settings_of(bench.config))
    checks = [wrong("agent", "agent", "bad", "CTRL-701", "no agent answers here")]
    for area, check in host.CHECKS.items():
        if asked.area in ("", area):
            checks.extend(check(looked))
    checks.extend(check for check in _devices(asked.area, bench) if asked.area in ("", check.area))
    return report(VERSION, checks, asked.area)


def _devices(area: str, bench: Bench) -> Iterator[Check]:
    yield from devices.scanners(
        PortSeen(one.name, one.port, *_port_trouble(one.port)) for one in bench.config.scanner
    )
    yield from devices.screen(Heard(False, None))
    yield from devices.cloud(Heard(bool(bench.config.cloud.urls), None), 0)
    if area not in ("", "bus", "board"):
        return
    try:
        bench.hold_state()
    except ControlError as error:
        yield skipped("board", "boards", f"somebody else holds the hardware: {error.detail}")
        return
    yield from devices.buses(
        PortSeen(bus.name, bus.port or bus.network, *_port_trouble(bus.port)) for bus in bench.config.bus
    )
    yield from devices.boards(_asked(bench))


def _asked(bench: Bench) -> Iterator[BoardSeen]:
    from edge_agent.cli.direct.boards import info
    from edge_agent.control.types import BoardInfoArguments

    for one in info(BoardInfoArguments(), bench).boards:
        code, fact = (one.error.code, one.error.detail) if one.error else ("", "")
        yield BoardSeen(one.board, one.bus, one.answers, code, fact)


def _port_trouble(port: str) -> tuple[str, str]:
    """Only whether it is there: opening it is for whoever asks the boards."""
    if not port or "://" in port or Path(port).exists():
        return "", ""
    return "BUS-101", "it does not exist"
