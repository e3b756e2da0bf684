"""What devices, certificates, backups and the ledger give as findings: each with its code and what to type next."""

from __future__ import annotations

import os
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from edge_agent.clock import VirtualClock
from edge_agent.config import decode
from edge_agent.control.health_types import Check
from edge_agent.domain import drill, hardware, service, service_mode
from edge_agent.domain.words import Cause
from edge_agent.error_table import EXPLANATIONS
from edge_agent.health import devices, host, locker
from edge_agent.health.devices import BoardSeen, Heard, PortSeen
from edge_agent.health.words import LEADS_ON, report
from edge_agent.store.places import Settings
from tests.cli.running import certificate
from tests.domain.locker import Locker
from tests.test_config import GOOD

DAY_S = 86_400


def verdicts(checks: list[Check]) -> list[tuple[str, str]]:
    return [(check.verdict, check.code) for check in checks]


def test_every_lead_is_for_a_code_that_exists_and_leads_to_this_tool() -> None:
    """A finding that sends a person nowhere costs them the evening."""
    assert LEADS_ON.keys() <= EXPLANATIONS.keys()
    assert all(command.startswith("lockerctl ") for command in LEADS_ON.values())


def test_a_silent_board_and_a_lost_port_are_bad_and_what_is_not_known_yet_is_not() -> None:
    seen = (
        BoardSeen("A", "main", True),
        BoardSeen("B", "main", None),
        BoardSeen("C", "main", False, "BUS-110", "x"),
    )

    boards = list(devices.boards(seen))
    buses = list(devices.buses([PortSeen("main", "/dev/x"), PortSeen("two", "/dev/y", "BUS-101", "gone")]))

    assert verdicts(boards) == [("well", ""), ("skipped", ""), ("bad", "BUS-110")]
    assert boards[2].command == "lockerctl board info C"
    assert verdicts(buses) == [("well", ""), ("bad", "BUS-101")]
    assert buses[1].command == "lockerctl bus scan"


def test_a_lost_scanner_names_what_is_plugged_in_instead(tmp_path: Path) -> None:
    """The cable went back into another socket and the scanner got another name."""
    (tmp_path / "usb-Other_Scanner-if00").touch()

    (check,) = devices.scanners([PortSeen("front", "/dev/front", "BUS-104", "hung up")], tmp_path)

    assert check.code == "BUS-120"
    assert check.fact == "port /dev/front: hung up; plugged in: usb-Other_Scanner-if00"


@pytest.mark.parametrize(("ago_s", "verdict"), [(None, "attention"), (1.0, "well"), (60.0, "bad")])
def test_a_screen_is_judged_by_its_pages_heartbeat(ago_s: float | None, verdict: str) -> None:
    assert [check.verdict for check in devices.screen(Heard(True, ago_s))] == [verdict]


@pytest.mark.parametrize(
    ("heard", "waiting", "found"),
    [
        (Heard(False, None), 9, ("skipped", "")),
        (Heard(True, 5.0), 9, ("well", "")),
        (Heard(True, None), 9, ("attention", "CLOUD-561")),
        (Heard(True, 600.0), 9, ("attention", "CLOUD-561")),
        (Heard(True, 5.0), 9_000, ("attention", "CLOUD-559")),
    ],
)
def test_the_cloud_is_judged_by_who_asks_and_by_what_waits(
    heard: Heard, waiting: int, found: tuple[str, str]
) -> None:
    assert verdicts(list(devices.cloud(heard, waiting))) == [found]


@pytest.mark.parametrize(("days", "verdict"), [(300, "well"), (20, "attention"), (5, "bad"), (-1, "bad")])
def test_a_certificate_is_told_while_there_is_time_to_renew_it(
    tmp_path: Path, days: int, verdict: str
) -> None:
    file = tmp_path / "client.pem"
    certificate(file, days)
    config = decode(tomllib.loads(GOOD))
    cloud = msgspec.structs.replace(config.cloud, cert_file=str(file), ca_file="")
    looked = host.Host(msgspec.structs.replace(config, cloud=cloud), Settings(tmp_path, "HK-0001"))

    assert [check.verdict for check in host.certificate(looked)] == [verdict]


def test_a_backup_that_two_nights_have_missed_is_told(tmp_path: Path) -> None:
    at = Settings(tmp_path, "HK-0001")
    at.backups.mkdir(parents=True)
    made = at.backups / "ledger-1772352000000-abc-1.age"
    made.write_bytes(b"sealed")
    now = datetime(2026, 3, 8, tzinfo=UTC)
    looked = host.Host(decode(tomllib.loads(GOOD)), at, now=lambda: now)

    found = []
    for age_days in (0.5, 3):
        then = (now - timedelta(days=age_days)).timestamp()
        os.utime(made, (then, then))
        found.append(next(host.backups(looked)))

    assert verdicts(found) == [("well", ""), ("attention", "STORE-423")]
    assert found[1].command == "lockerctl backup make"


def test_a_door_that_failed_leads_to_its_history_and_a_ticket_is_not_told_twice() -> None:
    kept = Locker()
    opening = kept.do(
        lambda s, at: service.open_door(s, "3", Cause.TECHNICIAN, "technician:t1", at, kept.chance)
    )
    kept.jams(opening.intent)
    kept.do(lambda s, at: hardware.board_silent(s, "B", ("5", "6"), "silent", at))
    told = [
        *locker.doors(kept.state, 180, kept.clock.now()),
        *devices.boards([BoardSeen("B", "m", False, "BUS-110", "x")]),
    ]

    found = locker.findings([*told, *locker.tickets(kept.state, told)])

    assert [(one.code, one.command) for one in found] == [
        ("BUS-110", "lockerctl board info B"),
        ("DOOR-201", "lockerctl door history 3"),
    ]


def test_doors_that_stand_open_or_hide_their_contents_are_told() -> None:
    kept = Locker()
    opening = kept.do(
        lambda s, at: service.open_door(s, "2", Cause.TECHNICIAN, "technician:t1", at, kept.chance)
    )
    kept.opens("2")
    kept.pass_s(600)
    kept.do(lambda s, at: service.contents_unknown(s, "4", "nobody answered", at))

    found = {one.code: one for one in locker.doors(kept.state, 180, kept.clock.now())}

    assert opening.compartment == "2"
    assert found["DOOR-210"].fact == "has stood open for 10 minutes"
    assert found["DOOR-209"].command == "lockerctl reconcile"


def test_what_a_person_has_switched_is_not_forgotten() -> None:
    kept = Locker()
    kept.do(lambda s, at: service_mode.switch(s, True, "technician:t1", "new latch", at))
    kept.do(lambda s, at: drill.start(s, "technician:t1", "fire", at))

    assert [one.code for one in locker.modes(kept.state)] == ["FLOW-313", "CTRL-720"]


def test_a_clock_without_a_time_server_is_told() -> None:
    clock = VirtualClock()
    assert [one.verdict for one in locker.clock(clock.now())] == ["well"]

    clock.quality = type(clock.quality).FLOOR

    assert [one.code for one in locker.clock(clock.now())] == ["HOST-704"]


def test_doctor_sends_nobody_to_itself() -> None:
    found = list(devices.scanners([PortSeen("front", "/dev/front", "BUS-101", "gone")]))

    assert report("1", found, "").checks[0].command == "lockerctl explain BUS-120"
