"""`config show`, `diff`, `apply`: the configuration in force, what another file would change, putting it there."""

from __future__ import annotations

import os
import pwd
import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from edge_agent.cli.direct.bench import Bench, config_path
from edge_agent.control import config_types as t
from edge_agent.errors import ConfigError, ControlError

SHOWN_AS = "(set)"


@cache
def withheld_keys() -> frozenset[str]:
    """Names of the keys that the configuration's types mark: shown as set or not set."""
    from edge_agent.config import Config

    found: set[str] = set()
    sections: list[msgspec.inspect.Type] = [msgspec.inspect.type_info(Config)]
    while sections:  # ends: types of the configuration do not contain themselves
        for field in getattr(sections.pop(), "fields", ()):
            kind = field.type
            if isinstance(kind, msgspec.inspect.Metadata):
                found |= {field.name} if (kind.extra or {}).get("withheld") else set()
            sections.append(getattr(kind, "item_type", kind))
    return frozenset(found)


def show(asked: t.ConfigShowArguments, bench: Bench) -> t.ConfigShowResult:
    """Every value in force, defaults included; of one section where it is named."""
    values = _flat(msgspec.to_builtins(bench.config))
    wanted = {key: value for key, value in values.items() if key.startswith(asked.section)}
    if not wanted:
        sections = sorted({key.split(".")[0].split("[")[0] for key in values})
        raise ControlError("CTRL-705", f"section {asked.section}", f"there are: {', '.join(sections)}")
    return t.ConfigShowResult(file=str(config_path(bench.config_file)), values=wanted)


def diff(asked: t.ConfigDiffArguments, bench: Bench) -> t.ConfigDiffResult:
    """The configuration in force against another file, value by value. Raises ConfigError for an unsound one."""
    from edge_agent.config_rules import load_checked

    return _compared(bench, Path(asked.file), load_checked(Path(asked.file)))


def _compared(bench: Bench, file: Path, other: Any) -> t.ConfigDiffResult:
    before, after = _flat(msgspec.to_builtins(bench.config)), _flat(msgspec.to_builtins(other))
    changes = [
        t.ConfigChange(key=key, before=before.get(key, ""), after=after.get(key, ""))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]
    return t.ConfigDiffResult(file=str(file), changes=tuple(changes))


def apply(asked: t.ConfigApplyArguments, bench: Bench) -> t.ConfigApplyResult:
    """Check it, keep the old one beside under time and name, put the new one there in one step."""
    from edge_agent.config_rules import load_checked
    from edge_agent.wiring import second_look

    new, place = Path(asked.file), config_path(bench.config_file)
    config = load_checked(new)
    problems = second_look(config, asked.file)
    if problems:
        first = problems[0]
        raise ConfigError(first.code, f"{asked.file}: {first.key}", first.reason)
    if config.locker.id != bench.config.locker.id:
        raise ControlError(
            "CTRL-704", asked.file, f"it is for {config.locker.id}, not for {bench.config.locker.id}"
        )
    changes = len(_compared(bench, new, config).changes)
    kept = place.with_name(f"{place.name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{_login()}")
    try:
        shutil.copy2(place, kept)
        _replace(place, new.read_bytes())
    except OSError as error:
        raise ControlError("CTRL-702", str(place), error.strerror or str(error)) from None
    return t.ConfigApplyResult(file=str(place), kept=str(kept), changes=changes)


def _replace(place: Path, content: bytes) -> None:
    """The old file or the new one, whatever happens in between."""
    beside = place.with_name(f".{place.name}.new")
    with beside.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    shutil.copymode(place, beside)
    os.replace(beside, place)


def _login() -> str:
    """Who did it: the person behind sudo, else this process's login."""
    try:
        return os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _flat(value: Any, key: str = "") -> dict[str, str]:
    """Nested values as `section.key` and `section[0].key`, each as JSON; secrets as set or not set."""
    name = key.rpartition(".")[2].partition("[")[0]
    if name in withheld_keys():
        return {key: SHOWN_AS if value else ""}
    if isinstance(value, dict) and value:
        return {k: v for n, inner in value.items() for k, v in _flat(inner, f"{key}.{n}".lstrip(".")).items()}
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
        return {k: v for n, inner in enumerate(value) for k, v in _flat(inner, f"{key}[{n}]").items()}
    return {key: msgspec.json.encode(value).decode()}
