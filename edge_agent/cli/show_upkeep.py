"""Maintenance, wear, inspections, devices, drills, configuration and the list of parts, for a person."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from edge_agent.cli.show_bench import local, person
from edge_agent.cli.show_health import findings
from edge_agent.cli.terminal import Grid, paint, say, show
from edge_agent.control import config_types as c
from edge_agent.control import upkeep_types as u

STANDING = {"due": "bold red", "soon": "bold yellow", "fine": "green"}


def due(found: u.MaintenanceDueResult) -> None:
    if not found.items:
        print("nothing is due; everything: lockerctl maintenance due --all")
        return
    columns = ("Item", "Place", "Standing", "Left", "Last done", "What")
    show(Grid(columns, [_due(row) for row in found.items], ("Left",)))
    first = next((row for row in found.items if row.standing == "due"), None)
    if first:
        place = f" --place {first.place}" if first.place else ""
        say(f"Next, when it is done: lockerctl maintenance do {first.item}{place} --result TEXT")


def _due(row: u.DueRow) -> tuple[str, ...]:
    left = [f"{row.days_left} days"] if row.days_left is not None else []
    left += [f"{row.cycles_left} openings"] if row.cycles_left is not None else []
    last = local(row.last) if row.last else "never"
    return (row.item, row.place or "-", row.standing, ", ".join(left), last, row.says)


def done(found: u.MaintenanceDoneResult) -> None:
    place = f" at door {found.place}" if found.place else ""
    print(f"recorded: {found.item}{place}, after {found.cycles} openings")


def log(found: u.MaintenanceLogResult) -> None:
    if not found.done:
        print("nothing was recorded yet")
        return
    rows = [
        (local(row.time), row.what, row.place or "-", person(row.actor), row.result) for row in found.done
    ]
    show(Grid(("Time", "What", "Place", "By", "Result"), rows))


def wear(found: u.WearResult) -> None:
    if not found.locks:
        print(
            f"{found.counted} locks have opened, none wears out; all of them: lockerctl maintenance wear --all"
        )
        return
    columns = ("Door", "Verdict", "Openings", "Failed", "Slow", "Median", "Days left")
    show(Grid(columns, [_worn(row) for row in found.locks], columns[2:]))
    print(f"a lock is made for {found.rated} openings")
    worst = found.locks[0]
    if worst.verdict == "replace":
        say(f"Next, with a new lock: lockerctl device fit 'lock {worst.door}' --serial SERIAL --reason TEXT")


def _worn(row: u.WearRow) -> tuple[str, ...]:
    median = "-" if row.median_ms is None else f"{row.median_ms} ms"
    left = "-" if row.days_left is None else str(row.days_left)
    shares = (f"{row.failed_percent:.1f} %", f"{row.slow_percent:.1f} %")
    return (row.door, row.verdict, str(row.openings), *shares, median, left)


def inspected(found: u.InspectResult) -> None:
    if not found.record:
        rows = [(row.item, row.asks, row.command or "-") for row in found.items]
        show(Grid(("Question", "Asks", "Shown by"), rows))
        say(f"Next: lockerctl inspect {found.checklist} --answer {found.items[0].item}=good --answer ...")
        return
    rows = [(row.item, row.verdict, row.note) for row in found.items]
    show(Grid(("Question", "Verdict", "Note"), rows))
    bad = sum(row.verdict == "bad" for row in found.items)
    print(f"recorded: {found.checklist}, {bad} bad")


def readiness(found: u.ReadinessResult) -> None:
    wrong = [check for check in found.checks if check.verdict in ("bad", "attention")]
    findings(wrong)
    passed = sum(check.verdict == "well" for check in found.checks)
    print(paint(f"{passed} passed, {len(wrong)} not", "bold yellow" if wrong else "bold green"))


def devices(found: u.DeviceListResult) -> None:
    if not found.devices:
        print("the archive is empty; Next: lockerctl device fit 'lock 1' --serial SERIAL")
        return
    columns = ("Place", "Model", "Serial", "Firmware", "Since", "By", "Reason")
    rows = [
        (
            row.place,
            row.model or "-",
            row.serial or "-",
            row.firmware or "-",
            local(row.installed),
            person(row.actor),
            row.reason,
        )
        for row in found.devices
    ]
    show(Grid(columns, rows))


def fitted(found: u.DeviceFitResult) -> None:
    replaced = f", in place of {found.replaces}" if found.replaces else ""
    print(f"{found.place}: {found.serial or 'no serial number'}{replaced}")


def drill(found: u.DrillResult) -> None:
    if found.going_on:
        print(f"a drill is going on since {local(found.since)}: {found.reason}")
        say("Next, when everybody is done: lockerctl drill end")
        return
    print(f"the drill of {local(found.since)} is over: {found.reason}")
    show(
        Grid(
            ("Event", "Times"),
            [(name, str(count)) for name, count in sorted(found.events.items())],
            ("Times",),
        )
    )


def decommissioned(found: u.DecommissionResult) -> None:
    print(f"{found.events} events written out, SHA-256 {found.digest}")
    for line in found.wiped:
        print(f"wiped: {line}")
    say("Keep the file and its digest with the scrapping papers; have the locker's certificate revoked.")


def config_show(found: c.ConfigShowResult) -> None:
    width = max(len(key) for key in found.values)
    for key, value in found.values.items():
        print(f"{key:<{width}}  {value}")


def config_diff(found: c.ConfigDiffResult) -> None:
    if not found.changes:
        print(f"{found.file} says the same")
        return
    show(
        Grid(
            ("Key", "In force", "In the file"),
            [(x.key, x.before or "-", x.after or "-") for x in found.changes],
        )
    )
    say(f"Next: lockerctl config apply {found.file} --reason TEXT")


def config_applied(found: c.ConfigApplyResult) -> None:
    print(f"{found.file}: {found.changes} values changed; the former one is {found.kept}")
    say("Next: systemctl restart locker-agent locker-bridge")


def version(found: c.VersionsResult) -> None:
    if found.sbom is not None:
        print(json.dumps(found.sbom, indent=1, ensure_ascii=False))
    else:
        print(f"lockerctl {found.version} (Python {found.python})")


def completion(found: c.CompletionResult) -> None:
    print(found.script)


SHOW: dict[str, Callable[[Any], None]] = {
    "maintenance.due": due,
    "maintenance.do": done,
    "maintenance.log": log,
    "maintenance.wear": wear,
    "inspect": inspected,
    "readiness": readiness,
    "device.list": devices,
    "device.fit": fitted,
    "drill.start": drill,
    "drill.end": drill,
    "cabinet.decommission": decommissioned,
    "config.show": config_show,
    "config.diff": config_diff,
    "config.apply": config_applied,
    "version": version,
    "completion": completion,
}
