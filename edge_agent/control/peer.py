"""Who is at the other end of a Unix socket, told by the kernel and put into each request.

uvicorn does not ask. `PeerProtocol` is its HTTP protocol with one question more; `request.state.peer` is the answer.
"""

from __future__ import annotations

import asyncio
import pwd
import socket
import struct
from dataclasses import dataclass

from uvicorn.protocols.http.h11_impl import H11Protocol

CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid (unix(7))


@dataclass(frozen=True, slots=True)
class Peer:
    """The process that opened the connection, as it was at that moment."""

    pid: int
    uid: int
    gid: int

    @property
    def login(self) -> str:
        """The user's name for records; the number where it has none."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)


def peer_of(connection: socket.socket) -> Peer:
    """Ask the kernel: SO_PEERCRED. Raises OSError on a socket that is not a Unix one."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return Peer(*CREDENTIALS.unpack(raw))


class PeerProtocol(H11Protocol):
    """uvicorn's HTTP over h11, with the peer's credentials in the request's state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "peer": peer_of(transport.get_extra_info("socket"))}
