"""`locker-sim boards`: a cabinet's boards and scanners on ptys until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click
import msgspec

from sim.cabinet import SimCabinet


@click.command()
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="locker.toml",
)
@click.option(
    "--ports",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the links and a rewritten locker.toml; without it the links go to the configured ports.",
)
@click.option(
    "--control", default="127.0.0.1:8081", show_default=True, help="Address of control API and panel."
)
@click.option("--seed", default=0, show_default=True, help="Repeats chance: noise, bit flips, collisions.")
def boards(config: Path, ports: Path | None, control: str, seed: int) -> None:
    """Speak every configured board's protocol on ptys, with real wire time, and serve the control API."""
    try:
        cabinet = SimCabinet.of_file(config, seed)
        with cabinet:
            _open(cabinet, ports, control)
            _until_stopped()
    except (OSError, ValueError, KeyError, msgspec.ValidationError) as error:
        raise click.ClickException(str(error)) from error
    click.echo("stopped; links removed")


def _open(cabinet: SimCabinet, ports: Path | None, control: str) -> None:
    if ports is not None:
        ports.mkdir(parents=True, exist_ok=True)
    links = cabinet.open_ports(ports)
    url = cabinet.serve(control)
    for bus in cabinet.config.bus:
        names = ", ".join(
            f"{one.name} ({one.driver} {one.address})" for one in cabinet.config.board if one.bus == bus.name
        )
        click.echo(f"bus {bus.name:<10} {links[bus.name]}  {bus.baudrate} baud  boards {names}")
    for scanner in cabinet.config.scanner:
        click.echo(f"scanner {scanner.name:<6} {links[scanner.name]}  {scanner.driver}")
    if cabinet.config_path is not None:
        click.echo(f"configuration  {cabinet.config_path}")
    click.echo(f"control API and panel  {url}/   (Ctrl-C ends)")


def _until_stopped() -> None:
    stopped = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        stopped.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
