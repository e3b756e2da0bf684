"""Opening a port, and what the operating system's complaints mean.

A serial device is opened by pyserial (rate, parity, flock) and from then on used through its descriptor; a gateway
(`socket://host:port`) is a TCP connection that carries the same bytes. Other pyserial URL kinds have no descriptor that
can be waited for, and are refused.

Three families of exceptions come out of a serial port: OSError with a number, pyserial's SerialException with a number
or only a text, and termios.error with the number in its arguments. `as_bus_error` knows all three.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import termios
from dataclasses import dataclass
from urllib.parse import urlsplit

import serial

from drivers.bus import LineSettings
from drivers.errors import BusError, PortForbidden, PortHeld, PortLost, PortMissing, WrongPortKind

CONNECT_MAX_S = 2.0  # a gateway on this machine answers in microseconds, one on the LAN in milliseconds
PTY_MAJORS = range(136, 144)  # Linux: devices.txt, Unix98 pseudo-terminal slaves

PARITY = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}

MEANING: dict[int, type[BusError]] = {
    errno.ENOENT: PortMissing,
    errno.ENODEV: PortMissing,
    errno.ENXIO: PortMissing,
    errno.ECONNREFUSED: PortMissing,
    errno.EHOSTUNREACH: PortMissing,
    errno.ENETUNREACH: PortMissing,
    errno.ETIMEDOUT: PortMissing,
    errno.EACCES: PortForbidden,
    errno.EPERM: PortForbidden,
    errno.EBUSY: PortHeld,
    errno.EAGAIN: PortHeld,  # flock: somebody else has it
    errno.ENOTTY: WrongPortKind,
    errno.EINVAL: WrongPortKind,
    errno.EISDIR: WrongPortKind,
}


@dataclass(slots=True)
class OpenPort:
    """An open descriptor in non-blocking mode. `notes` says what was wanted and could not be set."""

    fd: int
    owner: serial.Serial | socket.socket
    notes: tuple[str, ...] = ()
    toggles_rts: bool = False

    def write(self, data: bytes) -> int:
        """How many bytes the port took now, 0 if none. Raises OSError."""
        try:
            if self.toggles_rts:
                return self._write_with_rts(data)
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0

    def _write_with_rts(self, data: bytes) -> int:
        """Half duplex by hand: the driver is enabled only while the frame leaves (it blocks for that long)."""
        assert isinstance(self.owner, serial.Serial)
        self.owner.rts = True
        count = os.write(self.fd, data)
        termios.tcdrain(self.fd)
        self.owner.rts = False
        return count

    def discard_output(self) -> None:
        """Forget what the kernel still holds: a frame that is given up must not leave later."""
        try:
            termios.tcflush(self.fd, termios.TCOFLUSH)
        except termios.error:  # a socket, or a port that is just going away
            pass

    def close(self) -> None:
        try:
            self.owner.close()
        except OSError:  # the device is gone; the descriptor is free all the same
            pass


def open_port(line: LineSettings) -> OpenPort:
    """Open and lock the line's port. Raises a BusError that says what is wrong with it; nothing stays open then."""
    where = f"bus {line.name}, port {line.port}"
    scheme = urlsplit(line.port).scheme
    try:
        if scheme == "socket":
            return _connect(line.port)
        if scheme:
            raise WrongPortKind(
                where, f"{scheme}:// has no descriptor to wait for; use a device or socket://host:port"
            )
        return _open_device(line)
    except (OSError, termios.error, ValueError) as error:
        raise as_bus_error(error, where, opening=True) from error


def as_bus_error(error: BaseException, where: str, opening: bool = False) -> BusError:
    """What an exception of the operating system or of pyserial means for a port."""
    number = _number(error)
    reason = os.strerror(number) if number else str(error)
    if not opening:
        return PortLost(where, f"lost: {reason}")
    if isinstance(error, socket.gaierror | TimeoutError):
        return PortMissing(where, f"no gateway: {error}", bytes_left=False)
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return WrongPortKind(where, str(error), bytes_left=False)
    kind = MEANING.get(number or 0, PortLost)
    return kind(where, f"cannot open: {reason}", bytes_left=False)


def _number(error: BaseException | None) -> int | None:
    """The errno in an exception or in what caused it; pyserial loses it in some of its texts."""
    while error is not None:
        if isinstance(error, OSError) and error.errno:
            return error.errno
        if isinstance(error, termios.error) and error.args and isinstance(error.args[0], int):
            return error.args[0]
        error = error.__cause__ or error.__context__
    return None


def _connect(url: str) -> OpenPort:
    parts = urlsplit(url)
    if not parts.hostname or not parts.port:
        raise ValueError("a gateway is named socket://host:port")
    link = socket.create_connection((parts.hostname, parts.port), timeout=CONNECT_MAX_S)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.setblocking(False)
    return OpenPort(link.fileno(), link)


def _open_device(line: LineSettings) -> OpenPort:
    pty = _is_pty(line.port)
    device = serial.Serial(
        port=line.port,
        baudrate=line.baudrate,
        parity=serial.PARITY_NONE if pty else PARITY[line.parity],
        stopbits=1 if pty else line.stopbits,
        timeout=0,
        exclusive=True,
    )
    port = OpenPort(device.fileno(), device)
    try:
        port.notes = _pty_notes(line) if pty else _tune(device, port, line)
        return port
    except BaseException:
        port.close()
        raise


def _is_pty(path: str) -> bool:
    mode = os.stat(path)
    return stat.S_ISCHR(mode.st_mode) and os.major(mode.st_rdev) in PTY_MAJORS


def _pty_notes(line: LineSettings) -> tuple[str, ...]:
    """A pseudo-terminal has no parity and no stop bits: the kernel refuses them, and nobody misses them."""
    if line.parity == "none" and line.stopbits == 1:
        return ()
    return (f"pseudo-terminal: parity {line.parity} and {line.stopbits} stop bits are noted, not set",)


def _tune(device: serial.Serial, port: OpenPort, line: LineSettings) -> tuple[str, ...]:
    """What only a real device has: a lock against openers that ignore flock, low latency, RS-485 direction.

    The exclusive mark is not put on a pseudo-terminal: there it would outlive a killed process and lock out the next.
    """
    notes: list[str] = []
    fcntl.ioctl(device.fileno(), termios.TIOCEXCL)
    try:
        device.set_low_latency_mode(True)
    except (ValueError, OSError):
        notes.append("low latency refused by the adapter's driver: each answer may be 16 ms late")
    if line.rs485 == "kernel":
        device.rs485_mode = serial.rs485.RS485Settings()
    port.toggles_rts = line.rs485 == "rts"
    return tuple(notes)
