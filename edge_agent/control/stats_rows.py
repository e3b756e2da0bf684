"""The rows of figures: the days as counted, and what they say."""

from __future__ import annotations

from edge_agent.control import stats_types as s
from edge_agent.control.operation import Needs, Operation, Role, Tier

STATS_ROWS: tuple[Operation, ...] = (
    Operation(
        "stats",
        "Deposits, pickups, use, availability, success and times, by day, week or month.",
        Role.TECHNICIAN,
        Tier.READ,
        Needs.NOTHING,
        s.StatsArguments,
        s.StatsResult,
        "lockerctl stats --by month --html november.html --compare",
    ),
    Operation(
        "figures",
        "The counted days as they stand in the ledger, by carrier, size, hour and cause.",
        Role.TECHNICIAN,
        Tier.READ,
        Needs.LEDGER,
        s.FiguresArguments,
        s.FiguresResult,
        "lockerctl figures --first 2026-11-01 --json",
    ),
)
