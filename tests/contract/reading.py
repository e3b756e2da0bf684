"""The generated contract as the tests read it: schemas that validate, messages by topic."""

from __future__ import annotations

import copy
import importlib
import json
import sys
import zlib
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema

DOCS = Path(__file__).parents[2] / "docs"
CONTRACT = DOCS / "contract"


@cache
def generated() -> ModuleType:
    """docs/generating/contract.py."""
    sys.path.insert(0, str(DOCS))
    return importlib.import_module("generating.contract")


@cache
def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CONTRACT / "schemas" / f"{name}.schema.json").read_text())
    return found


@cache
def validator(name: str, *, closed: bool = False) -> jsonschema.Draft7Validator:
    """`closed`: a field that the schema does not name is an error too."""
    found = schema(name)
    jsonschema.Draft7Validator.check_schema(found)
    return jsonschema.Draft7Validator(
        _closed(found) if closed else found, format_checker=jsonschema.FormatChecker()
    )


def _closed(found: Any) -> Any:
    """Every object that lists its fields has these and no others; parts of an `allOf` see each other's fields."""
    if isinstance(found, list):
        return [_closed(one) for one in found]
    if not isinstance(found, dict):
        return found
    made = {key: _closed(value) for key, value in copy.copy(found).items()}
    if (
        made.get("type") == "object"
        and "required" in made
        and "title" in made
        and made["title"] != "CloudEvent"
    ):
        made.setdefault("additionalProperties", False)
    return made


def contents(topic: str, payload: bytes, content_type: str = "") -> list[tuple[str, Any]]:
    """What a message from the broker says: (name of its schema, content)."""
    level = topic.split("/", 3)[3]
    if level == "up/events" and content_type.endswith("+zlib"):
        return [("event", event) for event in json.loads(zlib.decompress(payload))]
    names = {"up/events": "event", "dn/acks": "acks", "st/presence": "presence", "st/state": "state"}
    name = "reply" if level.startswith("up/replies/") else names.get(level, level.split("/")[1])
    return [(name, json.loads(payload))]
