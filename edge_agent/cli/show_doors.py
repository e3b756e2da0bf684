"""Results about compartments, deposits and emergencies for a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge_agent.cli.terminal import say
from edge_agent.control import door_types as t


def compartment(result: t.CompartmentResult) -> None:
    faults = f", {result.resolved} faults resolved" if result.resolved else ""
    print(f"compartment {result.number}: {result.condition}, contents {result.contents}{faults}")


def verified(result: t.CompartmentVerifyResult) -> None:
    if result.outcome is not None:
        print(f"compartment {result.number}: {result.outcome}")
        return
    print(f"compartment {result.number}: contents {result.contents}")
    if result.needs_code:
        say("Its pickup code was used or is missing: ask the back office for a fresh one.")


def deposits(result: t.DepositsResult) -> None:
    print(f"deposits are {result.deposits}{f': {result.reason}' if result.reason else ''}")


def open_all(item: t.OpenAllItem) -> None:
    told = item.outcome or f"not tried, {item.code} {item.detail}"
    print(f"{item.place}/{item.of} door {item.door}: {told}", flush=True)


SHOW: dict[str, Callable[[Any], None]] = {
    "compartment.block": compartment,
    "compartment.unblock": compartment,
    "compartment.verify": verified,
    "deposits.stop": deposits,
    "deposits.resume": deposits,
    "service-mode": deposits,
    "emergency.stop-deposits": deposits,
    "emergency.open-all": open_all,
}
