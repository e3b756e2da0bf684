"""The rows for one door, the buses' traffic, the screen, one parcel, stock-taking and the event stream."""

from __future__ import annotations

from edge_agent.control import bench_types as b
from edge_agent.control import types as t
from edge_agent.control.operation import Needs, Operation, Role, Tier


def _row(
    name: str,
    summary: str,
    tier: Tier,
    needs: Needs,
    arguments: type[t.Arguments],
    result: type,
    example: str,
    stream: bool = False,
    typed: str = "",
) -> Operation:
    words = f"lockerctl {typed or name} {example}".strip()
    return Operation(name, summary, Role.TECHNICIAN, tier, needs, arguments, result, words, stream, typed)


BENCH_ROWS: tuple[Operation, ...] = (
    _row(
        "door unlock",
        "Unlock one door by its printed number: one frame, and the sensor says what came of it.",
        Tier.CONFIRM,
        Needs.HARDWARE,
        b.DoorUnlockArguments,
        t.UnlockResult,
        "17 --reason 'parcel stuck'",
    ),
    _row(
        "door watch",
        "Show what one door's sensor says, as it changes.",
        Tier.READ,
        Needs.HARDWARE,
        b.DoorWatchArguments,
        b.DoorSighting,
        "17",
        stream=True,
    ),
    _row(
        "door test",
        "Open one door and wait for a hand to shut it, once or several times, with times.",
        Tier.CONFIRM,
        Needs.AGENT,
        b.DoorTestArguments,
        b.DoorTestItem,
        "17 --cycles 3 --reason 'latch replaced'",
        stream=True,
    ),
    _row(
        "door history",
        "Show the last openings of one door: who, why, what came of it and how long it took.",
        Tier.READ,
        Needs.LEDGER,
        b.DoorHistoryArguments,
        b.DoorHistoryResult,
        "17 --last 5",
    ),
    _row(
        "bus stats",
        "Show what each board was asked and answered since the agent's start, with error rates and times.",
        Tier.READ,
        Needs.AGENT,
        b.BusStatsArguments,
        b.BusStatsResult,
        "--bus main",
    ),
    _row(
        "bus capture",
        "Write the frames of the buses into a new file, for a colleague or a maker.",
        Tier.REVERSIBLE,
        Needs.HARDWARE,
        b.BusCaptureArguments,
        b.BusCaptureResult,
        "frames.jsonl --seconds 30",
    ),
    _row(
        "bus replay",
        "Show the frames of a captured file; nothing is sent.",
        Tier.READ,
        Needs.NOTHING,
        b.BusReplayArguments,
        t.Frame,
        "frames.jsonl",
        stream=True,
    ),
    _row(
        "screen info",
        "Say whether the screen's page is alive, what it shows, and what the display can do.",
        Tier.READ,
        Needs.AGENT,
        t.Nothing,
        b.ScreenResult,
        "",
    ),
    _row(
        "screen test",
        "Dim the display and make it bright again, so that a person sees it obey.",
        Tier.REVERSIBLE,
        Needs.AGENT,
        t.Nothing,
        b.ScreenTestResult,
        "",
    ),
    _row(
        "screen blank",
        "Let the display rest now, or wake it.",
        Tier.REVERSIBLE,
        Needs.AGENT,
        b.ScreenBlankArguments,
        b.ScreenResult,
        "on",
    ),
    _row(
        "parcel",
        "Tell the story of one parcel by its waybill number, personal data masked.",
        Tier.READ,
        Needs.LEDGER,
        b.ParcelArguments,
        b.ParcelResult,
        "SF1234567890123",
    ),
    _row(
        "reconcile",
        "Take stock: name the compartments that are in doubt, and on a terminal go through them door by door.",
        Tier.READ,
        Needs.AGENT,
        b.ReconcileArguments,
        b.ReconcileResult,
        "--all",
    ),
    _row(
        "journal follow",
        "Show what happens, newest last; with -f as it happens.",
        Tier.READ,
        Needs.AGENT,
        b.FollowArguments,
        b.FollowedEvent,
        "-f",
        stream=True,
        typed="events",
    ),
)
