"""The house rules, as far as a program can see them. Each test names the files that break its rule.

A rule that has to bend for one file bends in a table here, with the reason beside it, and nowhere else.
"""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from drivers import errors as bus_errors
from edge_agent.error_table import EXPLANATIONS
from edge_agent.version import VERSION

ROOT = Path(__file__).parent.parent
PACKAGES = ("edge_agent", "drivers", "cloud_bridge", "sim")

FILE_LINES_MAX, TEST_FILE_LINES_MAX = 400, 600
FUNCTION_LINES_MAX = 50
LONG_FILES = {
    "edge_agent/updater.py": "one file on purpose: it replaces all the others, so it imports none of them",
    "edge_agent/error_table.py": "one table, and it must stay one",
}
LONG_FUNCTIONS: dict[str, str] = {
    "edge_agent/flows/verify.py:verify_table": "one table of transitions for two roles: read, not followed",
}

TEST_ROOMS_WITHOUT_A_PACKAGE = {
    "security": "claims of the threat model that no single room can make",
    "package": "the .deb on a bare system, units and rights",
    "bench": "programs that measure, not tests",
    "golden": "bytes and documents that tests compare with",
    "bridge": "the cloud bridge against real brokers",
    "contract": "what docs/contract promises, read with others' tools",
    "power": "the real program, killed and cut",
    "soak": "whole-locker runs under virtual time",
    "mutation": "known mistakes, planted to see that tests notice them",
    "walks": "the whole locker, walked through in a real browser",
}
SPEAKING_FOLDERS = {
    "edge_agent/domain/folding": "each function is what the event of its name does",
}
ROOMS_TESTED_ELSEWHERE: dict[str, str] = {}

FORBIDDEN_WORDS = {
    "box": "compartment",
    "boxes": "compartments",
    "cell": "compartment",
    "cells": "compartments",
    "slot": "compartment",
    "package": "parcel",
    "packages": "parcels",
    "customer": "recipient or sender",
    "customers": "recipients or senders",
    "user": "recipient, courier, technician ...",
    "users": "recipients, couriers, technicians ...",
}
CODE_SHAPE = re.compile(r"(BUS|DOOR|FLOW|STORE|CLOUD|CONF|CTRL|HOST)-\d{3}")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (
        node for node in ast.walk(tree_of(path)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )


def test_every_module_says_what_it_is() -> None:
    """A newcomer opens any file and reads in its first line what it is for."""
    silent = [
        named(path)
        for path in python_files(*PACKAGES, "tests")
        if not ast.get_docstring(tree_of(path)) and path.read_text().strip()
    ]

    assert not silent, "\n" + "\n".join(silent)


def test_every_package_folder_says_which_room_it_is() -> None:
    """`__init__.py` is the sign at the door; an empty one says nothing."""
    silent = [named(path) for path in python_files(*PACKAGES) if not path.read_text().strip()]

    assert not silent, "\n" + "\n".join(silent)


def test_files_stay_short_enough_to_hold_in_the_head() -> None:
    """A longer file is looked at again; where it must be long, the reason stands in the table."""
    lengths = {named(path): len(path.read_text().splitlines()) for path in python_files(*PACKAGES, "tests")}
    long = {
        name: lines
        for name, lines in lengths.items()
        if lines > (TEST_FILE_LINES_MAX if name.startswith("tests/") else FILE_LINES_MAX)
    }

    assert long.keys() - LONG_FILES.keys() == set(), long


def test_functions_stay_short_enough_to_see_at_once() -> None:
    """Fifty lines fit on a screen."""
    long = {
        f"{named(path)}:{function.name}": length
        for path in python_files(*PACKAGES, "tests")
        for function in functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    }

    assert long.keys() - LONG_FUNCTIONS.keys() == set(), long


def test_only_terminal_programs_print() -> None:
    """The agent logs; `lockerctl` and the simulator talk to a terminal."""
    talkers = [
        f"{named(path)}:{node.lineno}"
        for path in python_files("edge_agent", "drivers", "cloud_bridge")
        if not named(path).startswith("edge_agent/cli/")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]

    assert not talkers, "\n" + "\n".join(talkers)


def test_tests_stand_in_the_rooms_of_the_house() -> None:
    """Whoever changes a room finds its tests under the same name, and no room is without."""
    rooms = {path.parent.name for path in (ROOT / "edge_agent").glob("*/__init__.py")} | set(PACKAGES)
    tested = {
        path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and not path.name.startswith("_")
    }
    lived_in = {
        path.parent.name
        for path in (ROOT / "edge_agent").glob("*/__init__.py")
        if len(list(path.parent.glob("*.py"))) > 1
    }

    assert tested - rooms - TEST_ROOMS_WITHOUT_A_PACKAGE.keys() == set()
    assert lived_in - tested - ROOMS_TESTED_ELSEWHERE.keys() == set()


def test_what_others_call_in_drivers_and_domain_is_explained() -> None:
    """Classes say what they are; functions longer than a few lines say what types cannot."""
    unexplained = [
        f"{named(path)}:{node.name}"
        for path in python_files("drivers", "edge_agent/domain")
        if str(path.parent.relative_to(ROOT)) not in SPEAKING_FOLDERS
        for node in tree_of(path).body
        if _needs_words(node) and not ast.get_docstring(node)  # type: ignore[arg-type]
    ]

    assert not unexplained, "\n" + "\n".join(unexplained)


def _needs_words(node: ast.stmt) -> bool:
    """Public classes that do something (plain values and enumerations speak by their fields); longer functions."""
    if isinstance(node, ast.ClassDef):
        does = any(isinstance(part, ast.FunctionDef) and part.name[0] != "_" for part in node.body)
        return not node.name.startswith("_") and does
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return not node.name.startswith("_") and len(node.body) > 5
    return False


def test_nothing_is_marked_unfinished() -> None:
    """What is missing is told to people, not left in the code."""
    marked = [
        f"{name}: {found.group()}" for name, text in _tracked_texts() for found in UNFINISHED.finditer(text)
    ]

    assert not marked, "\n" + "\n".join(marked)


def test_nothing_names_a_place_outside_the_checkout() -> None:
    """The project stands alone: no path of the machine it was written on."""
    outside = re.compile("/" + r"work/\w+|\.\./" + "shared")

    assert [name for name, text in _tracked_texts() if outside.search(text)] == []


@cache
def _tracked_texts() -> tuple[tuple[str, str], ...]:
    """Every tracked text file with its content; `requirements` are made by a program."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    texts = []
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = ROOT / name
        if name.startswith("requirements/") or not path.is_file():
            continue
        try:
            texts.append((name, path.read_text()))
        except UnicodeDecodeError:
            continue
    return tuple(texts)


def test_codes_in_the_programs_and_codes_in_the_table_are_the_same() -> None:
    """A person can look up every code that can appear, and reads of none that cannot."""
    used = {
        node.value
        for path in python_files(*PACKAGES)
        if path.name != "error_table.py"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE_SHAPE.fullmatch(node.value)
    }

    without_row, unused = sorted(used - EXPLANATIONS.keys()), sorted(EXPLANATIONS.keys() - used)
    assert not without_row, f"codes without a row in edge_agent/error_table.py: {without_row}"
    assert not unused, f"rows that no code uses: {unused}"


def test_every_bus_error_has_its_own_code() -> None:
    """One class, one code, one row."""
    kinds = [
        kind
        for kind in vars(bus_errors).values()
        if isinstance(kind, type) and issubclass(kind, bus_errors.BusError)
    ]
    codes = [kind.code for kind in kinds]

    assert len(set(codes)) == len(codes)
    assert set(codes) <= EXPLANATIONS.keys()


def test_things_are_called_by_their_one_name() -> None:
    """The glossary's words only: what the trade calls a compartment is a compartment in code."""
    wrong = sorted(
        f"{named(path)}:{line} {name} (say {FORBIDDEN_WORDS[word]})"
        for path in python_files(*PACKAGES)
        for name, line in _defined_names(tree_of(path))
        for word in _words(name)
        if word in FORBIDDEN_WORDS
    )

    assert not wrong, "\n" + "\n".join(wrong)


def _defined_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Names this module gives: functions, classes, arguments, variables, attributes it sets."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno


def _words(name: str) -> list[str]:
    if name.startswith("__"):
        return []
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_")


def test_a_broad_except_says_why_it_is_one() -> None:
    """Only an outermost loop may catch everything, and the line says so; who tidies up and raises again need not."""
    bare = []
    for path in python_files(*PACKAGES):
        lines = path.read_text().splitlines()
        for node in ast.walk(tree_of(path)):
            broad = (
                isinstance(node, ast.ExceptHandler)
                and not _raises_again(node)
                and (
                    node.type is None
                    or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))
                )
            )
            if broad and "#" not in "".join(lines[node.lineno - 1 : node.body[0].lineno]):  # type: ignore[attr-defined]
                bare.append(f"{named(path)}:{node.lineno}")  # type: ignore[attr-defined]

    assert not bare, "\n" + "\n".join(bare)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) and node.exc is None for node in ast.walk(handler))


def test_tests_neither_sleep_nor_mock() -> None:
    """A sleep hides a race, a mock of our own class hides a lie. A real wait has its reason on its line.

    Only the real clock counts: under a virtual one, sleeping is how a test lets time pass.
    """
    wrong = []
    for path in python_files("tests"):
        if named(path).startswith("tests/bench/"):  # programs that measure real time
            continue
        lines = path.read_text().splitlines()
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and _is_sleep(node) and "#" not in lines[node.lineno - 1]:
                wrong.append(f"{named(path)}:{node.lineno} sleep")
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("unittest.mock"):
                wrong.append(f"{named(path)}:{node.lineno} mock")

    assert not wrong, "\n" + "\n".join(wrong)


def _is_sleep(call: ast.Call) -> bool:
    """`time.sleep(...)`, or `sleep(...)` taken from there."""
    called = call.func
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        return called.attr == "sleep" and called.value.id == "time"
    return isinstance(called, ast.Name) and called.id == "sleep"


def test_the_version_is_told_once() -> None:
    """The constant that starts fast and the package's own figure are the same."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["version"] == VERSION
