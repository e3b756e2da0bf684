"""Who is on the bus? Every family and address is asked; only sound frames of the very board asked count as an answer.

Most addresses are empty, so strangers get less time than a configured board; `--patient` gives every board its full
time. What answers is asked a few times more, for its response time and its errors.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING

from drivers.bus import LineSettings
from drivers.errors import (
    BoardSilent,
    BusError,
    PortForbidden,
    PortHeld,
    PortLost,
    PortMissing,
    WrongBoard,
    WrongPortKind,
)
from drivers.lock_board import BoardInfo, BoardSettings, LockBoard
from drivers.registry import LOCK_BOARDS, known, lock_board_class
from drivers.transaction import Procedure, Transaction
from edge_agent.cli.direct.bench import Bench
from edge_agent.cli.direct.probing import timed
from edge_agent.config import parse_numbers
from edge_agent.config_bounds import FAMILIES, OTHER_FAMILY
from edge_agent.control import types as t
from edge_agent.control.problem import trouble_of
from edge_agent.errors import ControlError

if TYPE_CHECKING:
    from drivers.serial_bus import SerialBus

PATIENCE_S = 0.25  # a status comes within 0.2 s from every family known
PORT_ERRORS = (PortMissing, PortForbidden, PortHeld, PortLost, WrongPortKind)
CHANNELS_ASKED = {"waveshare-relay": 8, "modbus-relay": 8}  # these tell no size: asked as the smallest sold


@dataclass(frozen=True, slots=True)
class _Line:
    """One port to scan at one speed: what to ask there, and who is configured there."""

    settings: LineSettings
    families: dict[str, type[LockBoard]]
    configured: dict[tuple[str, int], str]


@dataclass(frozen=True, slots=True)
class _Found:
    family: str
    address: int
    info: BoardInfo


def scan(asked: t.BusScanArguments, bench: Bench) -> t.BusScanResult:
    """Scan one port or every configured bus. Raises the port's BusError where only one port was to be scanned."""
    lines = list(_lines(asked, bench))
    addresses = _addresses(asked.addresses)
    scanned = []
    for line in lines:
        try:
            scanned.append(_scan_line(line, addresses, asked, bench))
        except PORT_ERRORS as error:
            if len({other.settings.port for other in lines}) == 1:
                raise
            scanned.append(_summary(line, 0, 0.0, error=trouble_of(error)))
    return t.BusScanResult(buses=tuple(scanned))


def _lines(asked: t.BusScanArguments, bench: Bench) -> Iterator[_Line]:
    families = _families(asked.family)
    if asked.port:
        rates = {asked.baudrate} if asked.baudrate else {kind.default_baudrate for kind in families.values()}
        for rate in sorted(rates):
            spoken = {
                n: kind for n, kind in families.items() if asked.baudrate or kind.default_baudrate == rate
            }
            yield _Line(LineSettings(Path(asked.port).name, asked.port, baudrate=rate), spoken, {})
        return
    from edge_agent.wiring import line_settings

    bench.hold_state()
    buses = [bench.bus_named(asked.bus)] if asked.bus else bench.config.bus
    for bus in buses:
        there = {(b.driver, b.address): b.name for b in bench.config.board if b.bus == bus.name}
        yield _Line(line_settings(bus), families, there)


def _families(only: str) -> dict[str, type[LockBoard]]:
    names = known(LOCK_BOARDS)
    if only and only not in names:
        raise ControlError("CTRL-705", f"family {only}", f"there are: {', '.join(names)}")
    return {name: lock_board_class(name) for name in names if only in ("", name)}


def _addresses(text: str) -> frozenset[int] | None:
    try:
        return frozenset(map(int, parse_numbers(text))) if text else None
    except ValueError:
        raise ControlError("CTRL-706", f"addresses {text}", "a list such as 1-8 or 1,5 is expected") from None


def _scan_line(
    line: _Line, only: frozenset[int] | None, asked: t.BusScanArguments, bench: Bench
) -> t.ScannedBus:
    questions = [
        (name, kind, address)
        for name, kind in line.families.items()
        for address in kind.addresses
        if only is None or address in only
    ]
    begun = monotonic()
    bus = bench.run(line.settings)
    found: list[_Found] = []
    unsound: list[t.Trouble] = []
    silent: set[bytes] = set()  # families share questions: what nobody answered is not asked again
    for number, (family, kind, address) in enumerate(questions, 1):
        bench.progress(_progress(line, family, address, number, len(questions), len(found)))
        question = _first_question(line, kind, family, address)
        if question in silent:
            continue
        full = asked.patient or (family, address) in line.configured
        try:
            answer = bus.perform_blocking(
                _identify(line, kind, family, address, None if full else PATIENCE_S)
            )
        except BoardSilent:
            silent.add(question)
        except PORT_ERRORS:
            raise
        except BusError as error:
            unsound.append(trouble_of(error))
        else:
            found.append(_Found(family, address, answer))
    boards = tuple(_measured(bus, line, one, asked.tries) for one in _told_apart(found, line))
    bus.stop()
    return _summary(line, len(questions), monotonic() - begun, boards, tuple(unsound))


def _progress(line: _Line, family: str, address: int, number: int, of: int, found: int) -> str:
    share = f"{100 * number // of:3d} %"
    return f"{share}  {line.settings.name} {line.settings.baudrate}: {family} {address}  ({found} found)"


def _identify(
    line: _Line,
    kind: type[LockBoard],
    family: str,
    address: int,
    patience_s: float | None = None,
    times: list[float] | None = None,
) -> Procedure[BoardInfo]:
    """The board's own question, as a procedure. A board of another size than asked for has answered all the same."""
    board = _stranger(line, kind, family, address)
    return timed(_whoever(board, family, address), [] if times is None else times, patience_s)


def _first_question(line: _Line, kind: type[LockBoard], family: str, address: int) -> bytes:
    return next(_stranger(line, kind, family, address).identify()).request


def _stranger(line: _Line, kind: type[LockBoard], family: str, address: int) -> LockBoard:
    settings = BoardSettings(
        name=f"{family} {address}",
        bus=line.settings.name,
        address=address,
        channels=CHANNELS_ASKED.get(family, 1),
        baudrate=line.settings.baudrate,
    )
    return kind(settings)


def _whoever(board: LockBoard, family: str, address: int) -> Generator[Transaction, bytes, BoardInfo]:
    try:
        return (yield from board.identify())
    except WrongBoard as other:
        return BoardInfo(family, address, 0, identity=other.fact)


def _told_apart(found: list[_Found], line: _Line) -> list[_Found]:
    """Of families that share an address space the one that is configured, else the one that knows the board best."""
    best: dict[tuple[str, int], _Found] = {}
    for one in found:
        place = FAMILIES.get(one.family, OTHER_FAMILY).space, one.address
        rank = ((one.family, one.address) in line.configured, bool(one.info.firmware))
        other = best.get(place)
        if other is None or rank > (
            (other.family, other.address) in line.configured,
            bool(other.info.firmware),
        ):
            best[place] = one
    return list(best.values())


def _measured(bus: SerialBus, line: _Line, one: _Found, tries: int) -> t.ScannedBoard:
    """Ask again, with full patience, and count."""
    times: list[float] = []
    answered = 0
    for _ in range(tries):
        try:
            bus.perform_blocking(
                _identify(line, line.families[one.family], one.family, one.address, times=times)
            )
            answered += 1
        except PORT_ERRORS:
            raise
        except BusError:
            continue
    return t.ScannedBoard(
        family=one.family,
        address=one.address,
        channels=0 if one.family in CHANNELS_ASKED else one.info.channels,
        firmware=one.info.firmware,
        identity=one.info.identity,
        configured=line.configured.get((one.family, one.address), ""),
        round_trip_ms=round(median(times) * 1000, 1) if times else 0.0,
        asked=tries,
        answered=answered,
        errors=tries - answered,
    )


def _summary(
    line: _Line,
    asked: int,
    seconds: float,
    boards: tuple[t.ScannedBoard, ...] = (),
    unsound: tuple[t.Trouble, ...] = (),
    error: t.Trouble | None = None,
) -> t.ScannedBus:
    there = {(board.family, board.address) for board in boards}
    missing = (
        ()
        if error
        else tuple(
            name
            for place, name in line.configured.items()
            if place not in there and place[0] in line.families
        )
    )
    return t.ScannedBus(
        bus=line.settings.name,
        port=line.settings.port,
        baudrate=line.settings.baudrate,
        asked=asked,
        seconds=round(seconds, 1),
        boards=boards,
        unsound=unsound,
        missing=missing,
        error=error,
    )
