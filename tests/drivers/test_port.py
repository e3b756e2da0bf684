"""Opening a port: every complaint of the operating system becomes one named error with a next step."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import termios
import threading
import tty
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import serial

from drivers.bus import LineSettings
from drivers.errors import BusError, PortForbidden, PortHeld, PortLost, PortMissing, WrongPortKind
from drivers.port import as_bus_error, open_port
from drivers.serial_bus import SerialBus
from tests.drivers.bus_stage import READ, Firmware, read, reply


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    path = os.ttyname(slave)
    yield master, path
    os.close(master)
    os.close(slave)


def refused(line: LineSettings) -> BusError:
    with pytest.raises(BusError) as caught:
        open_port(line)
    return caught.value


def test_a_missing_device_is_named(tmp_path: Path) -> None:
    """Not plugged in: the message carries bus and path."""
    error = refused(LineSettings("main", str(tmp_path / "ttyUSB9")))

    assert type(error) is PortMissing
    assert "ttyUSB9" in error.where
    assert not error.bytes_left


@pytest.mark.parametrize(
    "url", ["loop://", "rfc2217://127.0.0.1:1", "spy:///dev/null", "hwgrep://x", "socket://nowhere"]
)
def test_a_kind_of_port_without_a_descriptor_is_refused(url: str) -> None:
    """What cannot be waited for cannot have deadlines."""
    assert type(refused(LineSettings("main", url))) is WrongPortKind


def test_a_file_and_a_folder_are_no_serial_lines(tmp_path: Path) -> None:
    """F-021: the link points somewhere else."""
    (tmp_path / "file").write_bytes(b"")

    assert type(refused(LineSettings("main", str(tmp_path / "file")))) is WrongPortKind
    assert type(refused(LineSettings("main", str(tmp_path)))) is WrongPortKind


def test_a_port_held_by_another_owner_is_refused_and_free_afterwards(pty: tuple[int, str]) -> None:
    """F-022, F-026: the second opener is told; when the first has closed, it may have the port."""
    _, path = pty
    first = open_port(LineSettings("main", path))

    assert type(refused(LineSettings("main", path))) is PortHeld
    with pytest.raises(serial.SerialException):
        serial.Serial(path, exclusive=True)

    first.close()
    open_port(LineSettings("main", path)).close()


def test_a_refused_port_leaves_no_descriptor_open(pty: tuple[int, str], tmp_path: Path) -> None:
    """Fifty failed attempts of each kind; the process holds as many descriptors as before."""
    _, path = pty
    held = open_port(LineSettings("main", path))
    (tmp_path / "file").write_bytes(b"")
    before = len(os.listdir("/proc/self/fd"))

    for _ in range(50):
        refused(LineSettings("main", path))
        refused(LineSettings("main", str(tmp_path / "file")))
        refused(LineSettings("main", "socket://127.0.0.1:1"))

    assert len(os.listdir("/proc/self/fd")) == before
    held.close()


def test_parity_and_stop_bits_are_noted_on_a_pseudo_terminal(pty: tuple[int, str]) -> None:
    """The kernel refuses them there, and the simulator does not miss them."""
    _, path = pty

    port = open_port(LineSettings("main", path, baudrate=19200, parity="even", stopbits=2))

    assert "even" in port.notes[0]
    assert termios.tcgetattr(port.fd)[4] == termios.B19200
    port.close()


def test_a_port_is_left_unlocked_for_other_programs_after_close(pty: tuple[int, str]) -> None:
    """The lock goes with the descriptor."""
    _, path = pty
    open_port(LineSettings("main", path)).close()

    with open(path, "rb+", buffering=0) as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


MEANINGS = [
    (OSError(errno.ENOENT, "x"), PortMissing),
    (serial.SerialException(errno.ENOENT, "could not open port"), PortMissing),
    (OSError(errno.ENXIO, "x"), PortMissing),
    (PermissionError(errno.EACCES, "x"), PortForbidden),
    (serial.SerialException(errno.EACCES, "x"), PortForbidden),
    (OSError(errno.EBUSY, "x"), PortHeld),
    (BlockingIOError(errno.EAGAIN, "x"), PortHeld),
    (termios.error(errno.ENOTTY, "Inappropriate ioctl for device"), WrongPortKind),
    (termios.error(errno.EIO, "Input/output error"), PortLost),
    (OSError(errno.EIO, "x"), PortLost),
    (serial.SerialException("device reports readiness to read but returned no data"), PortLost),
    (socket.gaierror(-2, "Name or service not known"), PortMissing),
    (ConnectionRefusedError(errno.ECONNREFUSED, "x"), PortMissing),
    (TimeoutError("timed out"), PortMissing),
    (ValueError("Not a valid baudrate: 0"), WrongPortKind),
]


@pytest.mark.parametrize(("raised", "meant"), MEANINGS, ids=lambda value: repr(value)[:60])
def test_every_exception_family_has_a_meaning_when_opening(raised: Exception, meant: type[BusError]) -> None:
    """S-01, F-024: three families of exceptions, one tree."""
    error = as_bus_error(raised, "bus main, port /dev/x", opening=True)

    assert type(error) is meant
    assert not error.bytes_left


@pytest.mark.parametrize("raised", [raised for raised, _ in MEANINGS], ids=lambda value: repr(value)[:60])
def test_in_use_every_exception_is_a_lost_port(raised: Exception) -> None:
    """Whatever the kernel calls it: the port was there and is gone."""
    assert type(as_bus_error(raised, "bus main", opening=False)) is PortLost


def test_a_number_that_pyserial_lost_is_found_in_its_cause() -> None:
    """Some of pyserial's texts carry the errno only in the exception they were raised from."""
    error = serial.SerialException("Could not configure port")
    error.__cause__ = termios.error(errno.ENOTTY, "Inappropriate ioctl")

    assert type(as_bus_error(error, "bus main", opening=True)) is WrongPortKind


def test_a_gateway_carries_the_same_bytes(tmp_path: Path) -> None:
    """`socket://`: a TCP server speaks the toy protocol; when it closes, the port is lost and comes back."""
    firmware = Firmware(doors=9)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()

        def serve() -> None:
            for _ in range(2):
                link, _ = server.accept()
                with link:
                    frame = link.recv(100)
                    link.sendall(firmware(frame)[0][1])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        bus = SerialBus(LineSettings("gate", f"socket://127.0.0.1:{address[1]}", baudrate=115200))
        opened: list[bool] = []
        back = threading.Event()
        bus.on_state(
            lambda state: (opened.append(state.open), back.set() if opened.count(True) == 2 else None)[0]
        )
        bus.start()

        first = bus.perform_blocking(read())
        assert back.wait(10)
        second = bus.perform_blocking(read())
        thread.join(10)
        bus.stop()

    assert (first, second) == (reply(READ, 9), reply(READ, 9))
    assert opened[:3] == [True, False, True]


def test_a_gateway_that_is_not_there_is_a_missing_port() -> None:
    """Nobody listens on that port."""
    assert type(refused(LineSettings("gate", "socket://127.0.0.1:1"))) is PortMissing


def test_the_wire_time_of_a_character_counts_start_parity_and_stop_bits() -> None:
    """8N1 is ten bits, 8E1 eleven, 8E2 twelve."""
    line = LineSettings("main", "", baudrate=9600)

    assert line.char_s == pytest.approx(10 / 9600)
    assert replace(line, parity="even").char_s == pytest.approx(11 / 9600)
    assert replace(line, parity="even", stopbits=2).char_s == pytest.approx(12 / 9600)
