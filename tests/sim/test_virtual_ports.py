"""The same cabinet without threads and ptys: ports under an event loop's own clock."""

from __future__ import annotations

import errno

import pytest

from sim.cabinet import SimCabinet
from sim.plans import ScannerPlan, document
from sim.virtual_ports import VirtualPorts
from sim.virtual_time import VirtualLoop
from tests.sim.stage import OPEN_1, READ_ALL


class Host:
    """What a bus is to a virtual wire."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        paper = document(["lock-8a", "wkly"], [ScannerPlan()])
        self.cabinet = SimCabinet.of_document(paper, self.loop.time)
        self.ports: VirtualPorts = self.cabinet.open_virtual(self.loop)
        self.heard: list[tuple[float, bytes]] = []
        self.hung_up = 0

    def connect(self, name: str = "main") -> None:
        self.ports.wires[name].connect(self._deliver, self._hang_up)

    def write(self, data: bytes, name: str = "main") -> None:
        self.ports.wires[name].write(data, self.loop.time())

    def pass_time(self, seconds: float) -> bytes:
        """Run the loop so long; what arrived meanwhile."""
        before = len(self.heard)
        self.loop.call_later(seconds, self.loop.stop)
        self.loop.run_forever()
        return b"".join(data for _, data in self.heard[before:])

    def _deliver(self, data: bytes) -> None:
        self.heard.append((self.loop.time(), data))

    def _hang_up(self) -> None:
        self.hung_up += 1


@pytest.fixture
def host() -> Host:
    return Host()


def test_an_answer_comes_when_its_wire_time_is_over(host: Host) -> None:
    """Virtual milliseconds, no waiting."""
    host.connect()
    start_s = host.loop.time()

    host.write(OPEN_1)
    host.pass_time(5.0)

    [(at_s, answer)] = host.heard
    assert answer == bytes.fromhex("8A 01 01 00 8A")
    assert at_s - start_s == pytest.approx(10 * 10 / 9600 + 0.3 + 0.005)


def test_what_a_board_tells_by_itself_is_delivered(host: Host) -> None:
    """A forced door of the WKLY board: its pushed frame arrives without a question."""
    host.connect("bus2")

    host.cabinet.force("25")

    assert host.pass_time(1.0) == bytes.fromhex("57 4B 4C 59 0A 00 85 01 00 87")


def test_unplugging_hangs_up_and_opening_fails_until_replugged(host: Host) -> None:
    """The errno of a device that is not there; afterwards the same board answers."""
    host.connect()

    fault = host.cabinet.faults.add("unplug", port="main")
    host.pass_time(0.1)
    with pytest.raises(OSError, match="No such file") as refused:
        host.connect()
    host.cabinet.faults.clear(fault)
    host.connect()
    host.write(READ_ALL)

    assert (host.hung_up, refused.value.errno) == (1, errno.ENOENT)
    assert len(host.pass_time(1.0)) == 7


@pytest.mark.parametrize(("name", "number"), [("permission", errno.EACCES), ("held", errno.EBUSY)])
def test_a_port_can_be_refused(host: Host, name: str, number: int) -> None:
    """The system's own errno, until the fault is cleared."""
    host.cabinet.faults.add(name, port="main")

    with pytest.raises(OSError) as refused:
        host.connect()
    host.cabinet.faults.clear()
    host.connect()

    assert refused.value.errno == number


def test_swapped_ports_lead_to_each_others_boards(host: Host) -> None:
    """Both hang up; behind the first name the second board answers."""
    host.connect()
    host.cabinet.faults.add("swap", port="main", other="bus2")
    host.pass_time(0.1)
    host.connect("bus2")

    host.write(READ_ALL, "bus2")

    assert host.hung_up == 1
    assert host.pass_time(1.0)[:2] == bytes.fromhex("80 01")


def test_bytes_that_nobody_takes_get_no_answer(host: Host) -> None:
    """A blocked line is silent."""
    host.connect()
    host.cabinet.faults.add("write-block", port="main")

    host.write(READ_ALL)
    silent = host.pass_time(1.0)
    host.cabinet.faults.clear()
    host.write(READ_ALL)

    assert silent == b""
    assert len(host.pass_time(1.0)) == 7


def test_a_second_reader_leaves_less_than_everything(host: Host) -> None:
    """Of ten answers some come short, and none longer."""
    host.connect()
    host.cabinet.faults.add("second-reader", port="main")

    lengths = []
    for _ in range(10):
        host.write(READ_ALL)
        lengths.append(len(host.pass_time(1.0)))

    assert sum(lengths) < 70
    assert max(lengths) <= 7


def test_a_device_can_go_between_request_and_answer(host: Host) -> None:
    """The coil is energised, the answer never comes."""
    host.connect()
    host.cabinet.faults.add("unplug-on-frame", of="unlock")

    host.write(OPEN_1)

    assert host.pass_time(2.0) == b""
    assert host.hung_up == 1
    assert len(host.cabinet.coils()) == 1


def test_a_scanned_code_arrives(host: Host) -> None:
    """Scanners hang on the same clock."""
    host.connect("front")

    host.cabinet.scan("front", "SF1")

    assert host.pass_time(1.0) == b"SF1\r"
