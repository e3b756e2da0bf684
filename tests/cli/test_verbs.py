"""Every verb, typed beside a real agent: what it answers over the socket has the shape that other programs rely on.

The tool runs in the test's own process here, the agent in one of its own. The shapes are those of
`tests/golden/operations.json`; each verb stands in one of the two tables below.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edge_agent.cli.commands import VERBS
from edge_agent.cli.main import main
from edge_agent.control.bench_rows import BENCH_ROWS
from edge_agent.control.door_rows import DOOR_ROWS
from edge_agent.control.health_rows import HEALTH_ROWS
from edge_agent.control.operations import Operation
from edge_agent.control.upkeep_rows import UPKEEP_ROWS
from tests.cli.running import Station

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "operations.json").read_text())
COIL_REST_S = 2.5  # between two openings of one lock, and a little more
SURE = "--yes --reason test"

TYPED: tuple[tuple[str, str, int], ...] = (
    ("status", "", 10),
    ("doctor", "", 10),
    ("doctor", "disk", 0),
    ("doors", "", 0),
    ("compartments", "", 0),
    ("board info", "", 0),
    ("bus stats", "--bus main", 0),
    ("bus capture", "{folder}/frames.jsonl --seconds 0.5", 0),
    ("bus replay", "{folder}/frames.jsonl", 0),
    ("bus watch", "--seconds 0.5", 0),
    ("scanner watch", "--seconds 0.2", 0),
    ("scanner trigger", "--seconds 0.2", 6),
    ("screen info", "", 10),
    ("screen test", "", 1),
    ("screen blank", "on", 3),
    ("unlock", f"--board A --channel 3 {SURE}", 0),
    ("door unlock", f"5 {SURE}", 0),
    ("door watch", "5 --seconds 0.2", 0),
    ("door history", "5", 0),
    ("door history", "99", 3),
    ("parcels", "", 0),
    ("parcel", "SF1234567890123", 3),
    ("reconcile", "--all", 0),
    ("events", "--last 3", 0),
    ("journal verify", "", 0),
    ("journal show", "--last 2", 0),
    ("journal export", "{folder}/journal.jsonl", 0),
    ("journal rebuild", "", 8),
    ("support-bundle", "{folder}/bundle.tar.gz", 0),
    ("backup make", "", 0),
    ("backup verify", "", 0),
    ("couriers list", "", 0),
    ("couriers revoke", "nobody", 3),
    ("fault list", "", 0),
    ("fault ack", "BUS-110@nowhere", 3),
    ("fault resolve", f"BUS-110@nowhere {SURE}", 3),
    ("compartment block", f"9 {SURE}", 0),
    ("compartment unblock", f"9 {SURE}", 0),
    ("compartment verify", f"7 {SURE}", 0),
    ("deposits stop", SURE, 0),
    ("deposits resume", SURE, 0),
    ("emergency stop-deposits", SURE, 0),
    ("deposits resume", SURE, 0),
    ("service-mode", f"on {SURE}", 0),
    ("service-mode", f"off {SURE}", 0),
    ("drill start", SURE, 0),
    ("drill end", "--reason over", 0),
    ("maintenance due", "--all", 0),
    ("maintenance do", "scanner-window --result clean", 0),
    ("maintenance do", "no-such-item", 3),
    ("maintenance log", "", 0),
    ("maintenance wear", "--all", 0),
    ("inspect", "site", 0),
    ("inspect", "site --answer passage=good --answer light=bad:dark", 10),
    ("readiness", "", 10),
    ("device fit", "lock\x0017 --serial L-1 --reason new", 0),
    ("device list", "", 0),
    ("device list", "lock\x0017", 0),
    ("config show", "policy", 0),
    ("config diff", "{config}", 0),
    ("config check", "{config}", 0),
    ("explain", "BUS-110", 0),
    ("version", "", 0),
    ("completion", "zsh", 0),
    ("version", "--sbom", 0),
)
"""Verb, arguments (a NUL stands for a blank within one), exit code; in the order of one technician's day."""

LATE = ("board info", 7)
"""On a machine that is busy with other things one board of five may answer past its deadline."""

ELSEWHERE = {
    "bus scan": "test_hardware_verbs.py: minutes of wire time beside a whole cabinet",
    "door test": "test_walks.py, test_guided.py",
    "emergency open-all": "test_gravest_verbs.py",
    "backup restore": "test_ledger_verbs.py",
    "couriers import": "test_ledger_verbs.py",
    "lists import": "the fixture",
    "cabinet accept": "the fixture",
    "cabinet decommission": "test_last_day.py",
    "config apply": "test_last_day.py",
}
"""Verbs of this room that are tried in another file."""
OURS = {row.typed or row.name for row in (*HEALTH_ROWS, *BENCH_ROWS, *UPKEEP_ROWS, *DOOR_ROWS)}
"""A table that comes later comes with a file of its own."""


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    site = Station(tmp_path_factory.mktemp("verbs"))
    site.start()
    site.accept()
    yield site
    site.close()


@pytest.fixture
def types(
    station: Station, capfdbinary: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    """Type one verb in this process: exit code and stdout. Nobody sits at a terminal."""
    monkeypatch.setenv("LOCKER_CONFIG", str(station.config))
    monkeypatch.setattr("sys.stdin", (station.folder / "nothing").open("w+"))

    def type_(verb: str, arguments: str, *more: str) -> tuple[int, str]:
        filled = arguments.format(folder=station.folder, config=station.config)
        words = [word.replace("\x00", " ") for word in filled.split()]
        code = main([*verb.split(), *words, *more])
        return code, capfdbinary.readouterr().out.decode()

    return type_


@pytest.mark.parametrize(
    ("verb", "arguments", "code"), TYPED, ids=lambda one: str(one)[:40].replace("\x00", " ")
)
def test_a_verb_answers_in_the_golden_shape(
    types: Callable[..., tuple[int, str]], verb: str, arguments: str, code: int
) -> None:
    ended, said = types(verb, arguments, "--json")

    assert ended == code or (verb, ended) == LATE, said
    document, row = json.loads(said), VERBS[verb]
    for answer in _answers(row, document):
        if "error" in document:
            assert set(document["error"]) == {"code", "where", "detail", "message", "next_step"}
        else:
            jsonschema.validate(answer, GOLDEN[row.name]["result"])
            assert set(answer) <= set(_named(GOLDEN[row.name]["result"])), "no field that the shape lacks"


def _answers(row: Operation, document: Any) -> list[Any]:
    return list(document["items"]) if row.stream and "items" in document else [document]


def _named(schema: Any) -> list[str]:
    name = schema["$ref"].rpartition("/")[2] if "$ref" in schema else ""
    return list((schema["$defs"][name] if name else schema)["properties"])


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        (verb, arguments)
        for verb, arguments, code in TYPED
        if code in (0, 10) and verb not in ("backup make",)
    ],
    ids=lambda one: str(one)[:40].replace("\x00", " "),
)
def test_a_verb_has_words_for_a_person_too(
    types: Callable[..., tuple[int, str]], station: Station, verb: str, arguments: str
) -> None:
    """The same verb in a pipe: text, no JSON, no colour, and the same end where it may be said twice."""
    for name in ("frames.jsonl", "journal.jsonl", "bundle.tar.gz"):
        if f"{{folder}}/{name}" in arguments and verb in ("bus capture", "journal export", "support-bundle"):
            (station.folder / name).unlink(missing_ok=True)

    ended, said = types(verb, arguments)

    assert ended in (0, 1, 8, 10) or (verb, ended) == LATE, said
    assert "\x1b" not in said
    assert not said.startswith("{") or verb == "version"


def test_every_verb_is_typed_somewhere() -> None:
    """A verb that nobody tries is one that a technician tries first."""
    typed = {verb for verb, _, _ in TYPED}

    assert OURS - typed - ELSEWHERE.keys() == set()
    assert typed & ELSEWHERE.keys() == set()


def test_a_checklist_is_asked_question_by_question(station: Station) -> None:
    """At a terminal: good, bad with a note, and the rest left out."""
    ran = station.technician.types_at_a_terminal(
        "inspect",
        "site",
        steps=(
            ("1/4", "g\n"),
            ("2/4", "b\n"),
            ("What is wrong?", "lamp dark\n"),
            ("3/4", "\n"),
            ("4/4", "g\n"),
        ),
    )

    assert ran.code == 10
    assert "1 bad" in ran.out
    logged = station.json("maintenance", "log", "inspection")["done"]
    assert logged[-1]["result"] == "bad: light: lamp dark"


def test_a_lock_is_tested_with_a_hand_at_the_door(station: Station) -> None:
    """Two cycles; the hand shuts the door each time, and both times are told."""
    number = "11"
    shut = station.cabinet.world.on_change

    def hand(moved: str, at_s: float) -> None:
        if moved == number and station.cabinet.door_json(number)["door"] == "open":
            station.cabinet.world.at(at_s + 0.8, lambda _: station.cabinet.hand(number, "close"))

    shut.append(hand)
    ran = station.types("door", "test", number, "--cycles", "2", "--yes", "--reason", "new latch", "--json")
    shut.remove(hand)

    first, second = ran.json["items"]
    assert (ran.code, first["outcome"], second["outcome"]) == (0, "opened", "opened")
    assert first["opened_after_ms"] > 0
    assert second["closed_after_ms"] is not None


def test_stock_is_taken_door_by_door(station: Station) -> None:
    """The tested door's contents are unknown now: it is opened, looked into, shut, and called empty."""
    number = "11"
    station.until_status(lambda found: found["compartments"]["unknown"] > 0, "something is in doubt")
    doubtful = [one["number"] for one in station.json("reconcile")["compartments"]]
    assert number in doubtful
    station.passes(COIL_REST_S)

    def shut() -> str:
        station.until(lambda: station.cabinet.door_json(number)["door"] == "open", "it opens")
        station.shuts(number)
        return "e\n"

    skipped: list[tuple[str, Any]] = [
        (f"/{len(doubtful)} door {one}", "s\n") for one in doubtful[: doubtful.index(number)]
    ]
    ran = station.technician.types_at_a_terminal(
        "reconcile",
        steps=(
            *skipped,
            (f"door {number}: ledger says unknown", "o\n"),
            ("Look and shut", shut),
            ("contents empty", "q\n"),
        ),
    )

    assert ran.code == (7 if len(doubtful) > 1 else 0), ran.out
    assert "1 of " in ran.out
    rows = {row["number"]: row for row in station.json("compartments")["compartments"]}
    assert rows[number]["contents"] == "empty"


def test_what_a_drill_does_is_told_at_its_end(station: Station) -> None:
    """And one alone goes on at a time."""
    station.types("drill", "start", "--yes", "--reason", "evacuation")
    again = station.types("drill", "start", "--yes", "--reason", "once more", "--json")
    station.types("door", "unlock", "21", "--yes", "--reason", "practice")

    ended = station.json("drill", "end", "--reason", "all back")

    assert again.json["error"]["code"] == "FLOW-307"
    assert (ended["going_on"], ended["reason"], ended["events"]["door.opened"]) == (False, "evacuation", 1)


def test_boards_that_say_who_they_are_stand_in_the_archive(station: Station) -> None:
    """Fitted by hand or told by the board; a swap keeps what stood there before."""
    station.types("device", "fit", "scanner front", "--model", "NLS", "--serial", "S-1")
    swapped = station.json(
        "device", "fit", "scanner front", "--serial", "S-2", "--reason", "window scratched"
    )
    history = station.json("device", "list", "scanner front")["devices"]

    assert swapped["replaces"] == "S-1"
    assert [(one["serial"], one["present"]) for one in history] == [("S-1", False), ("S-2", True)]
