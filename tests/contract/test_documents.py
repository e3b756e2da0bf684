"""The contract as code: what is checked in is what the types say, and others' tools can read it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cloud_bridge.topics import Topics
from edge_agent.cloud import jws
from edge_agent.cloud.claims import CommandClaims, DocumentClaims, decoded
from edge_agent.cloud.expected import Step
from edge_agent.cloud.papers import PAPERS
from edge_agent.cloud.plans import ORDERS
from edge_agent.domain.events import EVENT_TYPES
from tests.contract.reading import CONTRACT, generated, validator

HERE = Path(__file__).parent
EXAMPLES = sorted(CONTRACT.glob("examples/*.json"))
DOCUMENT: dict[str, Any] = json.loads((CONTRACT / "asyncapi.json").read_text())
MESSAGE_MAX = 1 << 20


def test_what_is_checked_in_is_what_the_types_say() -> None:
    """Changed a type? `make docs` writes docs/contract again; then look at the difference: others hold on to it."""
    made = generated().folder(CONTRACT)
    there = {
        file.relative_to(CONTRACT).as_posix(): file.read_bytes()
        for file in CONTRACT.rglob("*")
        if file.is_file()
    }

    assert there.keys() == made.keys()
    assert [name for name, content in made.items() if there[name] != content] == []


def test_every_event_command_and_document_has_an_example() -> None:
    stems = {file.stem for file in EXAMPLES}

    assert {f"event.{name}" for name in EVENT_TYPES} <= stems
    assert {f"command.{name}" for name in ORDERS} <= stems
    assert {f"document.{name}" for name in PAPERS} <= stems


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_sound_by_its_schema(file: Path) -> None:
    validator(file.stem.split(".")[0], closed=True).validate(json.loads(file.read_text()))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_a_schema_says_no_as_well(file: Path) -> None:
    """Without its first required field no example is sound; a schema that takes anything would help nobody."""
    content = json.loads(file.read_text())
    short = [*content[1:], {}] if isinstance(content, list) else dict(list(content.items())[1:])
    if file.stem == "reply":  # its first field is the only one a reply may not lack
        short = {"status": "opened"}

    with pytest.raises(jsonschema.ValidationError):
        validator(file.stem.split(".")[0]).validate(short)


@pytest.mark.parametrize("file", sorted(CONTRACT.glob("examples/*.jw?")), ids=lambda file: file.name)
def test_the_locker_reads_every_signed_example(file: Path) -> None:
    """With the example keys: the agent's own verification and decoders, and the very content that stands beside."""
    kinds = {"command": CommandClaims, "document": DocumentClaims, "expected": Step}
    keys = jws.pinned({"office-2026": generated().examples.signer()})

    found = jws.opened(file.read_bytes().strip(), keys, generated().examples.opening(), MESSAGE_MAX)
    claims = decoded(found.content, kinds[file.stem.split(".")[0]])

    assert json.loads(found.content) == json.loads(file.with_suffix(".json").read_text())
    assert found.sealed == (file.suffix == ".jwe")
    if isinstance(claims, CommandClaims):
        decoded(claims.args, ORDERS[claims.cmd].arguments)
    if isinstance(claims, DocumentClaims):
        PAPERS[claims.doc].read(claims.body)


@pytest.mark.parametrize("name", DOCUMENT["components"]["messages"])
def test_the_examples_in_the_document_are_sound(name: str) -> None:
    message = DOCUMENT["components"]["messages"][name]

    for example in message["examples"]:
        jsonschema.Draft7Validator({**DOCUMENT, **message["payload"]}).validate(example["payload"])


def test_the_document_names_every_topic_of_the_bridge() -> None:
    own = Topics("{locker}")
    addresses = {channel["address"] for channel in DOCUMENT["channels"].values()}
    named = {own.desired + name: own.desired + "{document}" for name in PAPERS}

    assert {named.get(topic, topic) for topic in own.subscriptions} <= addresses
    assert {
        own.presence,
        own.hello,
        own.events,
        own.state,
        own.telemetry,
        own.replies + "{issuer}",
    } <= addresses
    assert len(addresses) == 10


def test_the_parser_of_back_offices_reads_the_document(tmp_path: Path) -> None:
    """npm's `@asyncapi/parser`: no error, no warning; it finds some in a broken one, so its silence means something."""
    broken = tmp_path / "asyncapi.json"
    broken.write_text(json.dumps(DOCUMENT | {"channels": {"hello": {"address": 5}}}))

    sound, wrong = json.loads(_node("read_asyncapi.mjs", str(CONTRACT / "asyncapi.json"), str(broken)))

    assert sound["errors"] == []
    assert "receive commands" in sound["operations"]
    assert set(sound["messages"]) == set(DOCUMENT["components"]["messages"])
    assert wrong["errors"]


def _node(*words: str) -> str:
    """Without Node.js or the parser the test is skipped by name; in CI both must be there."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / "@asyncapi" / "parser").is_dir():
        what = (
            "Node.js" if node is None else "npm's @asyncapi/parser (make tests/contract/node_modules/.set-up)"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(f"{what} is not installed; CI reads the document with it")
        pytest.skip(f"{what} is not installed")
    done = subprocess.run([node, *words], cwd=HERE, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def test_a_field_that_no_type_names_is_noticed() -> None:
    """What the tests of real messages rely on."""
    event = json.loads((CONTRACT / "examples" / "event.door.opened.json").read_text())
    event["data"]["colour"] = "red"

    assert validator("event").is_valid(event)
    assert not validator("event", closed=True).is_valid(event)
