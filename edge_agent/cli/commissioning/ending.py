"""The end of commissioning: two persons sign off, the report is signed and written, and the cabinet is accepted.

Where the staff list names somebody, both prove themselves by PIN, as for every act that two must agree to. A new locker
has no such list yet: then a technician and an operator are named, and the report says that they were only named. The
ledger learns the unlocks of the walk first, then the acceptance with the report's digest.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from edge_agent.cli.commissioning.around import SCREEN
from edge_agent.cli.commissioning.boards import Boards
from edge_agent.cli.commissioning.progress import Progress
from edge_agent.cli.commissioning.site import Site, Talk, ask, told
from edge_agent.control import direct_record
from edge_agent.control.commission_types import (
    AcceptanceReport,
    CommissionItem,
    ReportedBoard,
    ReportedScanner,
    Signature,
)
from edge_agent.control.health_types import Check
from edge_agent.domain import emergency, recovery, service
from edge_agent.domain.emergency import Admitted, Proof
from edge_agent.domain.staff_member import TECHNICIAN
from edge_agent.store.opening import Opened
from edge_agent.store.places import settings_of
from edge_agent.version import VERSION

R = TypeVar("R")
VERB = "commission"
SIGN_TRIES = 3  # a wrong PIN is counted by the ledger as well, which locks a person out on its own


def in_ledger(site: Site, job: Callable[[Opened], Coroutine[Any, Any, R]]) -> R:
    """One job on the ledger of a locker whose agent is stopped."""
    from edge_agent.randomness import SystemRandomness
    from edge_agent.store.executor import Inline
    from edge_agent.store.offline import machine_clock
    from edge_agent.store.opening import open_ledger

    async def run() -> R:
        settings = settings_of(site.bench.config)
        opened = await open_ledger(settings, machine_clock(), SystemRandomness(), Inline())
        try:
            return await job(opened)
        finally:
            await opened.ledger.close()

    return asyncio.run(run())


def check_empty(site: Site) -> None:
    """No door is opened for a test while a parcel lies behind any of them. Raises Refusal."""
    from edge_agent.domain.refusals import WRONG_SITUATION, Refusal

    async def stays(opened: Opened) -> int:
        return len(opened.ledger.state.stay)

    inside = in_ledger(site, stays) if settings_of(site.bench.config).ledger.exists() else 0
    if inside:
        raise Refusal(WRONG_SITUATION, f"{inside} parcels are inside or in doubt: clear them first")


def left_to_owner(state_dir: Path) -> None:
    """Whoever runs this as root leaves the files to the owner of their folder, which is the agent."""
    if os.geteuid() == 0 and state_dir.is_dir():
        owner = state_dir.stat()
        for path in state_dir.rglob("*"):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def signed_off(site: Site) -> Talk[tuple[Signature, ...]]:
    """Both persons' yes; () where they could not be told apart or proven."""

    async def staffed(opened: Opened) -> bool:
        return bool(opened.ledger.state.staff)

    by_pin = in_ledger(site, staffed)
    for _ in range(SIGN_TRIES):
        technician = yield from ask(
            "technician", "Signed off by the technician (name as on the staff list): "
        )
        first = (yield from ask("pin", "PIN: ", place=technician, secret=True)) if by_pin else ""
        operator = yield from ask("operator", "and for the operator, by another person: ")
        second = (yield from ask("pin", "PIN: ", place=operator, secret=True)) if by_pin else ""
        why = _why_not(site, (technician, first), (operator, second), by_pin)
        if not why:
            proof = "pin" if by_pin else "named"
            return (
                Signature(role="technician", name=technician, proof=proof),  # type: ignore[arg-type]
                Signature(role="operator", name=operator, proof=proof),  # type: ignore[arg-type]
            )
        yield told(why)
    return ()


def _why_not(site: Site, first: tuple[str, str], second: tuple[str, str], by_pin: bool) -> str:
    if not first[0] or not second[0] or first[0].casefold() == second[0].casefold():
        return "Two different persons are needed."
    if not by_pin:
        return ""
    from edge_agent.domain.refusals import Refusal

    try:
        admitted = in_ledger(site, lambda opened: _admitted(opened, first, second))
    except Refusal as refusal:
        return refusal.detail
    return "" if admitted else "A PIN is wrong; it has been counted."


async def _admitted(opened: Opened, first: tuple[str, str], second: tuple[str, str]) -> bool:
    from edge_agent.kiosk.session_inputs import pin_text
    from edge_agent.randomness import SystemRandomness, uuid7
    from edge_agent.store.executor import Inline
    from edge_agent.store.offline import machine_clock
    from edge_agent.store.opening import hasher_of

    hasher = hasher_of(opened.keys, Inline())
    one, other = (Proof(name, hasher.code_hash(pin_text(name, pin))) for name, pin in (first, second))
    command = uuid7(machine_clock().now().wall, SystemRandomness())
    done = await opened.ledger.transact(
        lambda state, at: emergency.admit(state, one, other, command, at, VERB)
    )
    return isinstance(done.result, Admitted)


def report_of(
    site: Site,
    boards: Boards,
    progress: Progress,
    checks: tuple[Check, ...],
    signatures: tuple[Signature, ...],
) -> AcceptanceReport:
    config = site.bench.config
    trials = tuple(trial for door in config.doors() if (trial := progress.trial(door)) is not None)
    scanners = tuple(
        progress.scanners.get(one.name, ReportedScanner(scanner=one.name, verdict="not tested"))
        for one in config.scanner
    )
    whole = len(trials) == len(config.doors()) and all(one.verdict == "passed" for one in trials)
    bad = any(check.verdict == "bad" for check in checks) or any(one.verdict == "failed" for one in scanners)
    passed = whole and not bad and not progress.open_findings and len(signatures) == 2
    return AcceptanceReport(
        locker=config.locker.id,
        name=config.locker.name,
        version=VERSION,
        configuration=_digest_of(site),
        begun=progress.begun,
        ended=site.stamp(),
        boards=tuple(_board(site, boards, name) for name in boards.seen),
        doors=trials,
        scanners=scanners,
        screen=SCREEN,
        checks=checks,
        findings=progress.findings,
        verdict="passed" if passed else "failed",
        signatures=signatures,
    )


def _board(site: Site, boards: Boards, name: str) -> ReportedBoard:
    section, seen = site.bench.board_named(name), boards.seen[name]
    return ReportedBoard(
        board=name,
        bus=section.bus,
        driver=section.driver,
        address=section.address,
        channels=section.channels,
        firmware=seen.firmware,
        identity=seen.identity,
    )


def _digest_of(site: Site) -> str:
    """As the agent names its configuration in the journal."""
    return hashlib.sha256(msgspec.json.encode(site.bench.config)).hexdigest()


def written(site: Site, report: AcceptanceReport) -> tuple[Path, str]:
    """The three files under the state directory; returns the JSON file and the digest."""
    from edge_agent.cli.commissioning import acceptance

    async def device_key(opened: Opened) -> bytes:
        return opened.keys.device

    signed = acceptance.sign(report, in_ledger(site, device_key))
    return acceptance.write(signed, site.bench.state_dir / "reports", site.print_pdf), signed.digest


def accept(site: Site, report: AcceptanceReport, digest: str) -> None:
    """From now on the cabinet takes deposits. Doors, unlocks of the walk, acceptance: in this order."""
    from edge_agent.agent import door_specs

    config, state_dir = site.bench.config, site.bench.state_dir
    actor = "+".join(f"{one.role}:{one.name}" for one in report.signatures)
    unlocks = [one for one in direct_record.read(state_dir) if isinstance(one, direct_record.DirectUnlock)]
    records = [
        recovery.DirectRecord(one.id, one.door, f"{TECHNICIAN}:{one.login}", one.reason) for one in unlocks
    ]
    doors = tuple(one.number for one in report.doors)

    async def taken_over(opened: Opened) -> None:
        ledger = opened.ledger
        specs, file = door_specs(config), direct_record.RECORD_FILE
        await ledger.transact(lambda state, at: service.configure(state, report.configuration, specs, at))
        await ledger.transact(lambda state, at: recovery.import_direct(state, records, file, at))
        await ledger.transact(lambda state, at: service.accept(state, actor, doors, at, digest))

    in_ledger(site, taken_over)


def end(file: Path, digest: str, accepted: bool, left: int) -> CommissionItem:
    verdict = "accepted: it takes deposits once the agent runs" if accepted else "not accepted"
    more = f"; {left} faults are open, mend them and run it again" if left else ""
    return CommissionItem(
        what="end",
        text=f"The cabinet is {verdict}{more}.",
        report=str(file),
        digest=digest,
        accepted=accepted,
    )
