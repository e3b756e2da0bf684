"""`locker-sim load`: peak season at one locker. Exit code 1: something was lost, or doors opened too late."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from sim.fleet.figures import percentile
from sim.load.people import Told
from sim.load.run import Outcome, Wish, ratio, run

SLOWER_MAX = 2.0  # times the idle locker's p99: the bar


@click.command()
@click.option("--minutes", default=60.0, show_default=True, type=click.FloatRange(0.1, 1440))
@click.option(
    "--every", "every_s", default=8.0, show_default=True, type=click.FloatRange(6, 600), help="A deposit, s."
)
@click.option("--doors", default=390, show_default=True, type=click.IntRange(1, 390))
@click.option(
    "--idle", default=30, show_default=True, type=click.IntRange(1, 500), help="Visits to compare with."
)
@click.option(
    "--flap", "flap_s", default=30.0, show_default=True, help="Seconds between two deaths of the broker."
)
def load(minutes: float, every_s: float, doors: int, idle: int, flap_s: float) -> None:
    """Deposit and pick up at the pace of peak season while the broker dies again and again."""
    with tempfile.TemporaryDirectory(prefix="locker-load-") as folder:
        wish = Wish(minutes, every_s, doors, idle, flap_s, Path(folder))
        try:
            outcome = run(wish, lambda line: click.echo(line, err=True))
        except (OSError, RuntimeError) as error:
            raise click.ClickException(str(error)) from error
    for name, says in told(outcome):
        click.echo(f"{name:<14}{says}")
    if outcome.wrong() or ratio(outcome, 0.99) > SLOWER_MAX:
        raise SystemExit(1)


def told(outcome: Outcome) -> list[tuple[str, str]]:
    """The figures, a line each."""
    peak, wish = outcome.peak, outcome.wish
    return [
        ("locker", f"{wish.doors} doors, a deposit each {wish.every_s:g} s for {wish.minutes:g} minutes"),
        (
            "people",
            f"{len(peak.deposit_s)} deposits, {len(peak.pickup_s)} pickups, last one {outcome.behind_s:.1f} s late",
        ),
        ("troubles", f"broker killed {outcome.flaps} times, {outcome.orders} orders from the office"),
        ("idle", _latency(outcome.idle)),
        ("peak", _latency(peak)),
        (
            "slower",
            f"p50 {ratio(outcome, 0.5):.2f} times, p99 {ratio(outcome, 0.99):.2f} times (bar {SLOWER_MAX:g})",
        ),
        *((name, f"{cpu:.1f} % of a core, {rss:.1f} MiB") for name, (cpu, rss) in outcome.load.items()),
        ("journal", f"{outcome.journal} events, {outcome.recorded} in the office's record"),
        ("result", "; ".join(outcome.wrong()) or "nothing lost, nothing doubled"),
    ]


def _latency(people: Told) -> str:
    values = people.latencies_s
    shares = ((0.5, "p50"), (0.99, "p99"), (1.0, "max"))
    words = " ".join(f"{name} {1000 * percentile(values, share):.1f}" for share, name in shares)
    return f"code to coil {words} ms ({len(values)} doors)"
