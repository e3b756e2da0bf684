"""`cabinet decommission`: the agent stopped, two persons' approval, nothing inside, the journal written out."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.cli.direct.bench import Bench
from edge_agent.control.upkeep_types import DecommissionArguments, DecommissionResult
from edge_agent.errors import ControlError

if TYPE_CHECKING:
    from edge_agent.store.places import Settings

VERB = "cabinet decommission"


def decommission(asked: DecommissionArguments, bench: Bench) -> DecommissionResult:
    """Raises ControlError CTRL-704 for a wrong site code, Refusal for a parcel inside or a wrong PIN; OSError."""
    from edge_agent.store import offline, wiping
    from edge_agent.store.places import settings_of

    if asked.confirm != bench.config.locker.id:
        raise ControlError("CTRL-704", VERB, "the site code is not this locker's")
    bench.hold_state()
    settings = settings_of(bench.config)
    out = Path(asked.export)
    if out.exists():
        raise ControlError("CTRL-706", asked.export, "there is such a file already; name a new one")
    bench.progress("checking who asks, and that nothing is inside")
    asyncio.run(_agree(asked, settings))
    bench.progress("writing the journal out")
    with out.open("xb") as file:
        events = offline.journal_export(settings, file)
        file.flush()
        os.fsync(file.fileno())
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    bench.progress("wiping")
    return DecommissionResult(events=events, digest=digest, wiped=wiping.wipe(settings))


async def _agree(asked: DecommissionArguments, settings: Settings) -> None:
    """Both persons and the empty cabinet, judged by the ledger; its last event says who and why."""
    from edge_agent.domain import emergency
    from edge_agent.domain import events as e
    from edge_agent.domain.decision import Decision
    from edge_agent.domain.emergency import Admitted, Proof
    from edge_agent.domain.refusals import NOT_PERMITTED, WRONG_SITUATION, Refusal
    from edge_agent.kiosk.session_inputs import pin_text
    from edge_agent.randomness import SystemRandomness, uuid7
    from edge_agent.store.executor import Inline
    from edge_agent.store.offline import machine_clock
    from edge_agent.store.opening import hasher_of, open_ledger

    clock, chance = machine_clock(), SystemRandomness()
    opened = await open_ledger(settings, clock, chance, Inline())
    try:
        if opened.ledger.state.stay:
            count = len(opened.ledger.state.stay)
            raise Refusal(WRONG_SITUATION, f"{count} parcels are inside or in doubt: clear them first")
        hasher = hasher_of(opened.keys, Inline())
        first, second = (
            Proof(name, hasher.code_hash(pin_text(name, pin)))
            for name, pin in ((asked.first, asked.first_pin), (asked.second, asked.second_pin))
        )
        command = uuid7(clock.now().wall, chance)
        admitted = await opened.ledger.transact(
            lambda state, at: emergency.admit(state, first, second, command, at, VERB)
        )
        if not isinstance(admitted.result, Admitted):
            raise Refusal(NOT_PERMITTED, "a PIN is wrong; it has been counted")
        last = e.CabinetDecommissioned(admitted.result.actor, asked.reason)
        await opened.ledger.transact(lambda state, at: Decision((last,)))
    finally:
        await opened.ledger.close()
