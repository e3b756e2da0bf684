"""`locker.toml` as it should be: proposed from what answered and what the walk has learned, shown as a difference.

A file that is there keeps every line but those of its doors: comments and other sections belong to whoever wrote them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from edge_agent.cli.commissioning.boards import LOOKS_MAX, Place, address_of, duplicate, finding
from edge_agent.cli.commissioning.site import Site, Talk, ask, told
from edge_agent.cli.commissioning.walk import Learned
from edge_agent.cli.direct import scan, setup
from edge_agent.cli.direct.bench import config_path
from edge_agent.config import Door
from edge_agent.control import install_types as i
from edge_agent.control import types as t
from edge_agent.control.commission_types import CommissionArguments, CommissionItem, DoorTrial, Finding
from edge_agent.errors import ControlError

DOOR_HEADERS = ("[[compartments]]", "[[compartment]]", "[compartments.", "[compartment.")


def first_file(site: Site, asked: CommissionArguments) -> Talk[list[Finding]]:
    """Write the first `locker.toml`, after every port was looked at and the person agreed. Returns what was wrong.

    Raises ControlError where nobody answers, ConfigError for a wrong id or size, and for a no.
    """
    noted: dict[str, Finding] = {}
    ports = list(asked.port) or [setup.only_port()]
    for _ in range(LOOKS_MAX):
        yield told(f"Looking for boards on {', '.join(ports)}. This takes a minute or two for each.")
        scanned = [_looked(site, asked, port) for port in ports]
        garbled = {
            duplicate(Path(port).name, address_of(one))
            for port, buses in zip(ports, scanned, strict=True)
            for bus in buses
            for one in bus.unsound
        }
        for place, fact in sorted(garbled):
            noted[place] = Finding(
                fault="duplicate-address", code="BUS-111", place=place, fact=fact, at=site.stamp()
            )
            yield finding(noted[place])
        if not garbled:
            break
        word = yield from ask("boards", "Mend it and look [a]gain, or go [o]n without?", ("again", "on"))
        if word == "on":
            break
    text = _first_text(asked, ports, scanned)
    yield from _agreed(site, config_path(site.bench.config_file), "", text)
    return [
        msgspec.structs.replace(one, mended=place not in {p for p, _ in garbled})
        for place, one in noted.items()
    ]


def _looked(site: Site, asked: CommissionArguments, port: str) -> tuple[t.ScannedBus, ...]:
    wanted = t.BusScanArguments(port=port, family=asked.family, addresses=asked.addresses)
    return scan.scan(wanted, site.bench).buses


def _first_text(asked: CommissionArguments, ports: list[str], scanned: list[tuple[t.ScannedBus, ...]]) -> str:
    best = [max(buses, key=lambda bus: len(bus.boards)) for buses in scanned]
    found = [
        setup.FoundBus(port, bus.baudrate, list(bus.boards))
        for port, bus in zip(ports, best, strict=True)
        if bus.boards
    ]
    if not found:
        raise ControlError("CTRL-705", f"lock board on {', '.join(ports)}", "nobody answered")
    wanted = i.SetupArguments(id=asked.id, size=asked.size)
    return "\n".join(setup.document(wanted, found, asked.state)) + "\n"


def improved(site: Site, learned: Learned, trials: Mapping[str, DoorTrial]) -> Talk[bool]:
    """Show what the walk has learned as a difference to the file, and write it where the person agrees."""
    doors = list(_doors(site, learned, trials))
    if doors == list(site.bench.config.doors()):
        return False
    file = config_path(site.bench.config_file)
    before = file.read_text()
    yield from _agreed(site, file, before, with_doors(before, doors))
    return True


def _agreed(site: Site, file: Path, before: str, after: str) -> Talk[None]:
    """Raises ControlError CTRL-704 for a no, ConfigError for a file that would not do."""
    setup.checked(after, file)
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), str(file), f"{file} (proposed)", lineterm=""
    )
    yield CommissionItem(what="difference", text="\n".join(lines), place=str(file))
    if (yield from ask("write", f"Write this into {file}?", ("yes", "no"))) == "no":
        raise ControlError("CTRL-704", "commission", "the configuration was not agreed to")
    setup.write_whole(file, after)
    site.bench.read_again()


def _doors(site: Site, learned: Learned, trials: Mapping[str, DoorTrial]) -> Iterator[Door]:
    """Every door as it was found: renumbered, rewired, its contact's sense learned; the absent ones left out."""
    coils, numbers = _whole(site, learned.coils), _unique(site, trials)
    for door in site.bench.config.doors():
        trial = trials.get(door.number)
        if trial is not None and trial.verdict == "absent":
            continue
        board, channel = coils.get(door.number, (door.board, door.channel))
        yield msgspec.structs.replace(
            door,
            number=numbers.get(door.number, door.number),
            board=board,
            channel=channel,
            feedback=(trial.feedback if trial and trial.feedback else door.feedback),
        )


def _whole(site: Site, coils: Mapping[str, Place]) -> Mapping[str, Place]:
    """Only a change in which every coil still has one door: half of an exchange would be worse than none."""
    own = {door.number: (door.board, door.channel) for door in site.bench.config.doors()}
    after = {**own, **coils}
    return coils if sorted(after.values()) == sorted(own.values()) else {}


def _unique(site: Site, trials: Mapping[str, DoorTrial]) -> Mapping[str, str]:
    """The same for printed numbers: door → its label, where each label then stands on one door."""
    numbers = {number: one.label or number for number, one in trials.items() if one.verdict != "absent"}
    left = (door.number for door in site.bench.config.doors() if door.number not in trials)
    after = [*numbers.values(), *left]
    return numbers if len(set(after)) == len(after) else {}


def with_doors(text: str, doors: list[Door]) -> str:
    """The file with these doors in place of those that it had; all other lines stay."""
    kept: list[str] = []
    skipping, place = False, -1
    for line in text.splitlines():
        header = line.strip()
        if header.startswith("["):
            skipping = header.startswith(DOOR_HEADERS)
            if skipping and place < 0:
                place = len(kept)
        if not skipping:
            kept.append(line)
    made = [line for run in _runs(doors) for line in _section(run)]
    place = len(kept) if place < 0 else place
    return "\n".join([*kept[:place], *made, *kept[place:]]) + "\n"


def _runs(doors: list[Door]) -> list[list[Door]]:
    """Doors that count on together: next channel, next number, alike in everything else."""
    runs: list[list[Door]] = []
    for door in doors:
        if runs and _follows(runs[-1][-1], door):
            runs[-1].append(door)
        else:
            runs.append([door])
    return runs


def _follows(one: Door, other: Door) -> bool:
    if not (one.number.isdecimal() and other.number.isdecimal()) or other.number.startswith("0"):
        return False
    next_one = msgspec.structs.replace(
        one,
        number=str(int(one.number) + 1),
        channel=one.channel + 1,
        sensor_channel=one.sensor_channel + 1,
    )
    return next_one == other


def _section(run: list[Door]) -> Iterator[str]:
    first, last = run[0], run[-1]
    yield "[[compartments]]"
    yield f'board = "{first.board}"\nchannels = "{_range(first.channel, last.channel)}"'
    yield f'numbers = "{_range(first.number, last.number)}"\nsize = "{first.size}"\nheight = "{first.height}"'
    if first.feedback:
        yield f'feedback = "{first.feedback}"'
    if (first.sensor_board, first.sensor_channel, first.senses) != (first.board, first.channel, "latch"):
        yield f'[compartments.sensor]\nboard = "{first.sensor_board}"'
        yield f'channels = "{_range(first.sensor_channel, last.sensor_channel)}"\nsenses = "{first.senses}"'
    yield ""


def _range(first: int | str, last: int | str) -> str:
    return str(first) if first == last else f"{first}-{last}"
