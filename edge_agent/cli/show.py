"""Results for a person: one function a result, chosen by the operation's key. What is data goes to stdout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from edge_agent.cli import (
    show_bench,
    show_doors,
    show_health,
    show_identity,
    show_install,
    show_ledger,
    show_paper,
    show_stats,
    show_support,
    show_upkeep,
)
from edge_agent.cli.terminal import Grid, say, show, tell
from edge_agent.control import types as t
from edge_agent.error_table import EXPLANATIONS


def bus_scan(result: t.BusScanResult) -> None:
    for bus in result.buses:
        _scanned_bus(bus)
    found = [board for bus in result.buses for board in bus.boards]
    if any(board.configured for board in found):
        say("Next: lockerctl doors")
    elif found:
        say("Next: write what answered into locker.toml and try `lockerctl config check locker.toml`")
    else:
        say(
            "Nobody answered. Check the boards' power and the A/B wires; other speeds: --port PORT --baudrate BAUD"
        )


def _scanned_bus(bus: t.ScannedBus) -> None:
    count = f"{len(bus.boards)} board{'' if len(bus.boards) == 1 else 's'}"
    print(
        f"bus {bus.bus}, {bus.port}, {bus.baudrate} baud: {count}; asked {bus.asked} times in {bus.seconds:.0f} s"
    )
    if bus.error:
        print(f"  {bus.error.code} {bus.error.message}. {bus.error.next_step}")
    if bus.boards:
        show(
            Grid(
                SCAN_COLUMNS,
                [_scanned(board) for board in bus.boards],
                ("Address", "Channels", "Response", "Errors"),
            )
        )
    for name in bus.missing:
        print(f"  missing: board {name} is configured here and does not answer (BUS-110)")
    for trouble in bus.unsound:
        print(f"  no sound answer: {trouble.message} ({trouble.code})")


SCAN_COLUMNS = ("Family", "Address", "Board", "Channels", "Firmware", "Response", "Errors")


def _scanned(board: t.ScannedBoard) -> tuple[str, ...]:
    return (
        board.family,
        str(board.address),
        board.configured or "not configured",
        str(board.channels or "not told"),
        board.firmware or "-",
        f"{board.round_trip_ms:.1f} ms",
        f"{board.errors} of {board.asked}",
    )


def frame(one: t.Frame) -> None:
    mark = {"sent": "->", "received": "<-", "noise": " ?"}[one.direction]
    print(f"{one.at_s:9.3f}  {one.bus}  {mark} {one.hex or '(nothing)'}  {one.meaning}", flush=True)


def board_info(result: t.BoardInfoResult) -> None:
    columns = ("Board", "State", "Bus", "Driver", "Address", "Channels", "Firmware", "Response", "Says")
    show(Grid(columns, [_answer(board) for board in result.boards], ("Address", "Channels", "Response")))
    for board in result.boards:
        if board.error:
            told = EXPLANATIONS[board.error.code]
            tell(f"{told.code} {board.error.message}. {told.cause}")
            tell(told.next_step)
            say(f"Next: lockerctl bus stats --bus {board.bus}")


def _answer(board: t.BoardAnswer) -> tuple[str, ...]:
    details = ", ".join(
        [board.identity] * bool(board.identity) + [f"{k} {v}" for k, v in board.details.items()]
    )
    return (
        board.board,
        "answers" if board.answers else "silent" if _silent(board) else "failed",
        board.bus,
        board.driver,
        str(board.address),
        str(board.channels),
        board.firmware or "-",
        f"{board.round_trip_ms:.1f} ms" if board.round_trip_ms is not None else "-",
        details or "-",
    )


def _silent(board: t.BoardAnswer) -> bool:
    return board.error is not None and board.error.code == "BUS-110"


def doors(result: t.DoorsResult) -> None:
    show(doors_grid(result))
    print(doors_total(result))
    for trouble in result.troubles:
        say(f"{trouble.code} {trouble.message}. {trouble.next_step}")


def doors_grid(result: t.DoorsResult) -> Grid:
    columns = ("Door", "State", "Size", "Height", "Board", "Channel", "Sensor")
    rows = [
        (door.number, door.state, door.size, door.height, door.board, str(door.channel), _sensor(door))
        for door in result.doors
    ]
    return Grid(columns, rows, ("Channel",))


def _sensor(door: t.DoorRow) -> str:
    same = (door.sensor_board, door.sensor_channel) == (door.board, door.channel)
    return door.senses if same else f"{door.senses}, {door.sensor_board} {door.sensor_channel}"


def doors_total(result: t.DoorsResult) -> str:
    count = Counter(door.state for door in result.doors)
    states = ", ".join(f"{count[state]} {state}" for state in ("closed", "open", "unknown") if count[state])
    return f"{len(result.doors)} doors: {states}"


def unlock(result: t.UnlockResult) -> None:
    door = f"door {result.door} " if result.door else ""
    word = result.outcome.replace("_", " ")
    print(f"{door}(board {result.board}, channel {result.channel}): {word}; {result.detail}")
    if result.code in EXPLANATIONS:
        say(f"{result.code} {EXPLANATIONS[result.code].next_step}")


def scan(one: t.Scan) -> None:
    if one.dropped:
        print(f"{one.at_s:9.3f}  {one.scanner}  dropped: {one.dropped.replace('_', ' ')}", flush=True)
    else:
        print(f"{one.at_s:9.3f}  {one.scanner}  {one.text}  {one.symbology}".rstrip(), flush=True)


def scanner_trigger(result: t.ScannerTriggerResult) -> None:
    if result.scan is None:
        print(f"scanner {result.scanner}: no code was read")
        say("Hold a code 5 to 20 cm before the window; is its light on? Then `lockerctl scanner watch`.")
    else:
        scan(result.scan)


def config_check(result: t.ConfigCheckResult) -> None:
    if result.ok:
        print(f"{result.file}: good; {result.doors} doors, {result.boards} boards, {result.buses} buses")
        return
    print(f"{result.file}: {len(result.problems)} problem{'' if len(result.problems) == 1 else 's'}")
    for problem in result.problems:
        print(f"  {problem.code}  {problem.key or 'the file'}: {problem.reason}")
        print(f"            {problem.next_step}")


def explain(result: t.ExplainResult) -> None:
    print(f"{result.code}  {result.english}")
    print(f"          {result.chinese}")
    print(f"  cause   {result.cause}")
    print(f"  do      {result.next_step}")


def lists_import(found: t.ListsImportResult) -> None:
    print(
        f"taken over: {found.carriers} carriers, {found.couriers} couriers, {found.staff} staff, "
        f"{found.expected} expected parcels"
    )


def cabinet_accept(found: t.CabinetAcceptResult) -> None:
    print(f"accepted: {found.doors} compartments may be offered")


SHOW: dict[str, Callable[[Any], None]] = {
    "bus.scan": bus_scan,
    "bus.watch": frame,
    "board.info": board_info,
    "doors": doors,
    "unlock": unlock,
    "door.unlock": unlock,
    "bus.replay": frame,
    "scanner.watch": scan,
    "scanner.trigger": scanner_trigger,
    "lists.import": lists_import,
    "cabinet.accept": cabinet_accept,
    "config.check": config_check,
    "explain": explain,
    **show_ledger.SHOW,
    **show_doors.SHOW,
    **show_health.SHOW,
    **show_bench.SHOW,
    **show_upkeep.SHOW,
    **show_install.SHOW,
    **show_paper.SHOW,
    **show_stats.SHOW,
    **show_support.SHOW,
    **show_identity.SHOW,
}
"""Operation key → how its result, or one item of its stream, is shown."""
