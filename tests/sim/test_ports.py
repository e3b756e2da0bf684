"""Pretend ports are real devices: opened by path, unplugged, replugged, held, refused, and never in anybody's way."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import termios
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.cabinet import SimCabinet
from sim.links import PortTaken
from sim.pytest_plugin import LockerSim
from tests.sim.host import Host
from tests.sim.stage import OPEN_1, READ_ALL

ALL_CLOSED = bytes.fromhex("80 01 FF FF FF 33 4D")


def eventually(true: Callable[[], bool], within_s: float = 2.0) -> bool:
    """Ask again until it is so; the waiting is an event's, not a sleep's."""
    for _ in range(int(within_s / 0.01)):
        if true():
            return True
        threading.Event().wait(0.01)
    return False


def test_a_frame_on_the_device_opens_a_door_and_a_code_comes_from_the_scanner(locker_sim: LockerSim) -> None:
    """Real bytes through a tty: unlock, read, scan."""
    cabinet = locker_sim("lock-8a", scanners=["line"])

    with Host(cabinet.ports["main"]) as bus, Host(cabinet.ports["front"]) as scanner:
        unlocked = bus.ask(OPEN_1, 5)
        doors = bus.ask(READ_ALL, 7)
        cabinet.scan("front", "SF1234567890123")
        code = scanner.read(16)

    assert unlocked == bytes.fromhex("8A 01 01 00 8A")
    assert doors == bytes.fromhex("80 01 FF FF FE 33 4C")
    assert code == b"SF1234567890123\r"
    assert [door["number"] for door in cabinet.doors() if door["door"] == "open"] == ["1"]


def test_real_exchanges_take_at_least_their_wire_time(locker_sim: LockerSim) -> None:
    """Ten reads at 9600 baud: no faster than the wire, measured by the trace."""
    cabinet = locker_sim("lock-8a")

    with Host(cabinet.ports["main"]) as bus:
        for _ in range(10):
            assert bus.ask(READ_ALL, 7) == ALL_CLOSED
    frames = cabinet.trace()
    took_s = frames[-1].at_s - frames[0].at_s

    exchange_s = 12 * 10 / 9600 + 0.005
    assert took_s >= 10 * exchange_s - 5 * 10 / 9600 - 1e-6


def test_one_line_each_and_the_file_that_names_them(locker_sim: LockerSim, tmp_path: Path) -> None:
    """Two families, two buses, links by name, a rewritten configuration beside them."""
    cabinet = locker_sim("lock-8a", "kerong-cu16", scanners=["grow"])

    assert sorted(cabinet.ports) == ["bus2", "front", "main"]
    assert all(os.readlink(link).startswith("/dev/pts/") for link in cabinet.ports.values())
    assert cabinet.config_path is not None
    again = SimCabinet.of_file(cabinet.config_path)
    assert {bus.port for bus in again.config.bus} == {str(cabinet.ports["main"]), str(cabinet.ports["bus2"])}


def test_links_are_made_only_where_nothing_stands(locker_sim: LockerSim, tmp_path: Path) -> None:
    """A file, a device's link or another simulator's link: refused, untouched, and nothing half made is left."""
    for name, stands in (("file", None), ("device", "/dev/null"), ("live", "/dev/pts/ptmx")):
        folder = tmp_path / name
        folder.mkdir()
        taken = folder / "front"
        taken.write_text("mine") if stands is None else taken.symlink_to(stands)
        cabinet = locker_sim("lock-8a", scanners=["line"], ports=False)

        with pytest.raises(PortTaken, match="front exists"):
            cabinet.open_ports(folder)

        assert not (folder / "main").is_symlink()
        assert taken.read_text() == "mine" if stands is None else os.readlink(taken) == stands


def test_a_link_left_by_a_killed_simulator_is_taken_over(locker_sim: LockerSim, tmp_path: Path) -> None:
    """Dangling into /dev/pts: nothing stands there."""
    (tmp_path / "main").symlink_to("/dev/pts/99999")
    cabinet = locker_sim("lock-8a", ports=False)

    cabinet.open_ports(tmp_path)

    with Host(tmp_path / "main") as bus:
        assert bus.ask(READ_ALL, 7) == ALL_CLOSED


def test_stopping_removes_its_own_links_only(locker_sim: LockerSim, tmp_path: Path) -> None:
    """A link that somebody turned elsewhere meanwhile stays."""
    cabinet = locker_sim("lock-8a", "kerong-cu16")
    mine, turned = cabinet.ports["main"], cabinet.ports["bus2"]
    turned.unlink()
    turned.symlink_to("/dev/null")

    cabinet.stop()

    assert not mine.is_symlink()
    assert os.readlink(turned) == "/dev/null"


def test_without_a_folder_the_links_go_to_the_configured_ports(locker_sim: LockerSim, tmp_path: Path) -> None:
    """The configuration says where; a gateway's address is no place for a link."""
    bus = {"name": "main", "port": str(tmp_path / "tty-locker")}
    cabinet = locker_sim("lock-8a", ports=False, bus=[bus])
    gateway = locker_sim("lock-8a", ports=False, bus=[{**bus, "port": "socket://127.0.0.1:7001"}])

    assert cabinet.open_ports() == {"main": tmp_path / "tty-locker"}
    with pytest.raises(PortTaken, match="no place for a link"):
        gateway.open_ports()


def test_unplugging_hangs_up_and_replugging_serves_again(locker_sim: LockerSim) -> None:
    """The host's descriptor dies, the link goes; afterwards the link leads to a new pty with the same board."""
    cabinet = locker_sim("lock-8a")
    link = cabinet.ports["main"]

    with Host(link) as bus:
        cabinet.faults.add("unplug", port="main")
        assert bus.hung_up()
        assert not link.is_symlink()
    cabinet.faults.clear("unplug")

    with Host(link) as bus:
        assert bus.ask(READ_ALL, 7) == ALL_CLOSED


def test_unplugged_between_request_and_answer(locker_sim: LockerSim) -> None:
    """The board acts, nobody hears of it, the port is gone."""
    cabinet = locker_sim("lock-8a")
    cabinet.faults.add("unplug-on-frame", of="unlock", count=1)

    with Host(cabinet.ports["main"]) as bus:
        os.write(bus.descriptor, OPEN_1)
        assert bus.hung_up()

    assert len(cabinet.world.pulses_of("1")) == 1
    assert eventually(lambda: cabinet.door_json("1")["sensor"] == "open")
    cabinet.faults.clear()
    with Host(cabinet.ports["main"]) as bus:
        assert bus.ask(READ_ALL, 7) == bytes.fromhex("80 01 FF FF FE 33 4C")


def test_a_renamed_device_keeps_its_link(locker_sim: LockerSim) -> None:
    """Gone and back at once: the old descriptor is dead, the link leads to another device."""
    cabinet = locker_sim("lock-8a")
    before = os.readlink(cabinet.ports["main"])

    with Host(cabinet.ports["main"]) as bus:
        cabinet.faults.add("rename", port="main")
        assert bus.hung_up()

    assert os.readlink(cabinet.ports["main"]) != before
    with Host(cabinet.ports["main"]) as bus:
        assert bus.ask(READ_ALL, 7) == ALL_CLOSED


def test_swapped_adapters_lead_to_each_others_boards(locker_sim: LockerSim) -> None:
    """Bus and scanner change places, whoever had them open is hung up; and back."""
    cabinet = locker_sim("lock-8a", scanners=["line"])
    with Host(cabinet.ports["main"]) as bus, Host(cabinet.ports["front"]) as scanner:
        cabinet.faults.add("swap", port="main", other="front")
        assert bus.hung_up()
        assert scanner.hung_up()

    with Host(cabinet.ports["front"]) as bus, Host(cabinet.ports["main"]) as scanner:
        assert bus.ask(READ_ALL, 7) == ALL_CLOSED
        cabinet.scan("front", "A")
        assert scanner.read(2) == b"A\r"
    cabinet.faults.clear()

    with Host(cabinet.ports["main"]) as bus:
        assert bus.ask(READ_ALL, 7) == ALL_CLOSED


def test_a_held_port_is_locked_for_others(locker_sim: LockerSim) -> None:
    """Another program has the lock; once it lets go the port can be had."""
    cabinet = locker_sim("lock-8a")
    cabinet.faults.add("held", port="main")

    descriptor = (
        os.open(os.path.realpath(cabinet.ports["main"]), os.O_RDWR | os.O_NOCTTY) if os.geteuid() == 0 else -1
    )
    if descriptor >= 0:
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(descriptor)
    else:
        with pytest.raises(OSError, match=os.strerror(errno.EBUSY)):
            Host(cabinet.ports["main"])
    cabinet.faults.clear()

    with Host(cabinet.ports["main"]) as bus:
        fcntl.flock(bus.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_second_reader_takes_bytes_away(locker_sim: LockerSim) -> None:
    """Not every answer reaches the host that asked."""
    cabinet = locker_sim("lock-8a", baudrates={"main": 115200})
    cabinet.faults.add("second-reader", port="main")

    with Host(cabinet.ports["main"]) as bus:
        arrived = b"".join(bus.ask(READ_ALL, 7, 0.1) for _ in range(10))
    answers = [frame for frame in cabinet.trace() if frame.direction == "<"]

    assert len(answers) == 10
    assert len(arrived) < 70


def test_a_forbidden_port_has_no_rights_left(locker_sim: LockerSim) -> None:
    """The mode says so (root reads on regardless); clearing gives the rights back."""
    cabinet = locker_sim("lock-8a")
    device = os.path.realpath(cabinet.ports["main"])

    cabinet.faults.add("permission", port="main")
    forbidden = stat.S_IMODE(os.stat(device).st_mode)
    cabinet.faults.clear()

    assert forbidden == 0
    assert stat.S_IMODE(os.stat(device).st_mode) != 0


def test_nobody_takes_the_bytes_so_writing_blocks(locker_sim: LockerSim) -> None:
    """The kernel's buffer fills; when the far end reads again writing goes on."""
    cabinet = locker_sim("lock-8a")
    cabinet.faults.add("write-block", port="main")

    with Host(cabinet.ports["main"]) as bus:
        with pytest.raises(BlockingIOError):
            bus.fill()
        cabinet.faults.clear()
        assert eventually(lambda: _can_write(bus))


def test_a_line_takes_bytes_no_faster_than_its_buffer_empties(locker_sim: LockerSim) -> None:
    """At 1200 baud a flood is stopped by the writer's own kernel; the simulator keeps no more than a buffer of it."""
    cabinet = locker_sim("lock-8a", baudrates={"main": 1200})

    with Host(cabinet.ports["main"]) as bus, pytest.raises(BlockingIOError):
        bus.fill()

    queued_s = cabinet.line("main").takes_more_s() - cabinet.world.now()
    assert queued_s < 2 * 4096 * 10 / 1200


def _can_write(host: Host) -> bool:
    try:
        return os.write(host.descriptor, b"\x00") == 1
    except BlockingIOError:
        return False


def test_exclusive_mode_and_unread_bytes_do_not_outlive_their_program(locker_sim: LockerSim) -> None:
    """A killed program leaves neither behind, as on a real serial device."""
    cabinet = locker_sim("lock-8a", scanners=["line"])
    device = os.path.realpath(cabinet.ports["front"])
    with Host(device) as killed:
        fcntl.ioctl(killed.descriptor, termios.TIOCEXCL)
        cabinet.scan("front", "old")
        assert eventually(lambda: _waiting(killed) == 4)

    assert eventually(lambda: _free_and_empty(device))
    with Host(device) as next_one:
        cabinet.scan("front", "new")
        assert next_one.read(4) == b"new\r"


def _waiting(host: Host) -> int:
    return int.from_bytes(fcntl.ioctl(host.descriptor, termios.FIONREAD, bytes(4)), "little")


def _free_and_empty(device: str) -> bool:
    try:
        with Host(device) as host:
            return _waiting(host) == 0
    except OSError:
        return False  # still exclusive, for whoever is not root


@pytest.mark.parametrize("cycles", [100, pytest.param(1000, marks=pytest.mark.soak)])
def test_plugging_again_and_again_leaves_nothing_behind(locker_sim: LockerSim, cycles: int) -> None:
    """Descriptors and threads are as many as before."""
    cabinet = locker_sim("lock-8a")
    before = (len(os.listdir("/proc/self/fd")), threading.active_count())

    for _ in range(cycles):
        cabinet.faults.add("unplug", port="main")
        cabinet.faults.clear()

    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before
    with Host(cabinet.ports["main"]) as bus:
        assert bus.ask(READ_ALL, 7) == ALL_CLOSED
