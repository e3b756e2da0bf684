"""JSON Schemas (draft 7, which AsyncAPI 3 speaks) of everything that crosses the broker, from the types themselves."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from cloud_bridge.incoming import Acks
from cloud_bridge.papers import Hello, Presence
from edge_agent.cloud.claims import ApprovalClaims, CommandClaims, DocumentClaims
from edge_agent.cloud.expected import Step
from edge_agent.cloud.papers import PAPERS
from edge_agent.cloud.plans import ORDERS
from edge_agent.control import cloud_types as ct
from edge_agent.domain.events import EVENT_TYPES, PREFIX
from edge_agent.store.cloudevents import CloudEvent, Personal

Schema = dict[str, Any]
PLAIN: dict[str, Any] = {
    "presence": Presence,
    "hello": Hello,
    "acks": Acks,
    "reply": ct.ReplyBody,
    "state": ct.StateResult,
    "telemetry": ct.TelemetryResult,
    "expected": Step,
    "approval": ApprovalClaims,
}
"""Messages that are one type each; events, commands and documents are one type for each of their kinds."""


def definitions(template: str) -> dict[str, Schema]:
    """Every named schema; references are `template` with `{name}`."""
    kinds = [*PLAIN.values(), *EVENT_TYPES.values(), *(order.arguments for order in ORDERS.values())]
    kinds += [paper.body for paper in PAPERS.values()] + [CommandClaims, DocumentClaims, CloudEvent, Personal]
    unique = list(dict.fromkeys(kinds))
    found, named = msgspec.json.schema_components(unique, ref_template=template)
    shown = dict(zip(unique, found, strict=True))
    made = {name: draft_7(schema) for name, schema in named.items()}

    def of(kind: Any) -> Schema:
        return draft_7(shown[kind])

    def ref(name: str) -> Schema:
        return {"$ref": template.format(name=name)}

    made.update({name: {"allOf": [of(kind)]} for name, kind in PLAIN.items()})
    made.update(_events(made, of, ref))
    made.update(_signed(made, of, ref))
    return {name: made[name] for name in sorted(made)}


def _events(made: Mapping[str, Schema], of: Any, ref: Any) -> dict[str, Schema]:
    """`event`: any of them; `event.door.opened`: this one."""
    kinds: dict[str, Schema] = {}
    personal = made["Personal"]["properties"]
    for name, kind in EVENT_TYPES.items():
        data = copy.deepcopy(made[kind.__name__])
        if {"stay", "split_stay"} & data["properties"].keys():
            data["properties"] |= personal
        own = {"properties": {"type": {"const": PREFIX + name}, "data": data}}
        kinds[f"event.{name}"] = {"allOf": [ref("CloudEvent"), own]}
    return {**kinds, "event": {"oneOf": [ref(name) for name in kinds]}}


def _signed(made: Mapping[str, Schema], of: Any, ref: Any) -> dict[str, Schema]:
    """What is signed: a command for each name, a document for each name."""
    commands = {
        f"command.{name}": _with(made["CommandClaims"], cmd={"const": name}, args=of(order.arguments))
        for name, order in ORDERS.items()
    }
    documents = {
        f"document.{name}": _with(
            made["DocumentClaims"], doc={"const": name}, body=of(paper.body) | _length(paper.most)
        )
        for name, paper in PAPERS.items()
    }
    return {
        **commands,
        **documents,
        "command": {"oneOf": [ref(name) for name in commands]},
        "document": {"oneOf": [ref(name) for name in documents]},
    }


def _with(schema: Schema, **properties: Schema) -> Schema:
    made = copy.deepcopy(schema)
    made.pop("title", None)
    made["properties"] |= properties
    return made


def _length(most: int) -> Schema:
    return {"maxItems": most} if most > 1 else {}


def draft_7(schema: Any) -> Any:
    """msgspec writes 2020-12: fixed tuples differ, and draft 7 ignores what stands beside a reference."""
    if isinstance(schema, list):
        return [draft_7(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: draft_7(value) for key, value in schema.items()}
    if "prefixItems" in made:
        made["items"] = made.pop("prefixItems")
        made["additionalItems"] = False
    if "$ref" in made and len(made) > 1:
        made["allOf"] = [{"$ref": made.pop("$ref")}]
    return made


def needed(names: Iterable[str], known: Mapping[str, Schema], prefix: str) -> dict[str, Schema]:
    """These definitions and all that they refer to."""
    found: dict[str, Schema] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = known[name]
            waiting += [one.removeprefix(prefix) for one in references(known[name])]
    return {name: found[name] for name in sorted(found)}


def references(schema: Any) -> list[str]:
    """Every `$ref` inside."""
    if isinstance(schema, list):
        return [ref for one in schema for ref in references(one)]
    if isinstance(schema, dict):
        own = [schema["$ref"]] if isinstance(schema.get("$ref"), str) else []
        return own + [ref for value in schema.values() for ref in references(value)]
    return []
