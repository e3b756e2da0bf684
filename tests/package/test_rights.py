"""Who may do what on an installed locker: tried as the very login, under the shipped units and firewall."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

from tests.package.locker import VENV, Layers, Locker, booted, layered
from tests.package.machine import UNITS

pytestmark = [pytest.mark.package, pytest.mark.timeout(600)]

# A neighbour on the cable: another network namespace, where something answers on any port that is asked for.
NEIGHBOUR = "192.0.2.2"
CABLE = f"""
ip netns add neighbour
ip link add here type veth peer name there netns neighbour
ip addr add 192.0.2.1/24 dev here && ip link set here up
ip -n neighbour addr add {NEIGHBOUR}/24 dev there && ip -n neighbour link set there up && ip -n neighbour link set lo up
"""
BROKER_PORT, OTHER_PORT = 8883, 5000
ANSWERS = (
    "import socket,threading,time\n"
    "def serve(port):\n"
    f"    listener = socket.create_server(('{NEIGHBOUR}', port))\n"
    "    while True: listener.accept()[0].close()\n"
    f"for port in ({BROKER_PORT}, {OTHER_PORT}): threading.Thread(target=serve, args=(port,)).start()\n"
)
KNOCKS = "import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()"
ORDINARY, ROUND_ROBIN = "0", "2"  # scheduling policies, sched(7)
LOGINS = ("locker-agent", "locker-bridge", "locker-kiosk")


@pytest.fixture(scope="module")
def locker(installed: Layers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locker]:
    """In service, with a cable to a neighbour."""
    with layered(installed, tmp_path_factory.mktemp("rights")) as root, booted(root) as made:
        made.plug_in_and_start()
        made.sh(CABLE)
        made.begin(f"ip netns exec neighbour python3 -c {shlex.quote(ANSWERS)}")
        made.until(knocking(NEIGHBOUR, BROKER_PORT))
        yield made


def knocking(host: str, port: int) -> str:
    return f"python3 -c {shlex.quote(KNOCKS)} {host} {port}"


def reaches(locker: Locker, login: str, host: str, port: int) -> bool:
    return locker.sh(knocking(host, port), login, check=False).returncode == 0


def may(locker: Locker, login: str, command: str) -> bool:
    return locker.sh(command, login, check=False).returncode == 0


def test_nothing_listens_beyond_loopback(locker: Locker) -> None:
    """SEC-25: every listening socket of the machine, not only ours."""
    listening = locker.sh("ss --no-header --listening --tcp --udp --numeric").stdout.split("\n")
    addresses = [line.split()[4] for line in listening if line]

    assert any(address.startswith("127.0.0.1:8080") for address in addresses)
    assert [address for address in addresses if not address.startswith(("127.", "[::1]"))] == []


def test_the_firewall_lets_nobody_in_and_only_the_bridge_out(locker: Locker) -> None:
    """Tried as each login, to the broker's port and to another one; root is the control that the cable works."""
    reached = {
        (login, port)
        for login in ("root", *LOGINS)
        for port in (BROKER_PORT, OTHER_PORT)
        if reaches(locker, "" if login == "root" else login, NEIGHBOUR, port)
    }

    assert reached == {("root", BROKER_PORT), ("root", OTHER_PORT), ("locker-bridge", BROKER_PORT)}


def test_the_neighbour_finds_every_port_shut(locker: Locker) -> None:
    """Something that root opened on every address is not reached from outside, whatever it is."""
    locker.begin("python3 -m http.server 5555 --bind 0.0.0.0")
    locker.until(knocking("127.0.0.1", 5555))

    outside = locker.sh(f"ip netns exec neighbour {knocking('192.0.2.1', 5555)}", check=False)

    assert outside.returncode != 0


def test_the_bridge_reads_neither_ledger_nor_keys_nor_devices(locker: Locker) -> None:
    """And may use its own socket and no other; the same questions are answered to the agent's login."""
    questions = {
        "ledger": "head -c1 /var/lib/locker/ledger.db | grep -q S",
        "keys": "cat /var/lib/locker/keys/* | wc -c | grep -v ^0$",
        "state": "ls /var/lib/locker",
        "port": "exec 3<>/dev/ttyUSB1",
        "page": "cat /run/locker/kiosk.url",
        "technicians": talking("control.sock"),
        "own socket": talking("bridge.sock"),
    }

    asked = {login: {name for name, q in questions.items() if may(locker, login, q)} for login in LOGINS}

    assert asked["locker-bridge"] == {"own socket"}
    assert asked["locker-kiosk"] == {"page"}
    assert asked["locker-agent"] >= {"ledger", "keys", "state", "port", "page"}


def talking(socket: str) -> str:
    program = f"import socket; socket.socket(socket.AF_UNIX).connect('/run/locker/{socket}')"
    return f"{VENV}/bin/python3 -c {shlex.quote(program)}"


def test_the_running_agent_has_no_right_but_its_own(locker: Locker) -> None:
    """SEC-32, from the kernel: no capability, no new privileges, a system-call filter, not root."""
    process = locker.sh("systemctl show --property MainPID --value locker-agent").stdout.strip()
    status = dict(
        line.split(":\t", 1)
        for line in locker.sh(f"cat /proc/{process}/status").stdout.splitlines()
        if ":\t" in line
    )

    assert {status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert status["Uid"].split()[0] == locker.sh("id -u locker-agent").stdout.strip()
    assert locker.sh(f"nsenter --target {process} --mount test -w /usr", check=False).returncode != 0


def test_the_bus_thread_goes_first(locker: Locker) -> None:
    """One thread of the agent has the real-time priority that the unit grants, and the others are ordinary.

    A container's manager may not raise limits: then the unit's word is seen, and that the agent works without.
    """
    process = locker.sh("systemctl show --property MainPID --value locker-agent").stdout.strip()
    assert locker.sh("systemctl show --property LimitRTPRIO --value locker-agent").stdout.strip() == "10"
    if not re.search(r"Max realtime priority +10 ", locker.sh(f"cat /proc/{process}/limits").stdout):
        assert locker.sh("systemctl is-active locker-agent").stdout.strip() == "active"
        return
    threads = locker.sh(f"cat /proc/{process}/task/*/stat").stdout.splitlines()
    after_the_name = [line.rpartition(")")[2].split() for line in threads]

    policies = [(fields[38], fields[37]) for fields in after_the_name]  # policy and rt_priority, proc(5)

    assert policies.count((ROUND_ROBIN, "10")) == 1
    assert policies.count((ORDINARY, "0")) == len(policies) - 1


UNIT_LINES = {
    "locker-agent": (
        "User=locker-agent", "DevicePolicy=closed", "IPAddressDeny=any", "IPAddressAllow=localhost",
        "ProtectSystem=strict", "StartLimitIntervalSec=0", "Type=notify", "WatchdogSec=15", "Restart=always",
        "OnFailure=locker-coils-off.service",
    ),
    "locker-bridge": (
        "User=locker-bridge", "PrivateDevices=yes", "InaccessiblePaths=-/var/lib/locker -/srv/locker",
        "CapabilityBoundingSet=", "ProtectSystem=strict", "StartLimitIntervalSec=0",
    ),
    "locker-kiosk": (
        "User=locker-kiosk", "IPAddressDeny=any", "IPAddressAllow=localhost", "RuntimeDirectory=locker-kiosk",
        "InaccessiblePaths=-/var/lib/locker -/srv/locker", "StartLimitIntervalSec=0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("unit", UNIT_LINES)
def test_the_units_say_what_was_tried(unit: str) -> None:
    """The lines that keep it so where a test cannot look; a unit without one of them is another unit."""
    lines = (UNITS / f"{unit}.service").read_text().splitlines()

    assert [line for line in UNIT_LINES[unit] if line not in lines] == []
