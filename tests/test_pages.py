"""Pages that are made from tables in the code say what the tables say; commands in them exist."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import msgspec
import pytest

from edge_agent.cli.commands import root

DOCS = Path(__file__).parent.parent / "docs"
MANUAL = [f"docs/manual/{path.name}" for path in sorted((DOCS / "manual").glob("*.md"))]
COMMAND = re.compile(r"(?:^|`|/)lockerctl ([^`\n|]*)", re.MULTILINE)


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_configuration_key_has_a_meaning_and_no_meaning_is_left_over(generate: ModuleType) -> None:
    """A key that is added to the configuration is explained in docs/generate.py, MEANINGS."""
    keys = {
        f"{kind.__name__}.{field.name}"
        for kind, _ in generate.SECTIONS.values()
        for field in msgspec.structs.fields(kind)
    }

    assert keys == generate.MEANINGS.keys()


@pytest.mark.parametrize("name", ["configuration.md", "errors.md", "verbs.md"])
def test_the_page_is_what_the_tables_say(generate: ModuleType, name: str) -> None:
    """Changed a table? `python docs/generate.py` writes the pages again."""
    made: Any = generate.PAGES[name]

    assert (DOCS / name).read_text() == made()


@pytest.mark.parametrize("page", ["README.md", "docs/lockerctl.md", "docs/configuration.md", *MANUAL])
def test_every_command_that_a_page_names_exists(page: str) -> None:
    """A reader types what the page says; click must at least know every word and option of it."""
    text = (DOCS.parent / page).read_text()

    for line in COMMAND.findall(text):
        words = [word.strip("[]().,;") for word in line.split()]
        if words and "VERB" not in words and "..." not in words:
            _follow(words)


def _follow(words: list[str]) -> None:
    """Walk noun and verb; check that the options are the command's."""
    context = click.Context(root())
    command: click.Command = root()
    for word in words:
        if word.startswith("--"):
            options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
            assert word in options, (words, word)
        elif isinstance(command, click.Group) and word in command.list_commands(context):
            found = command.get_command(context, word)
            assert found, words
            command = found
    assert not isinstance(command, click.Group), words
