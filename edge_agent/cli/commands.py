"""click commands out of the table of operations: noun, verb, argument. Groups build a command when it is asked for."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from edge_agent.cli.options import Options, global_options
from edge_agent.control.operations import OPERATIONS, Operation, Role, Tier
from edge_agent.version import VERSION

VERBS = {row.typed or row.name: row for row in OPERATIONS if row.role is Role.TECHNICIAN}
"""What can be typed: the bridge's rows are for its own socket."""

NOUNS = {
    "bus": "The serial buses: who is there, and what passes.",
    "board": "The lock boards.",
    "scanner": "The barcode scanners.",
    "config": "The configuration file.",
    "journal": "What happened: check it, show it, export it.",
    "backup": "Sealed copies of the ledger.",
    "couriers": "Who may deposit and recall here.",
    "cabinet": "The cabinet as a whole.",
    "compartment": "One compartment: out of service, back again, looked into.",
    "deposits": "Whether parcels are taken.",
    "emergency": "Measures for the whole cabinet at once.",
    "cloud": "The back office as the locker knows it.",
    "identity": "The locker's key and certificate on the line to the cloud.",
    "lists": "Lists handed in without a back office.",
    "door": "One door: unlock it, watch it, test it, see its history.",
    "screen": "The screen: its page and its display.",
    "device": "The device archive: what stands where, and what stood there before.",
    "drill": "Emergencies that are practised.",
    "maintenance": "The maintenance plan, what was done, and how the locks wear.",
    "fault": "Fault tickets: who has taken them on, and how long they may take.",
    "coils": "The coils of all boards.",
    "update": "New versions of this program.",
    "report": "Acceptance reports.",
}
"""What a noun with verbs under it is about."""

ROOT_HELP = """The technician's tool of a parcel locker.

It asks the running agent; when no agent runs it works on the hardware itself. Exit codes: 0 done, 1 failed, 2 usage,
3 not found, 4 not allowed or not confirmed, 5 agent unreachable, 6 device silent, 7 partly done, 8 busy, 9 bad
configuration, 10 degraded."""

TYPES: dict[type, click.ParamType[Any]] = {
    msgspec.inspect.StrType: click.STRING,
    msgspec.inspect.IntType: click.INT,
    msgspec.inspect.FloatType: click.FLOAT,
}


GUIDED = {
    "compartment.verify": "open_and_answer",
    "inspect": "ask_each_question",
    "reconcile": "door_by_door",
    "commission": "talk_through",
}
"""Operation key → function of `answering`: verbs that go on talking with the person at the terminal."""


class Nouns(click.Group):
    """The commands whose names begin with `prefix`."""

    def __init__(self, name: str, text: str, prefix: tuple[str, ...] = ()) -> None:
        super().__init__(name, help=text, params=global_options(), no_args_is_help=True)
        self._prefix = prefix

    def list_commands(self, context: click.Context) -> list[str]:
        depth = len(self._prefix)
        names = [name.split() for name in VERBS]
        return list(dict.fromkeys(words[depth] for words in names if tuple(words[:depth]) == self._prefix))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        words = (*self._prefix, name)
        row = VERBS.get(" ".join(words))
        if row:
            return command(row)
        return Nouns(name, NOUNS[name], words) if not self._prefix and name in NOUNS else None

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(context, arguments)
        except click.UsageError as error:
            raise click.UsageError(
                _did_you_mean(error.message, arguments[0], self.list_commands(context))
            ) from None


def _did_you_mean(message: str, typed: str, known: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(typed, known, n=1)
    return f"{message} Did you mean {near[0]!r}?" if near else f"{message} There are: {', '.join(known)}."


def root() -> click.Group:
    """`lockerctl` itself."""
    tool = Nouns("lockerctl", ROOT_HELP)
    click.version_option(VERSION, prog_name="lockerctl")(tool)
    return tool


def command(row: Operation) -> click.Command:
    """The command of one row, its arguments taken from the row's type."""
    params: list[click.Parameter] = [_parameter(field) for field in _fields(row) if not secret_of(field)]
    if row.tier is Tier.CONFIRM:  # the site code's own option stands among the arguments
        params.append(click.Option(["--yes"], is_flag=True, help="Do not ask."))
    if row.key == "doors":
        params.append(click.Option(["--watch"], is_flag=True, help="Keep the table fresh until Ctrl-C."))
    return click.Command(
        row.name.split()[-1],
        params=[*params, *global_options()],
        callback=click.pass_context(_callback(row)),
        help=row.summary,
        epilog=f"Example: {row.example}",
        short_help=row.summary,
    )


def secret_of(field: msgspec.inspect.Field) -> str:
    """The environment's name for an argument that never stands on a command line; "" for all others."""
    extra = field.type.extra if isinstance(field.type, msgspec.inspect.Metadata) else None
    return str((extra or {}).get("secret", ""))


def _fields(row: Operation) -> tuple[msgspec.inspect.Field, ...]:
    described = msgspec.inspect.type_info(row.arguments)
    assert isinstance(described, msgspec.inspect.StructType)
    return described.fields


def _parameter(field: msgspec.inspect.Field) -> click.Parameter:
    """One field as option or positional argument. Bounds are checked later, by the type itself."""
    kind, text, extra = field.type, "", {}
    if isinstance(kind, msgspec.inspect.Metadata):
        text = str((kind.extra_json_schema or {}).get("description", ""))
        extra, kind = kind.extra or {}, kind.type
    if extra.get("positional"):
        return click.Argument([field.name], type=_type_of(kind), **_default(field))
    more: dict[str, Any] = {"help": text, **_default(field)}
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return click.Option([f"--{field.name}"], multiple=True, type=_type_of(kind.item_type), help=text)
    if isinstance(kind, msgspec.inspect.BoolType):
        names = [f"--{field.name}", *filter(None, [extra.get("short")])]
        return click.Option(names, is_flag=True, **more)
    shown = bool(field.default) and not field.required
    return click.Option(
        [f"--{field.name}"],
        type=_type_of(kind),
        show_default=shown,
        metavar=extra.get("metavar"),
        **more,
    )


def _type_of(kind: msgspec.inspect.Type) -> click.ParamType[Any]:
    """A closed list of words is a choice: completed by the shell, and told when it is none of them."""
    if isinstance(kind, msgspec.inspect.LiteralType):
        return click.Choice([str(word) for word in kind.values])
    return TYPES[type(kind)]


def _default(field: msgspec.inspect.Field) -> dict[str, Any]:
    return {"required": True} if field.required else {"required": False, "default": field.default}


def _callback(row: Operation) -> Any:
    def call(context: click.Context, **given: Any) -> int:
        options = context.find_root().ensure_object(Options)
        yes, watch = given.pop("yes", True), given.pop("watch", False)
        arguments = _converted(row, given)
        if row.key == "setup":
            from edge_agent.cli.asking import filled_in

            arguments = filled_in(arguments)
        if not yes:
            from edge_agent.cli.confirming import confirmed

            arguments = confirmed(row, arguments)
        if row.tier is Tier.SITE_CODE:
            from edge_agent.cli.confirming import site_code_typed, with_secrets

            arguments = with_secrets(
                site_code_typed(row, arguments), {f.name: secret_of(f) for f in _fields(row) if secret_of(f)}
            )
        if watch:
            from edge_agent.cli.watching import watch_doors

            if options.json:
                raise click.UsageError("--watch never ends, so it cannot be one document: use --jsonl.")
            return watch_doors(row, arguments, options)
        from edge_agent.cli.running import run_once, run_stream

        if row.key in GUIDED:
            from edge_agent.cli import answering

            return int(getattr(answering, GUIDED[row.key])(row, arguments, options))
        return run_stream(row, arguments, options) if row.stream else run_once(row, arguments, options)

    return call


def _converted(row: Operation, given: dict[str, Any]) -> Any:
    """The argument type, its bounds checked. Raises UsageError naming the argument."""
    try:
        return msgspec.convert(given, row.arguments)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        named = f"--{place.rstrip('`')}: " if place else ""
        raise click.UsageError(f"{named}{reason[0].lower()}{reason[1:]}.") from None
