"""What became of one parcel, and frames kept in a file: written while they pass, shown again later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from edge_agent.cli.direct.bench import Bench
from edge_agent.control import bench_types as b
from edge_agent.control import types as t
from edge_agent.errors import ControlError

FRAMES_MAX = 1_000_000  # of one capture: an hour of three busy buses is a tenth of it
WHO = ("actor", "by", "courier", "issuer")
TOLD = ("reason", "method", "what", "basis", "attempt", "size", "cause")


def parcel(asked: b.ParcelArguments, bench: Bench) -> b.ParcelResult:
    """Found by the keyed hash of its number, as long as its data is not erased."""
    from edge_agent.domain import waybill
    from edge_agent.store import histories
    from edge_agent.store.executor import Inline
    from edge_agent.store.keys import load
    from edge_agent.store.opening import hasher_of
    from edge_agent.store.places import settings_of

    number = waybill.looked_up(waybill.read(asked.waybill))
    bench.hold_state()
    settings = settings_of(bench.config)
    wanted = hasher_of(load(settings.keys), Inline()).lookup_hash("waybill", number)
    return b.ParcelResult(
        stays=tuple(
            b.ParcelStory(
                stay=story.stay,
                compartment=story.compartment,
                status=story.status,
                carrier=story.carrier,
                waybill=story.waybill,
                phone=story.phone,
                events=tuple(_told(*event) for event in story.events),
            )
            for story in histories.of_parcel(settings, wanted)
        )
    )


def _told(time: str, kind: str, data: dict[str, Any]) -> b.ParcelEvent:
    by = next((str(data[name]) for name in WHO if data.get(name)), "")
    facts = [f"{name} {data[name]}" for name in TOLD if data.get(name)]
    return b.ParcelEvent(time=time, event=kind, by=by, fact=", ".join(facts))


def capture(asked: b.BusCaptureArguments, bench: Bench) -> b.BusCaptureResult:
    """Every frame for as long as asked, a line each, as it passes."""
    from edge_agent.cli.direct.frames import watch

    begun_s, count = monotonic(), 0
    try:
        with Path(asked.file).open("xb") as out:
            for frame in watch(t.BusWatchArguments(bus=asked.bus, seconds=asked.seconds), bench):
                out.write(msgspec.json.encode(frame) + b"\n")
                count += 1
                bench.progress(f"{count} frames, {monotonic() - begun_s:.0f} of {asked.seconds:.0f} s")
                if count == FRAMES_MAX:
                    break
    except FileExistsError:
        raise ControlError("CTRL-706", asked.file, "there is such a file already; name a new one") from None
    except OSError as error:
        raise ControlError("CTRL-706", asked.file, error.strerror or str(error)) from None
    return b.BusCaptureResult(file=asked.file, frames=count, seconds=round(monotonic() - begun_s, 1))


def replay(asked: b.BusReplayArguments, bench: Bench) -> Iterator[t.Frame]:
    """The frames of a file, in order. Raises ControlError CTRL-705 for no file, CTRL-706 for another one."""
    try:
        with Path(asked.file).open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield msgspec.json.decode(line, type=t.Frame)
                except msgspec.MsgspecError as error:
                    raise ControlError("CTRL-706", f"{asked.file}, line {number}", str(error)) from None
    except OSError as error:
        raise ControlError("CTRL-705", asked.file, error.strerror or str(error)) from None
