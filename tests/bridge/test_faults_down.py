"""Faults of what comes down, F-084 to F-092, on a whole locker of real processes: the coil log has the last word.

One locker lives through all of them. Its quota lets four doors be opened from afar within a minute, so that the last
test but one finds its end.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from sim.cloud.signing import Signer
from tests.bridge.site import AGENT, EAGER, Kind, Site, opened, resident_kib
from tests.bridge.stage import LOCKER, SOURCE, until

PER_MINUTE = 4
RESIDENT_MAX_KIB = 40 * 1024
FLOOD = 100  # messages of 700 KB
DEEP = b'{"a":' * 100_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with opened(folder, Kind.SECURED, bridge=EAGER, remote_per_minute=PER_MINUTE) as site:
        yield site


def coils(site: Site) -> int:
    return len(site.cabinet.coils())


def ends(site: Site, command: str) -> None:
    until(lambda: any(word in FINAL for word in site.answered(command)), f"{command} has its end")


FINAL = {"opened", "done", "failed", "unknown", "rejected", "expired"}


def security_events(site: Site) -> list[str]:
    site.whole()
    events = site.office.record.events(SOURCE)
    return [event["data"]["code"] for event in events if event["type"] == "locker.command.rejected"]


def test_the_same_command_has_one_effect_and_one_answer(site: Site) -> None:
    """F-084: three times at once, and once more from an agent that was killed in between."""
    order = site.unlock("7", jti="double-1")

    for _ in range(3):
        site.order(order)
    ends(site, "double-1")
    site.cabinet.hand("7", "close")
    first = site.answered("double-1")
    site.kill(AGENT)
    site.start(AGENT)
    site.order(order)
    until(lambda: len(site.answered("double-1")) > len(first), "the fourth answer")

    assert coils(site) == 1
    assert site.answered("double-1")[-1] == "opened"


def test_a_stale_command_is_answered_expired(site: Site) -> None:
    """F-085: an order that a queue held back for an hour."""
    before, then = coils(site), int(time.time()) - 3_600

    site.order(site.unlock("8", jti="stale-1", iat=then, exp=then + 30))
    ends(site, "stale-1")

    assert site.answered("stale-1") == ["expired"]
    assert coils(site) == before


def test_a_retained_command_is_refused_now_and_whenever_the_broker_brings_it(site: Site) -> None:
    """F-086: kept by the broker, it would open a door at every reconnect."""
    before, session = coils(site), site.session

    site.order(site.unlock("8", jti="kept-1"), retain=True)
    ends(site, "kept-1")
    site.proxy.cut()
    until(lambda: len(site.answered("kept-1")) >= 2, "brought again, answered again")
    site.order(b"", retain=True)
    site.up(after=session)

    assert set(site.answered("kept-1")) <= {"rejected", "expired"}
    assert coils(site) == before


def test_a_cancel_that_overtakes_its_command_wins(site: Site) -> None:
    """F-087: the two arrive in the wrong order; the door stays shut."""
    before = coils(site)

    site.order(site.claims("cancel", {"command": "late-1"}, jti="cancel-1"))
    site.order(site.unlock("8", jti="late-1"))
    ends(site, "late-1")

    assert site.answered("cancel-1") == ["done"]
    assert site.answered("late-1") == ["rejected"]
    assert coils(site) == before


def test_a_recorded_command_is_worth_nothing_after_a_restart(site: Site) -> None:
    """F-088: taken off the line, played again to the restarted locker, whose session is another one."""
    before, recorded, session = coils(site), site.unlock("8", jti="recorded-1"), site.session
    site.kill(EAGER)
    site.kill(AGENT)
    site.start(AGENT)
    site.start(EAGER)
    site.up(after=session)

    site.order(recorded)
    ends(site, "recorded-1")

    assert [answer["code"] for answer in site.answers() if answer["id"] == "recorded-1"] == ["session"]
    assert coils(site) == before


def test_what_the_back_office_has_not_signed_for_this_locker_opens_nothing(site: Site) -> None:
    """F-089: unsigned, signed by a stranger of the same name, for another locker: refused, and journalled."""
    before, answers = coils(site), len(site.answers())
    stranger = Signer(site.signer.name)
    session = str(site.session)

    for payload in (
        b'{"cmd":"unlock"}',
        stranger.command(LOCKER, session, "unlock", {"compartment": "8"}),
        site.unlock("8", aud="OTHER-0002"),
        _with_another_signature(site.unlock("8")),
    ):
        site.order(payload)
    until(lambda: len(site.answers()) == answers + 4, "four refusals")

    assert {answer["status"] for answer in site.answers()[answers:]} == {"rejected"}
    assert {"malformed", "signature", "audience"} <= set(security_events(site))
    assert coils(site) == before


def _with_another_signature(signed: bytes) -> bytes:
    """Its first character changed: the last ones are zeros often enough to be right by chance."""
    claims, _, signature = signed.rpartition(b".")
    return claims + b"." + (b"B" if signature.startswith(b"A") else b"A") + signature[1:]


def test_rubbish_of_every_kind_is_set_aside_and_ends_no_program(site: Site) -> None:
    """F-091: malformed, five megabytes, nested a hundred thousand times, bad UTF-8, on every topic of ours."""
    pids = {name: process.pid for name, process in site.programs.items()}

    for topic in ("dn/commands", "dn/acks", "dn/expected", "dn/desired/couriers"):
        for payload in (b"{", DEEP, b"\xff\xfe\x00", b"a.b.c", b"[" * 1000):
            site.office.send(LOCKER, topic, payload)
    site.order(site.claims("ping", jti="after-rubbish"))
    until(lambda: "done" in site.answered("after-rubbish"), "a sound command is answered")

    assert {name: process.pid for name, process in site.programs.items()} == pids
    assert all(process.poll() is None for process in site.programs.values())
    assert site.told("CLOUD-556", EAGER)


def test_the_quota_of_remote_openings_holds_against_whoever_has_the_key(site: Site) -> None:
    """F-090: valid orders, one after the other and then a flood: four doors a minute, an alarm, none for one person."""
    site.up()
    begin, before = time.monotonic(), coils(site)
    site.order(site.claims("unlock", bulk("8", "9"), jti="bulk-1"))
    ends(site, "bulk-1")
    orders = 0
    while "quota" not in codes(site):
        orders += 1
        site.order(site.unlock(str(10 + orders), jti=f"flood-{orders}"))
        ends(site, f"flood-{orders}")
    refused_at = coils(site)
    for number in range(200):
        site.order(site.unlock(str(30 + number % 20), jti=f"storm-{number}"))
    ends(site, "storm-199")

    minutes = 1 + int((time.monotonic() - begin) // 60)
    assert site.answered("bulk-1") == ["rejected"]
    assert refused_at - before <= PER_MINUTE * minutes
    assert coils(site) - before <= PER_MINUTE * minutes
    site.whole()
    faults = [event["data"] for event in site.office.record.events(SOURCE) if "fault.opened" in event["type"]]
    assert "CLOUD-530" in [fault["code"] for fault in faults]


def bulk(*doors: str) -> dict[str, Any]:
    return {"compartments": list(doors), "reason": "flood", "case": "C-9", "operator": "op-1"}


def codes(site: Site) -> list[str]:
    return [answer["code"] for answer in site.answers()]


def test_a_flood_of_large_messages_is_held_in_bounded_memory(site: Site) -> None:
    """F-092: the agent stands still while megabytes wait for it; the broker keeps what the bridge has no room for."""
    site.freeze(AGENT, True)
    for number in range(FLOOD):
        site.office.send(LOCKER, "dn/desired/couriers", b"%d" % number + b"x" * 700_000)
    until(lambda: resident_kib(site.programs[EAGER].pid) > 0, "it lives")
    most = max(resident_kib(site.programs[EAGER].pid) for _ in range(200))
    site.freeze(AGENT, False)

    site.whole()
    assert most < RESIDENT_MAX_KIB + 2 * 13 * 768
