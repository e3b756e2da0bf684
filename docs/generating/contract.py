"""The folder `docs/contract`: schemas, examples, the AsyncAPI document and a page that lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from generating import asyncapi, examples, schemas
from generating.messages import MESSAGES, SEALED

DRAFT = "http://json-schema.org/draft-07/schema#"
LOCAL = "#/definitions/"
KINDS = ("event", "command", "document")  # one schema for each of their kinds too, inside the same file

HEAD = """# The contract with the cloud, for machines

<!-- Written by docs/generate.py from the types that the agent and the bridge use; change those, not this. -->

[asyncapi.json](asyncapi.json) describes every topic from the locker's side (AsyncAPI 3, MQTT 5). The schemas (JSON
Schema, draft 7) and examples below are those of the very types that the programs decode and encode with. Readers should
ignore fields that they do not know: an event's `dataversion` rises with its fields. What is signed has a schema of its
content; it travels as a compact JWS, and what is sealed travels as that JWS inside a JWE ([rules](../cloud.md)).

The examples are signed by a key that everybody has: `{signer}`. Never pin it.

| message | topic | direction | QoS | retained | signed | schema | example |
|---|---|---|---|---|---|---|---|
"""


def folder(root: Path) -> dict[str, bytes]:
    """Path below `docs/contract` → content; `root` is where the last ones stand."""
    made = {f"examples/{name}": content for name, content in examples.files(root / "examples").items()}
    contents = examples.contents()
    for name, schema in files().items():
        made[f"schemas/{name}.schema.json"] = examples.in_file(schema)
    wire = {
        Path(name).stem: content.decode().strip()
        for name, content in made.items()
        if name.endswith((".jws", ".jwe"))
    }
    known = schemas.definitions(asyncapi.TEMPLATE)
    used = schemas.needed(
        {message.schema for message in MESSAGES} - {"batch"}, known, "#/components/schemas/"
    )
    made["asyncapi.json"] = examples.in_file(asyncapi.document(used, contents, wire))
    made["index.md"] = page().encode()
    return made


def files() -> dict[str, Any]:
    """Name → a schema that stands alone."""
    known = schemas.definitions(LOCAL + "{name}")
    made = {name: _alone(name, known[name], known) for name in (*schemas.PLAIN, *KINDS)}
    made["batch"] = _alone("batch", {"type": "array", "items": {"$ref": LOCAL + "event"}}, known)
    return {name: made[name] for name in sorted(made)}


def _alone(name: str, schema: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    inner = [one.removeprefix(LOCAL) for one in schemas.references(schema)]
    return {
        "$schema": DRAFT,
        "$id": f"urn:locker:v1:{name}",
        "title": name,
        **schema,
        "definitions": schemas.needed(inner, known, LOCAL),
    }


def page() -> str:
    """The list of messages."""
    rows = []
    for one in MESSAGES:
        stem = one.samples[0] if one.samples else one.name
        signed = "sealed" if one.content_type == SEALED else "yes" if one.signed else "no"
        rows.append(
            f"| {one.title} | `{one.topic}` | {'up' if one.up else 'down'} | {one.qos} "
            f"| {'yes' if one.retain else 'no'} "
            f"| {signed} | [{one.schema}](schemas/{one.schema}.schema.json) | [{stem}](examples/{stem}.json) |"
        )
    tail = """

An event, a command and a document have an example for each of their kinds in `examples/`: `event.door.opened.json`,
`command.unlock.json` and the signed bytes beside it in `command.unlock.jws`, `document.couriers.jwe`. Who approves a
bulk signs what the schema [approval](schemas/approval.schema.json) says.
"""
    return HEAD.format(signer=examples.signer()) + "\n".join(rows) + tail
