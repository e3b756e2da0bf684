"""A document as TOML text: the little of it that `locker.toml` uses. Reading is `tomllib`'s; this is the way back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def dumps(document: Mapping[str, Any]) -> str:
    """Tables, arrays of tables, and values of text, number, truth and list. Raises TypeError for anything else."""
    lines: list[str] = []
    _table(document, "", lines)
    return "\n".join(lines).strip() + "\n"


def _table(table: Mapping[str, Any], path: str, lines: list[str]) -> None:
    deeper = {key: value for key, value in table.items() if _is_section(value)}
    lines.extend(f"{_key(key)} = {_value(value)}" for key, value in table.items() if key not in deeper)
    for key, value in deeper.items():
        name = f"{path}{_key(key)}"
        for one in [value] if isinstance(value, Mapping) else value:
            lines.extend(("", f"[{name}]" if isinstance(value, Mapping) else f"[[{name}]]"))
            _table(one, f"{name}.", lines)


def _is_section(value: Any) -> bool:
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _key(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() and key.isascii() else _quoted(key)


def _quoted(text: str) -> str:
    """JSON's escapes are TOML's, except that TOML wants the delete character escaped as well."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    raise TypeError(f"{value!r} has no place in a configuration")
