"""From the name in a configuration to the class of a lock board or scanner.

The names are entry points (`locker_edge.lock_boards`, `locker_edge.scanners`), so that another distribution can bring a
board without a change here. A class is imported only when it is asked for: an agent with one family loads one family.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Any

from drivers.lock_board import BoardSettings, LockBoard
from drivers.scanner import Scanner, ScannerSettings

LOCK_BOARDS = "locker_edge.lock_boards"
SCANNERS = "locker_edge.scanners"


class UnknownDriver(LookupError):
    """No installed distribution knows this driver name, or what it offers is not a driver; the text says which."""


def known(group: str) -> tuple[str, ...]:
    """Every registered name of `group`, sorted: for messages, and for asking each family who is on a bus."""
    return tuple(sorted({point.name for point in _installed(group)}))


def lock_board_class(driver: str) -> type[LockBoard]:
    """The class behind `driver`. Raises UnknownDriver."""
    found = _load(LOCK_BOARDS, driver)
    if not (isinstance(found, type) and issubclass(found, LockBoard)):
        raise UnknownDriver(f"lock board driver {driver!r} offers {found!r}, which is no LockBoard")
    return found


def scanner_class(driver: str) -> type[Scanner]:
    """The class behind `driver`. Raises UnknownDriver."""
    found = _load(SCANNERS, driver)
    if not (isinstance(found, type) and issubclass(found, Scanner)):
        raise UnknownDriver(f"scanner driver {driver!r} offers {found!r}, which is no Scanner")
    return found


def board_from(settings: BoardSettings, driver: str) -> LockBoard:
    """A ready board object, no I/O. Raises UnknownDriver, or ValueError naming board, setting and bound."""
    return lock_board_class(driver)(settings)


def scanner_from(settings: ScannerSettings, driver: str) -> Scanner:
    """A ready scanner codec, no I/O. Raises UnknownDriver."""
    return scanner_class(driver)(settings)


def _load(group: str, driver: str) -> Any:
    points: tuple[EntryPoint, ...] = tuple(_installed(group).select(name=driver))
    if not points:
        raise UnknownDriver(
            f"no driver {driver!r} in {group}; installed are {', '.join(known(group)) or 'none'}"
        )
    return points[0].load()


@cache
def _installed(group: str) -> EntryPoints:
    """What the installed distributions offer: looked up once, because that reads a file of each of them."""
    return entry_points(group=group)
