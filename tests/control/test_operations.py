"""The table of operations: what is derived from it holds together, and its shapes do not change unnoticed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from edge_agent.control.openapi import document
from edge_agent.control.operations import BY_NAME, OPERATIONS, Operation, Role, Tier, served

GOLDEN = Path(__file__).parent.parent / "golden" / "operations.json"
WRITE = "LOCKER_WRITE_GOLDENS"


def shapes() -> dict[str, Any]:
    """Every operation with its route and the schemas of what goes in and comes out."""
    return {
        row.name: {
            "route": f"{row.method} {row.path}",
            "socket": row.role.value,
            "tier": int(row.tier),
            "arguments": msgspec.json.schema(row.arguments),
            "result": msgspec.json.schema(row.result),
        }
        for row in OPERATIONS
    }


def test_shapes_are_those_that_other_programs_rely_on() -> None:
    """Meant to change one? `LOCKER_WRITE_GOLDENS=1` writes the file again; then look at the difference."""
    made = json.dumps(shapes(), indent=1, sort_keys=True) + "\n"
    if os.environ.get(WRITE):
        GOLDEN.write_text(made)

    assert made == GOLDEN.read_text()


def test_names_and_routes_are_given_once() -> None:
    """Two rows of one name would hide each other."""
    assert len(BY_NAME) == len(OPERATIONS)
    assert len({(row.method, row.path) for row in OPERATIONS}) == len(OPERATIONS)


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_every_argument_is_explained(row: Operation) -> None:
    """Help, OpenAPI and manual show the same sentence."""
    described = msgspec.inspect.type_info(row.arguments)
    assert isinstance(described, msgspec.inspect.StructType)

    for field in described.fields:
        assert isinstance(field.type, msgspec.inspect.Metadata), field.name
        assert (field.type.extra_json_schema or {}).get("description"), field.name


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_a_row_says_what_it_does_in_a_sentence(row: Operation) -> None:
    """And whoever opens a door is asked first."""
    assert row.summary.endswith(".")
    assert row.example
    if row.key == "unlock":
        assert row.tier >= Tier.CONFIRM


@pytest.mark.parametrize("role", list(Role))
def test_the_openapi_document_is_complete(role: Role) -> None:
    """Every served row is a path, every reference in the document leads somewhere."""
    made = json.loads(msgspec.json.encode(document(role)))

    assert set(made["paths"]) == {row.path for row in served(role)}
    for reference in _references(made):
        assert reference.removeprefix("#/components/schemas/") in made["components"]["schemas"]
    for schema in made["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [found for part in value.values() for found in _references(part)]
    if isinstance(value, list):
        return [found for part in value for found in _references(part)]
    return []
