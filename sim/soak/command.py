"""`locker-sim soak`: simulated days of the whole locker from one seed, judged. Exit code 1: an invariant is broken."""

from __future__ import annotations

import logging
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import click

from sim.soak.oracle import INVARIANTS, broken
from sim.soak.shrink import shrunk
from sim.soak.town import PARCELS_A_DAY
from sim.soak.weather import WEATHERS
from sim.soak.week import Days, Plan, live

SHOWN = (
    ("deposited", "parcel.deposited"),
    ("collected", "parcel.collected"),
    ("refused", "parcel.refused"),
    ("overdue", "parcel.overdue"),
    ("recalled", "parcel.recalled"),
    ("door openings", "door.opened"),
    ("visits", "session.started"),
)
BREACHES_SHOWN = 100  # more of them are one mistake told many times


@click.command()
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same days, to the byte.")
@click.option(
    "--seeds", default=1, show_default=True, type=click.IntRange(1), help="So many, from --seed on."
)
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 366))
@click.option("--faults", default="none", show_default=True, type=click.Choice(list(WEATHERS)))
@click.option(
    "--parcels", default=PARCELS_A_DAY, show_default=True, type=click.IntRange(3, 600), help="A day."
)
@click.option("--without", multiple=True, help="Leave out a trouble by its name. May be repeated.")
@click.option("--only", multiple=True, metavar="NAME=N,N", help="Of a trouble, these comings only.")
@click.option("--shrink", is_flag=True, help="Look for the shortest run that still breaks something.")
@click.option("--trace", type=click.Path(path_type=Path, dir_okay=False), help="Write everything there.")
def soak(
    seed: int,
    seeds: int,
    days: int,
    faults: str,
    parcels: int,
    without: tuple[str, ...],
    only: tuple[str, ...],
    shrink: bool,
    trace: Path | None,
) -> None:
    """Live through simulated days with the shipped agent; say what happened and what was broken."""
    logging.getLogger().addHandler(logging.NullHandler())  # the judge listens; the terminal need not
    asked = Asked(faults, without, only)
    broke = False
    for one in range(seed, seed + seeds):
        plan = asked.plan(one, days, parcels)
        broke = _one(plan, asked, trace) or broke
        if broke and shrink:
            _shrink(plan, asked)
            break
    if broke:
        raise SystemExit(1)


@dataclass(frozen=True, slots=True)
class Asked:
    """The weather as the command line says it, and back."""

    faults: str
    without: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    def plan(self, seed: int, days: int, parcels: int) -> Plan:
        weather = WEATHERS[self.faults].without(self.without)
        for one in self.only:
            name, _, numbers = one.partition("=")
            weather = weather.limited(name, [int(number) for number in numbers.split(",") if number])
        return Plan(seed, days, parcels, weather)

    def line(self, plan: Plan) -> str:
        """The one command that repeats a plan."""
        missing = [one.name for one in WEATHERS[self.faults].troubles if one not in plan.weather.troubles]
        words = [f"locker-sim soak --seed {plan.seed} --days {plan.days} --parcels {plan.parcels}"]
        words += [f"--faults {self.faults}"] if self.faults != "none" else []
        words += [f"--without {name}" for name in missing]
        words += [
            f"--only {name}={','.join(str(number) for number in sorted(numbers))}"
            for name, numbers in plan.weather.only.items()
            if name not in missing
        ]
        return " ".join(words)


def _one(plan: Plan, asked: Asked, trace: Path | None) -> bool:
    """One run, told. True where something broke."""
    began_s = time.process_time()
    lived = _lived(plan)
    breaches = broken(lived.evidence)
    _tell(lived, plan.days, time.process_time() - began_s)
    for breach in breaches[:BREACHES_SHOWN]:
        click.echo(f"broken: {breach}")
    click.echo(f"{len(INVARIANTS)} invariants, {len(breaches)} breaches")
    if trace is not None:
        trace.write_text(lived.trace, encoding="utf-8")
    if breaches:
        click.echo(f"again: {asked.line(plan)}")
    return bool(breaches)


def _lived(plan: Plan) -> Days:
    with tempfile.TemporaryDirectory(prefix="locker-soak-") as folder:
        return live(Path(folder) / "site", plan)


def _shrink(plan: Plan, asked: Asked) -> None:
    def breaks(smaller: Plan) -> list[str]:
        return sorted({breach[:6] for breach in broken(_lived(smaller).evidence)})

    for smaller in shrunk(plan, breaks):
        click.echo(f"smaller: {asked.line(smaller)}")


def _tell(lived: Days, days: int, took_s: float) -> None:
    click.echo(
        f"seed {lived.seed}: {days} days in {took_s:.1f} s of one core, {len(lived.evidence.events)} events"
    )
    blows = Counter(blow.layer for blow in lived.evidence.blows)
    if blows:
        click.echo("  troubles      " + ", ".join(f"{layer} {count}" for layer, count in blows.items()))
    for words, counted in SHOWN:
        click.echo(f"  {words:<14}{lived.counted[counted]:>6}")
