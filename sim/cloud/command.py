"""`locker-sim cloud`: the back office as a program, and the verbs that tell a running one what to do.

Without a verb it is the office: keeps what lockers say, serves the page, prints what a person would want to hear. Each
verb is one request to that page, for scripts and for whoever prefers a terminal.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from sim.cloud.asking import Asked, ask, final_reply
from sim.cloud.desk import Desk
from sim.cloud.lists import Lists
from sim.cloud.page import Page
from sim.cloud.record import Record
from sim.cloud.signing import Signer
from sim.cloud.tls import context
from sim.demo_cloud import CloudKey

PAGE = "127.0.0.1:8082"
SIGNER = "office-1"
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@contextmanager
def open_desk(broker: str, db: Path, signer: Signer, key: CloudKey, **more: Any) -> Iterator[Desk]:
    """The office on the broker, its record and lists in `db`, until the block ends."""
    db.touch(mode=0o600)
    record, lists = Record(db), Lists(db)
    desk = Desk(broker, record, lists, signer, key, more.pop("say", click.echo), **more)
    desk.start()
    try:
        yield desk
    finally:
        desk.stop()
        record.close()
        lists.close()


@click.group(invoke_without_command=True)
@click.option("--broker", default="mqtt://127.0.0.1:1883", show_default=True, help="URL of the broker.")
@click.option(
    "--db", type=click.Path(path_type=Path), help="The record, an SQLite file. Needed without a verb."
)
@click.option(
    "--key", type=click.Path(path_type=Path), help="Private key that opens; made when the file is not there."
)
@click.option("--signing-key", type=click.Path(path_type=Path), help="Private key that signs; made likewise.")
@click.option("--papers", nargs=3, type=FILE, help="CA, certificate and key, for mqtts://.")
@click.option(
    "--page", default=PAGE, show_default=True, help="Address of the page (of the running office, for verbs)."
)
@click.pass_context
def cloud(
    ctx: click.Context,
    broker: str,
    db: Path | None,
    key: Path | None,
    signing_key: Path | None,
    papers: tuple[Path, ...] | None,
    page: str,
) -> None:
    """Keep the events of every locker on a broker, acknowledge them, print the SMS, give orders."""
    ctx.obj = page
    if ctx.invoked_subcommand is not None:
        return
    if db is None:
        raise click.UsageError("name the record's file with --db")
    keys = CloudKey() if key is None else CloudKey.of_file(key)
    signer = Signer(SIGNER) if signing_key is None else Signer.of_file(SIGNER, signing_key)
    tls = context(*map(str, papers)) if papers else None
    try:
        with open_desk(broker, db, signer, keys, tls=tls) as desk:
            _serve(desk, broker, keys, signer, page)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def _serve(desk: Desk, broker: str, keys: CloudKey, signer: Signer, address: str) -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    page = Page(desk, address)
    click.echo(f"back office on {broker}; page {page.start()}/   (Ctrl-C ends)")
    click.echo("its lockers need, in locker.toml:")
    click.echo(f'  [security]\n  cloud_key = "{keys.public}"')
    click.echo(f'  command_signers = {{ {signer.name} = "{signer.public}" }}')
    stopped.wait()
    page.stop()


# ---- verbs ----------------------------------------------------------------------------------------------------------


@cloud.command()
@click.pass_obj
def lockers(page: str) -> None:
    """Who was heard, and who is there."""
    for one in _asked(lambda: ask(page, "/view"))["lockers"]:
        click.echo(f"{one['id']:<24}{'online' if one['online'] else 'offline'}")


@cloud.command()
@click.argument("locker")
@click.pass_obj
def show(page: str, locker: str) -> None:
    """Everything that the office knows of a locker, as JSON."""
    click.echo(
        json.dumps(_asked(lambda: ask(page, f"/view?locker={locker}"))["view"], ensure_ascii=False, indent=1)
    )


@cloud.command()
@click.argument("locker")
@click.argument("cmd")
@click.argument("args", nargs=-1, metavar="[NAME=VALUE]...")
@click.option(
    "--wait", default=30.0, show_default=True, help="Seconds to wait for the final answer; 0: none."
)
@click.pass_obj
def send(page: str, locker: str, cmd: str, args: tuple[str, ...], wait: float) -> None:
    """Send a signed command; print its answer. Exit code 1 unless the locker did it.

    \b
    locker-sim cloud send HK-0001 unlock compartment=7 reason="code lost" case=C-7 operator=op-3
    locker-sim cloud send HK-0001 read_doors
    """
    given = {name: _value(value) for name, _, value in (one.partition("=") for one in args)}
    path = f"/lockers/{locker}/orders"
    command = _asked(lambda: ask(page, path, {"cmd": cmd, "args": given}))["id"]
    if wait:
        reply = _asked(lambda: final_reply(page, locker, command, wait))
        click.echo(json.dumps(reply, ensure_ascii=False))
        if reply["status"] not in ("done", "opened"):
            raise SystemExit(1)
    else:
        click.echo(command)


def _value(text: str) -> Any:
    """`true`, a number, a list or an object as JSON says; door "7" and every other word as text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | list | dict) else text


@cloud.command()
@click.argument("locker")
@click.argument("name")
@click.argument("file", type=FILE)
@click.pass_obj
def document(page: str, locker: str, name: str, file: Path) -> None:
    """Publish a document (carriers, couriers, staff, policy, notices, update) from a JSON file."""
    body = json.loads(file.read_text(encoding="utf-8"))
    click.echo(f"version {_asked(lambda: ask(page, f'/lockers/{locker}/documents/{name}', body))['version']}")


@cloud.command()
@click.argument("locker")
@click.argument("waybill")
@click.option("--carrier", required=True)
@click.option("--size", default="", help="Of the compartment; without it the courier chooses.")
@click.option("--phone", default="", help="The recipient's; only the locker can read it on its way.")
@click.pass_obj
def expect(page: str, /, locker: str, **entry: str) -> None:
    """Pre-advise one parcel."""
    put = {name: value for name, value in entry.items() if value}
    click.echo(f"step {_asked(lambda: ask(page, f'/lockers/{locker}/expected', {'put': [put]}))['n']}")


@cloud.command()
@click.argument("locker")
@click.argument("key")
@click.pass_obj
def enrol(page: str, locker: str, key: str) -> None:
    """From now on seal to this locker. KEY: its public opening key (X25519, base64url)."""
    _asked(lambda: ask(page, f"/lockers/{locker}/opening", {"key": key}))


def _asked(request: Asked) -> Any:
    try:
        return request()
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
