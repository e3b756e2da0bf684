"""pytest plugin `locker_sim`: a pretend cabinet, its ports and its control in one line.

    def test_a_door_opens(locker_sim):
        cabinet = locker_sim("lock-8a", "kerong-cu16", scanners=["line"])
        cabinet.ports["main"]        # a device link; speak the board's protocol to it
        cabinet.config_path          # a locker.toml that names these ports
        cabinet.world.doors["7"]     # the truth
        cabinet.faults.add("jam", door="7")

The plugin is loaded by every pytest run of a machine that has it, so it imports nothing before a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from sim.cabinet import SimCabinet
    from sim.plans import BoardPlan, ScannerPlan


def pytest_addoption(parser: pytest.Parser) -> None:
    """A board on a real port instead of a pretended one, for whoever has an adapter and a board."""
    bench = parser.getgroup("locker bench")
    bench.addoption("--bench", default="", metavar="PORT", help="serial device with one lock board behind it")
    bench.addoption("--bench-driver", default="lock-8a", metavar="NAME", help="driver of that board")
    bench.addoption("--bench-address", default=1, type=int, metavar="N", help="its address")
    bench.addoption("--bench-channels", default=8, type=int, metavar="N", help="how many locks are wired")
    bench.addoption("--bench-unlock", default=0, type=int, metavar="N", help="pulse this lock once (0: none)")


class LockerSim(Protocol):
    """What the fixture `locker_sim` is: called with board families, it returns a started cabinet.

    `boards`: family names or `sim.plans.BoardPlan`s; `scanners`: driver names or `ScannerPlan`s (the first is called
    "front"). `ports=False`: no ptys, for a virtual clock handed in as `now`. `control=True`: serve the HTTP API too.
    Other keywords are sections of the configuration (`policy={...}`).
    """

    def __call__(
        self,
        *boards: str | BoardPlan,
        scanners: Sequence[str | ScannerPlan] = (),
        baudrates: dict[str, int] | None = None,
        seed: int = 0,
        now: Any = None,
        ports: bool = True,
        control: bool = False,
        **sections: Any,
    ) -> SimCabinet: ...


@pytest.fixture
def locker_sim(tmp_path: Path) -> Iterator[LockerSim]:
    """A factory of started cabinets under the test's own folder; all are stopped when the test ends."""
    started: list[SimCabinet] = []

    def start(
        *boards: str | BoardPlan,
        scanners: Sequence[str | ScannerPlan] = (),
        baudrates: dict[str, int] | None = None,
        seed: int = 0,
        now: Any = None,
        ports: bool = True,
        control: bool = False,
        **sections: Any,
    ) -> SimCabinet:
        folder = tmp_path / f"cabinet{len(started) + 1}"
        folder.mkdir()
        cabinet = _build(folder, boards, scanners, baudrates, seed, now, sections)
        started.append(cabinet)
        if ports:
            cabinet.open_ports(folder)
        if control:
            cabinet.serve()
        return cabinet

    yield start
    for cabinet in started:
        cabinet.stop()


def _build(
    folder: Path,
    boards: Sequence[str | BoardPlan],
    scanners: Sequence[str | ScannerPlan],
    baudrates: dict[str, int] | None,
    seed: int,
    now: Any,
    sections: dict[str, Any],
) -> SimCabinet:
    import time

    from sim.cabinet import SimCabinet
    from sim.plans import ScannerPlan, document

    names = ("front", *(f"scanner{index}" for index in range(2, len(scanners) + 1)))
    plans = [
        ScannerPlan(name, one) if isinstance(one, str) else one
        for name, one in zip(names, scanners, strict=False)
    ]
    paper = document(boards or ("lock-8a",), plans, folder, baudrates=baudrates, **sections)
    return SimCabinet.of_document(paper, now or time.monotonic, seed)
