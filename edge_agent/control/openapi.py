"""The OpenAPI 3.1 document of a socket, made from the table of operations. `GET /openapi.json` serves it."""

from __future__ import annotations

from typing import Any

import msgspec

from edge_agent.control.operations import Operation, Role, served
from edge_agent.control.types import Trouble
from edge_agent.version import VERSION

REF = "#/components/schemas/{name}"


def document(role: Role) -> dict[str, Any]:
    """Every operation of `role` with its argument, result and error schemas, as plain JSON values."""
    rows = served(role)
    types = [kind for row in rows for kind in (row.arguments, row.result)]
    schemas, components = msgspec.json.schema_components([*types, Trouble], ref_template=REF)
    by_type = dict(zip(types, schemas, strict=False))
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Locker agent, {role.value}'s socket", "version": VERSION},
        "paths": {row.path: {row.method.lower(): _path(row, by_type, components)} for row in rows},
        "components": {"schemas": components},
    }


def _path(row: Operation, schemas: dict[type, Any], components: dict[str, Any]) -> dict[str, Any]:
    kind = "application/x-ndjson" if row.stream else "application/json"
    described: dict[str, Any] = {
        "operationId": row.key,
        "summary": row.summary,
        "x-danger-tier": int(row.tier),
        "x-command": row.example,
        "responses": {
            "200": {"description": "Done", "content": {kind: {"schema": schemas[row.result]}}},
            "default": {"description": "Failed", "content": {"application/json": {"schema": _error()}}},
        },
    }
    arguments = components[row.arguments.__name__]
    if row.method == "GET":
        described["parameters"] = [
            {"name": name, "in": "query", "required": name in arguments.get("required", ()), "schema": schema}
            for name, schema in arguments["properties"].items()
        ]
    else:
        described["requestBody"] = {"content": {"application/json": {"schema": schemas[row.arguments]}}}
    return described


def _error() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"$ref": REF.format(name="Trouble")}},
    }
