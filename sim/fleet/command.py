"""`locker-sim fleet`: many lockers' traffic against a real broker, and its cost. Exit code 1: something was lost."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from sim.fleet.figures import Figures, percentile
from sim.fleet.run import Outcome, Wish, run

FILE = click.Path(exists=True, dir_okay=False)


@click.command()
@click.option("--lockers", default=200, show_default=True, type=click.IntRange(1, 50_000))
@click.option("--minutes", default=2.0, show_default=True, type=click.FloatRange(0.01, 1440))
@click.option(
    "--rate", default=1.0, show_default=True, type=click.FloatRange(0.01, 600), help="Events a minute each."
)
@click.option("--seed", default=1, show_default=True, help="Of moments, identities and jitter.")
@click.option(
    "--broker", default="", help="mqtt:// or mqtts:// URL. Without: a Mosquitto of our own, on loopback."
)
@click.option("--broker-pid", default=0, help="That broker's process, if it runs here: its load is measured.")
@click.option("--papers", nargs=3, type=FILE, help="CA, certificate and key, for mqtts://.")
@click.option(
    "--offices", default=2, show_default=True, type=click.IntRange(1, 16), help="Members of the group."
)
@click.option(
    "--storms", default=1, show_default=True, type=click.IntRange(0, 20), help="All lines cut at once."
)
@click.option(
    "--restarts", default=0, show_default=True, type=click.IntRange(0, 20), help="Our own broker killed."
)
@click.option(
    "--patience", "patience_s", default=150.0, show_default=True, help="Seconds for all to be online."
)
def fleet(papers: tuple[str, ...] | None, **wishes: object) -> None:
    """Connect pretend lockers, send their events, cut their lines, count what arrives."""
    with tempfile.TemporaryDirectory(prefix="locker-fleet-") as folder:
        wish = Wish(papers=tuple(papers or ()), folder=Path(folder), **wishes)  # type: ignore[arg-type] # click's own types
        try:
            outcome = asyncio.run(run(wish, lambda line: click.echo(line, err=True)))
        except (OSError, RuntimeError, TimeoutError) as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            raise SystemExit(130) from None
    for line in told(outcome):
        click.echo(line)
    if outcome.lost:
        raise SystemExit(1)


def told(outcome: Outcome) -> list[str]:
    """The figures, a line each."""
    figures, wish = outcome.figures, outcome.wish
    rows = [
        (
            "lockers",
            f"{wish.lockers}, {wish.rate:g} events a minute each, {wish.minutes:g} min, seed {wish.seed}",
        ),
        (
            "connections",
            f"{figures.online_most} at once, {figures.connects} made, all after {outcome.first_connect_s:.1f} s",
        ),
        (
            "events",
            f"{figures.events} made, {figures.acknowledged_count} acknowledged, {figures.again} sent again, "
            f"{outcome.missing} missing",
        ),
        (
            "event to ack",
            f"{_shares(figures.lags_s)} in calm; {_shares(figures.late_s)} in storms",
        ),
        *_offices(outcome),
        ("sent", f"{figures.messages / outcome.took_s:.0f} messages/s; {_bytes(figures)}"),
        ("broker", f"{outcome.broker_cpu_percent:.1f} % of a core, {outcome.broker_rss_mib:.1f} MiB"),
        ("this program", f"{outcome.fleet_cpu_percent:.1f} % of a core"),
        *(
            (
                storm.what,
                f"back after {_back(storm.back_s)}; {storm.connects_per_s} connects in the busiest second",
            )
            for storm in outcome.storms
        ),
        ("record", f"{outcome.broken} journals NOT complete" if outcome.lost else "every journal complete"),
    ]
    return [f"{name:<14}{says}" for name, says in rows]


def _bytes(figures: Figures) -> str:
    each = figures.event_bytes // max(1, figures.events)
    return f"{each} bytes an event, {figures.message_bytes // max(1, figures.messages)} a message"


def _shares(lags_s: Sequence[float]) -> str:
    if not lags_s:
        return "none"
    return " ".join(f"{name} {1000 * percentile(lags_s, share):.1f}" for name, share in SHARES) + " ms"


SHARES = (("p50", 0.5), ("p99", 0.99), ("max", 1.0))


def _back(back_s: dict[str, float]) -> str:
    return ", ".join(f"{at_s:.1f} s ({share})" for share, at_s in back_s.items())


def _offices(outcome: Outcome) -> list[tuple[str, str]]:
    """One line a member of the group."""
    return [
        (
            f"office {number}",
            f"{one['events']:.0f} events in {one['cpu_s']:.1f} s of CPU, commit p50 {1000 * one['commit_p50_s']:.1f} "
            f"p99 {1000 * one['commit_p99_s']:.1f} ms, {one['doubles']:.0f} doubles, {one['gaps']:.0f} gaps, "
            f"{one['rss_mib']:.0f} MiB",
        )
        for number, one in enumerate(outcome.offices, 1)
    ]
