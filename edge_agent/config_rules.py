"""What types cannot say about `locker.toml`: the rules, all problems at once, before any port is opened.

Each rule is one small generator in `RULES`; `check` runs them all. Figures stand in the tables of
`edge_agent.config_bounds`. A family that is not built in (somebody else's plug-in) is held to the general bounds;
whether its driver exists is the second look of `check_drivers`, made by whoever knows the installed drivers.
"""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge_agent import config as c
from edge_agent.config_bounds import FAMILIES, OTHER_FAMILY, RANGES
from edge_agent.config_reading import Problem, read
from edge_agent.errors import ConfigError

ID_SHAPE = re.compile(r"[A-Za-z0-9._-]{1,64}")
PUBLIC_KEY_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes, base64url without padding
SIGNERS_MAX = 2
NUMBER_SHAPE = re.compile(r"[A-Za-z0-9-]{1,8}")  # what fits on a door and on the screen's map

Found = Iterator[tuple[str, str, str]]
"""(code, key, reason) of each problem a rule finds; `check` adds the file."""


def load_checked(path: Path) -> c.Config:
    """Read and check one file. Raises ConfigError listing every problem, one a line."""
    reading = read(path)
    problems = [*reading.problems, *(check(reading.config, str(path)) if reading.config else ())]
    if problems or reading.config is None:
        raise refusal(str(path), problems)
    return reading.config


def refusal(where: str, problems: list[Problem]) -> ConfigError:
    """One error for a list of problems: a single one keeps its own code and place."""
    if len(problems) == 1:
        only = problems[0]
        return ConfigError(only.code, f"{only.file}: {only.key}" if only.key else only.file, only.reason)
    listed = "\n".join(f"  {problem.key}: {problem.reason} ({problem.code})" for problem in problems)
    return ConfigError("CONF-600", where, f"{len(problems)} problems\n{listed}")


def check(config: c.Config, where: str) -> list[Problem]:
    """Every problem of a typed configuration; empty when it can be used. `where` names the file."""
    return [Problem(code, where, key, reason) for rule in RULES for code, key, reason in rule(config)]


def check_drivers(
    config: c.Config, lock_boards: Iterable[str], scanners: Iterable[str], where: str
) -> list[Problem]:
    """The second look: does a driver of each name exist among those installed?"""
    known_boards, known_scanners = sorted(lock_boards), sorted(scanners)
    named = [(f"board[{i}].driver", board.driver, known_boards) for i, board in enumerate(config.board)]
    named += [(f"scanner[{i}].driver", one.driver, known_scanners) for i, one in enumerate(config.scanner)]
    return [
        Problem("CONF-619", where, key, f"no driver {name!r}; installed: {', '.join(known)}")
        for key, name, known in named
        if name not in known
    ]


# locker, screen


def _locker(config: c.Config) -> Found:
    if not ID_SHAPE.fullmatch(config.locker.id):
        yield "CONF-606", "locker.id", "1 to 64 of the characters A-Z a-z 0-9 . _ -"
    if not config.locker.languages:
        yield "CONF-606", "locker.languages", "at least one language"
    if not Path(config.locker.state_dir).is_absolute():
        yield "CONF-606", "locker.state_dir", f"{config.locker.state_dir!r} is not an absolute path"
    try:
        zoneinfo.ZoneInfo(config.locker.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        yield "CONF-616", "locker.timezone", f"no time zone {config.locker.timezone!r}"


def _kiosk(config: c.Config) -> Found:
    host, _, port = config.kiosk.listen.rpartition(":")
    try:
        loopback = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        yield "CONF-617", "kiosk.listen", f"{config.kiosk.listen!r} is not on this machine's loopback"
    if not port.isdecimal() or int(port) > 65535:
        yield "CONF-606", "kiosk.listen", f"{config.kiosk.listen!r} does not end in a port number"


def _ranges(config: c.Config) -> Found:
    for bounds in RANGES:
        for place, section in _sections(config, bounds.section):
            value = getattr(section, bounds.key)
            if not bounds.low <= value <= bounds.high:
                yield (
                    "CONF-606",
                    f"{place}.{bounds.key}",
                    f"{value} is not within {bounds.low} to {bounds.high} ({bounds.why})",
                )


def _sections(config: c.Config, name: str) -> Iterator[tuple[str, object]]:
    """One section, each of a list, or each of a table of sections, with its place."""
    section = getattr(config, name)
    if isinstance(section, tuple):
        yield from ((f"{name}[{index}]", one) for index, one in enumerate(section))
    elif isinstance(section, dict):
        yield from ((f"{name}.{key}", one) for key, one in section.items())
    else:
        yield name, section


def _thresholds(config: c.Config) -> Found:
    storage, policy = config.storage, config.policy
    if storage.stop_deposits_free_mib >= storage.warn_free_mib:
        yield (
            "CONF-606",
            "storage.stop_deposits_free_mib",
            "must be below warn_free_mib, or the warning is late",
        )
    if any(
        later <= sooner
        for sooner, later in zip(policy.ajar_reminders_s, policy.ajar_reminders_s[1:], strict=False)
    ):
        yield "CONF-606", "policy.ajar_reminders_s", "must rise"
    for index, (tries, lock_s) in enumerate(config.security.lockout_steps):
        if not (1 <= tries <= 10 and 30 <= lock_s <= 86_400):
            yield "CONF-606", f"security.lockout_steps[{index}]", "1 to 10 wrong tries, 30 s to a day"
    yield from _signers(config)


def _signers(config: c.Config) -> Found:
    """Two at most: the present key and the next one, for rotation."""
    signers = config.security.command_signers
    if len(signers) > SIGNERS_MAX:
        yield "CONF-606", "security.command_signers", f"{len(signers)} keys, {SIGNERS_MAX} at most"
    for name, key in signers.items():
        if not ID_SHAPE.fullmatch(name):
            yield "CONF-606", "security.command_signers", f"name {name!r}: 1 to 64 of A-Z a-z 0-9 . _ -"
        if not PUBLIC_KEY_SHAPE.fullmatch(key):
            yield "CONF-606", f"security.command_signers.{name}", "43 characters of base64url: 32 bytes"


# ports and boards


def _names(config: c.Config) -> Found:
    for kind in ("bus", "board", "scanner", "column"):
        first: dict[str, int] = {}
        for index, one in enumerate(getattr(config, kind)):
            if one.name in first:
                yield (
                    "CONF-608",
                    f"{kind}[{index}].name",
                    f"{one.name!r} is the name of {kind}[{first[one.name]}] too",
                )
            if not one.name:
                yield "CONF-606", f"{kind}[{index}].name", "empty"
            first.setdefault(one.name, index)


def _ports(config: c.Config) -> Found:
    holder: dict[str, str] = {}
    for index, bus in enumerate(config.bus):
        if bool(bus.port) == bool(bus.network):
            yield "CONF-614", f"bus[{index}]", f"bus {bus.name} has {'both' if bus.port else 'neither'}"
    places = [(f"bus[{i}].port", bus.port) for i, bus in enumerate(config.bus)]
    places += [(f"bus[{i}].network", bus.network) for i, bus in enumerate(config.bus)]
    places += [(f"scanner[{i}].port", scanner.port) for i, scanner in enumerate(config.scanner)]
    for key, port in places:
        if port and port in holder:
            yield "CONF-608", key, f"{port} is {holder[port]} too; one port has one owner"
        holder.setdefault(port, key)


def _boards(config: c.Config) -> Found:
    buses = {bus.name for bus in config.bus}
    for index, board in enumerate(config.board):
        place, family = f"board[{index}]", FAMILIES.get(board.driver, OTHER_FAMILY)
        if board.bus not in buses:
            yield "CONF-607", f"{place}.bus", f"no bus {board.bus!r}; there are: {', '.join(sorted(buses))}"
        if board.address not in family.addresses:
            yield "CONF-606", f"{place}.address", _outside(board.address, family.addresses, board.driver)
        if not 1 <= board.channels <= family.channels_max:
            reason = _outside(board.channels, range(1, family.channels_max + 1), board.driver)
            yield "CONF-606", f"{place}.channels", reason
        if board.pulse_ms not in family.pulse_ms:
            yield (
                "CONF-618",
                f"{place}.pulse_ms",
                _outside(board.pulse_ms, family.pulse_ms, board.driver, " ms"),
            )


def _outside(value: int, allowed: range, driver: str, unit: str = "") -> str:
    return f"{value} is not within {allowed.start} to {allowed.stop - 1}{unit} for {driver}"


def _addresses(config: c.Config) -> Found:
    """On one bus: no two boards that hear one address. On two buses: no two that could be swapped unnoticed."""
    on_bus: dict[tuple[str, str, int], str] = {}
    twins: defaultdict[tuple[str, int], list[tuple[int, c.Board]]] = defaultdict(list)
    for index, board in enumerate(config.board):
        space = FAMILIES.get(board.driver, OTHER_FAMILY).space
        other = on_bus.setdefault((board.bus, space, board.address), board.name)
        if other != board.name:
            reason = f"{board.address} on bus {board.bus} is board {other}'s address too"
            yield "CONF-610", f"board[{index}].address", reason
        twins[board.driver, board.address].append((index, board))
    ports = {bus.name: bus.port or bus.network for bus in config.bus}
    for group in twins.values():
        yield from _twins(group, ports)


def _twins(group: list[tuple[int, c.Board]], ports: dict[str, str]) -> Found:
    if len({board.bus for _, board in group}) < 2:
        return
    for index, board in group:
        others = ", ".join(f"{other.name} on {other.bus}" for _, other in group if other.bus != board.bus)
        port = ports.get(board.bus, "")
        if not board.twin:
            reason = f"{board.driver} {board.address} like {others}: swapped ports could not be noticed"
            yield "CONF-613", f"board[{index}]", reason
        elif port.startswith("/dev/") and not port.startswith("/dev/serial/by-path/"):
            reason = f"twin of {others}, so bus {board.bus} needs a port under /dev/serial/by-path"
            yield "CONF-613", f"board[{index}].twin", reason


# doors


@dataclass(frozen=True, slots=True)
class _Placed:
    """A door with the place of its section in the file."""

    place: str
    door: c.Door


def _placed(config: c.Config) -> tuple[list[_Placed], list[tuple[str, str, str]]]:
    """Doors of every run that can be read, and the problems of those that cannot."""
    doors: list[_Placed] = []
    problems: list[tuple[str, str, str]] = []
    runs = [(f"compartments[{i}]", partial(c.doors_of_run, run)) for i, run in enumerate(config.compartments)]
    ones = [(f"compartment[{i}]", partial(_alone, one)) for i, one in enumerate(config.compartment)]
    for place, read_doors in [*runs, *ones]:
        try:
            doors.extend(_Placed(place, door) for door in read_doors())
        except ValueError as error:
            problems.append(("CONF-615", place, str(error)))
    return doors, problems


def _alone(one: c.CompartmentOne) -> list[c.Door]:
    return [c.door_of(one)]


def _runs(config: c.Config) -> Found:
    doors, problems = _placed(config)
    yield from problems
    if not doors and not problems:
        yield "CONF-604", "compartments", "at least one run of compartments"
    first: dict[str, str] = {}
    for placed in doors:
        number = placed.door.number
        if not NUMBER_SHAPE.fullmatch(number):
            yield "CONF-615", f"{placed.place}.number", f"{number!r} is not 1 to 8 letters, digits or dashes"
        if number in first:
            yield "CONF-609", placed.place, f"door {number} stands in {first[number]} too"
        first.setdefault(number, placed.place)


def _sizes(config: c.Config) -> Found:
    for kind in ("compartments", "compartment"):
        for index, section in enumerate(getattr(config, kind)):
            if section.size not in config.sizes:
                known = ", ".join(config.sizes) or "none"
                yield "CONF-607", f"{kind}[{index}].size", f"no [sizes.{section.size}]; there are: {known}"


def _wires(config: c.Config) -> Found:
    """Each door has a channel of its own on a board that exists."""
    boards = {board.name: board for board in config.board}
    used: dict[tuple[str, int], str] = {}
    for placed in _placed(config)[0]:
        door = placed.door
        yield from _channel(placed.place, f"door {door.number}", boards, door.board, door.channel)
        other = used.setdefault((door.board, door.channel), door.number)
        if other != door.number:
            yield (
                "CONF-611",
                placed.place,
                f"doors {other} and {door.number} share channel {door.channel} of {door.board}",
            )


def _sensors(config: c.Config) -> Found:
    """Each door has an input of its own that senses latch or door; a presence input stands beside its lock's own."""
    boards = {board.name: board for board in config.board}
    used: dict[tuple[str, int], str] = {}
    for placed in _placed(config)[0]:
        door, place = placed.door, f"{placed.place}.sensor"
        board = boards.get(door.sensor_board)
        own = (door.sensor_board, door.sensor_channel) == (door.board, door.channel)
        if door.senses == "presence" and not own:
            yield (
                "CONF-612",
                place,
                f"door {door.number}: a presence input belongs to the lock on the same channel",
            )
            continue
        if board and not board.options.get("inputs", True):
            yield (
                "CONF-612",
                place,
                f"door {door.number}: board {board.name} has no inputs",
            )
            continue
        if not own:
            yield from _channel(
                place, f"sensor of door {door.number}", boards, door.sensor_board, door.sensor_channel
            )
        other = used.setdefault((door.sensor_board, door.sensor_channel), door.number)
        if other != door.number:
            where = f"input {door.sensor_channel} of {door.sensor_board}"
            yield "CONF-611", place, f"doors {other} and {door.number} share {where}"


def _channel(place: str, what: str, boards: dict[str, c.Board], name: str, channel: int) -> Found:
    board = boards.get(name)
    if board is None:
        yield "CONF-607", place, f"{what}: no board {name!r}; there are: {', '.join(boards)}"
    elif not 1 <= channel <= board.channels:
        yield "CONF-615", place, f"{what}: board {name} has channels 1 to {board.channels}, not {channel}"


def _columns(config: c.Config) -> Found:
    """Where columns are drawn, each door stands in exactly one."""
    numbers = {placed.door.number for placed in _placed(config)[0]}
    standing: dict[str, str] = {}
    for index, column in enumerate(config.column):
        place = f"column[{index}].doors"
        for text in column.doors:
            try:
                listed = c.parse_numbers(text)
            except ValueError as error:
                yield "CONF-615", place, str(error)
                continue
            for number in listed:
                if number not in numbers:
                    yield "CONF-607", place, f"no door {number}"
                elif number in standing:
                    yield "CONF-615", place, f"door {number} stands in column {standing[number]} too"
                standing.setdefault(number, column.name)
    missing = sorted(numbers - standing.keys())
    if config.column and missing:
        yield (
            "CONF-615",
            "column",
            f"the columns leave out: {', '.join(missing[:10])}{' ...' if missing[10:] else ''}",
        )


RULES: tuple[Callable[[c.Config], Found], ...] = (
    _locker,
    _kiosk,
    _ranges,
    _thresholds,
    _names,
    _ports,
    _boards,
    _addresses,
    _runs,
    _sizes,
    _wires,
    _sensors,
    _columns,
)
