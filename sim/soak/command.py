"""`locker-sim soak`: simulated days of the whole locker from one seed, judged. Exit code 1: an invariant is broken."""

from __future__ import annotations

import logging
import tempfile
import time
from pathlib import Path

import click

from sim.soak.oracle import INVARIANTS, broken
from sim.soak.week import PARCELS_A_DAY, Days, live

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
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 366))
@click.option(
    "--parcels", default=PARCELS_A_DAY, show_default=True, type=click.IntRange(3, 600), help="A day."
)
def soak(seed: int, days: int, parcels: int) -> None:
    """Live through simulated days with the shipped agent; say what happened and what was broken."""
    logging.disable(logging.INFO)
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="locker-soak-") as folder:
        lived = live(Path(folder) / "site", seed, days, parcels)
    breaches = broken(lived.evidence)
    _tell(lived, days, time.monotonic() - began_s)
    for breach in breaches[:BREACHES_SHOWN]:
        click.echo(f"broken: {breach}")
    click.echo(f"{len(INVARIANTS)} invariants, {len(breaches)} breaches")
    if breaches:
        click.echo(f"again: locker-sim soak --seed {seed} --days {days} --parcels {parcels}")
        raise SystemExit(1)


def _tell(lived: Days, days: int, took_s: float) -> None:
    click.echo(f"seed {lived.seed}: {days} days in {took_s:.0f} s, {len(lived.evidence.events)} events")
    for words, counted in SHOWN:
        click.echo(f"  {words:<14}{lived.counted[counted]:>6}")
