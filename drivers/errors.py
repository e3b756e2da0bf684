"""What can go wrong on a wire, as values with stable codes.

The texts a person reads for each code (cause, next step, 中文) stand in `edge_agent.errors`; a driver only
names the code, the place and the fact, so that it stays usable without the agent.
"""

from __future__ import annotations

from typing import ClassVar


class BusError(Exception):
    """Something between the port and a board. `where` names bus and board, the message the fact that was seen."""

    code: ClassVar[str] = "BUS-100"

    def __init__(self, where: str, fact: str, *, bytes_left: bool = True) -> None:
        """`bytes_left=False` only when it is certain that no byte of the request went out: then nothing happened."""
        super().__init__(f"{where}: {fact}")
        self.where = where
        self.fact = fact
        self.bytes_left = bytes_left


class PortMissing(BusError):
    """The device or link does not exist."""

    code = "BUS-101"


class PortForbidden(BusError):
    """The operating system refuses this user."""

    code = "BUS-102"


class PortHeld(BusError):
    """Another process holds the port's lock."""

    code = "BUS-103"


class PortLost(BusError):
    """The port was open and is gone (unplugged, hung up, input/output error)."""

    code = "BUS-104"


class WrongPortKind(BusError):
    """No serial line answers behind this name, or the kind has no descriptor to poll."""

    code = "BUS-105"


class BoardSilent(BusError):
    """Nothing that could be the reply arrived before the deadline."""

    code = "BUS-110"


class BadReply(BusError):
    """Bytes arrived, but no acceptable reply: wrong checksum, function, length, address or value."""

    code = "BUS-111"


class BoardRefused(BusError):
    """The board answered properly, with a refusal (Modbus exception, result FF ...)."""

    code = "BUS-112"


class EchoCollision(BusError):
    """The adapter's local echo differs from what was sent: two talkers, or a broken adapter."""

    code = "BUS-113"


class WrongBoard(BusError):
    """A board answered, but it is not the one that the configuration names here."""

    code = "BUS-114"


class NotArmed(BusError):
    """The board is in a mode in which its inputs drive its relays; unlocking is refused."""

    code = "BUS-115"


class BusBusy(BusError):
    """The bounded queue of this bus is full."""

    code = "BUS-116"
