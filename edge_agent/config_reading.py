"""From the text of `locker.toml` to a `Config`, collecting everything that is wrong with its names and types.

msgspec stops at the first error; a technician on a ladder wants the whole list. So the document is walked along the
types of `edge_agent.config`: every unknown key (with the nearest known one), every missing key, every wrong value.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from edge_agent.config import Config, decode
from edge_agent.error_table import EXPLANATIONS

FILE_MAX = 1 << 20  # bytes; a cabinet of 1000 doors written out one by one needs about 150 KiB


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry that cannot be used. `key` is its place in `file`, such as `board[1].address`."""

    code: str
    file: str
    key: str
    reason: str
    hint: str = ""

    @property
    def next_step(self) -> str:
        """What to do: the hint for this very case, or the code's general advice."""
        return self.hint or EXPLANATIONS[self.code].next_step

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        return f"{place}: {self.reason} ({self.code})"


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read: `config` is None as soon as a name or type is wrong beyond an unknown key."""

    config: Config | None
    problems: tuple[Problem, ...]


def read(path: Path) -> Reading:
    """Read one file. Never raises: what is wrong is in `problems`."""
    where = str(path)
    try:
        with path.open("rb") as file:
            text = file.read(FILE_MAX + 1)
    except OSError as error:
        return Reading(None, (Problem("CONF-601", where, "", error.strerror or str(error)),))
    if len(text) > FILE_MAX:
        return Reading(None, (Problem("CONF-601", where, "", f"longer than {FILE_MAX} bytes"),))
    return read_text(text, where)


def read_text(text: bytes, where: str) -> Reading:
    """The same for text already read; `where` names it in the problems."""
    try:
        document = tomllib.loads(text.decode())
    except UnicodeDecodeError as error:
        return Reading(None, (Problem("CONF-602", where, "", f"byte {error.start} is not UTF-8"),))
    except tomllib.TOMLDecodeError as error:
        return Reading(None, (Problem("CONF-602", where, "", f"not TOML: {error}"),))
    problems = tuple(_section(document, Config, "", where))
    if any(problem.code != "CONF-603" for problem in problems):
        return Reading(None, problems)
    return Reading(decode(_without_unknown(document, Config)), problems)


def _section(
    document: dict[str, Any], kind: type[msgspec.Struct], path: str, where: str
) -> Iterator[Problem]:
    """Problems of one table: its keys first, then its values."""
    hints = get_type_hints(kind)
    yield from (_unknown(key, list(hints), path, where) for key in document if key not in hints)
    for field in msgspec.structs.fields(kind):
        place = f"{path}.{field.name}" if path else field.name
        if field.name in document:
            yield from _value(document[field.name], hints[field.name], place, where)
        elif field.required:
            yield Problem("CONF-604", where, place, "missing")


def _unknown(key: str, known: list[str], path: str, where: str) -> Problem:
    near = difflib.get_close_matches(key, known, n=1)
    place = f"{path}.{key}" if path else key
    hint = f"Did you mean `{near[0]}`?" if near else f"Known keys here: {', '.join(known)}."
    return Problem("CONF-603", where, place, f"unknown key; {hint[0].lower()}{hint[1:].rstrip('.')}", hint)


def _value(value: Any, kind: Any, place: str, where: str) -> Iterator[Problem]:
    """Problems of one value: a table, a list of tables, named tables, or a plain one."""
    nested = _nested(kind)
    if nested and isinstance(value, dict) and get_origin(kind) is dict:
        for name, part in value.items():
            yield from _value(part, nested, f"{place}.{name}", where)
    elif nested and isinstance(value, list) and get_origin(kind) is tuple:
        for index, part in enumerate(value):
            yield from _value(part, nested, f"{place}[{index}]", where)
    elif nested and isinstance(value, dict) and get_origin(kind) is not tuple:
        yield from _section(value, nested, place, where)
    else:
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            single = bool(nested) and isinstance(value, dict) and get_origin(kind) is tuple
            yield _wrong(error, place, where, f"Write [[{place}]] with two brackets." if single else "")


def _wrong(error: msgspec.ValidationError, place: str, where: str, hint: str) -> Problem:
    """msgspec's sentence, with its path inside the value moved to the place."""
    reason, _, inner = str(error).partition(" - at `$")
    reason = reason.replace("Expected `object`", "expected a table").replace(
        "Expected `array`", "expected a list"
    )
    return Problem("CONF-605", where, place + inner.rstrip("`"), reason[0].lower() + reason[1:], hint)


def _nested(kind: Any) -> type[msgspec.Struct] | None:
    """The section type inside `Section`, `tuple[Section, ...]`, `dict[str, Section]` or `Section | None`."""
    origin = get_origin(kind)
    choices = get_args(kind) if origin in (tuple, dict, Union, UnionType) else (kind,)
    sections = [
        choice for choice in choices if isinstance(choice, type) and issubclass(choice, msgspec.Struct)
    ]
    return sections[0] if sections else None


def _without_unknown(value: Any, kind: Any) -> Any:
    """The same document with only the keys that the types know; shapes were checked before."""
    nested = _nested(kind)
    if nested is None:
        return value
    if isinstance(value, list):
        return [_without_unknown(part, nested) for part in value]
    if get_origin(kind) is dict:
        return {name: _without_unknown(part, nested) for name, part in value.items()}
    hints = get_type_hints(nested)
    return {key: _without_unknown(part, hints[key]) for key, part in value.items() if key in hints}
