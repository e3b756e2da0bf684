"""Verbs that need nothing, the command line's manners, and how fast a simple verb starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from edge_agent.cli.commands import GUIDED, VERBS
from edge_agent.cli.direct import HANDLERS
from edge_agent.cli.main import main
from edge_agent.cli.show import SHOW
from edge_agent.control.operations import Needs
from edge_agent.error_table import EXPLANATIONS
from edge_agent.version import VERSION
from tests.cli.conftest import LOCKERCTL, Technician
from tests.test_config import GOOD


def test_a_sound_configuration_is_called_good(technician: Technician, tmp_path: Path) -> None:
    """And says what is in it."""
    file = tmp_path / "locker.toml"
    file.write_text(GOOD)

    ran = technician.types("config", "check", str(file))

    assert ran.code == 0
    assert ran.out == f"{file}: good; 17 doors, 2 boards, 2 buses\n"


def test_every_problem_of_a_configuration_is_listed_with_its_next_step(
    technician: Technician, tmp_path: Path
) -> None:
    """A misspelt key, an address out of range and an unknown driver: three problems, one run."""
    file = tmp_path / "locker.toml"
    file.write_text(
        GOOD.replace("address = 1\n", "address = 99\npulse = 300\n").replace('"line"', '"lines"')
        + '\n[[board]]\nname = "X"\nbus = "main"\ndriver = "lock-8b"\naddress = 7\nchannels = 8\n'
    )

    ran = technician.types("config", "check", str(file), "--json")
    shown = technician.types("config", "check", str(file))

    assert ran.code == shown.code == 9
    assert {(one["code"], one["key"]) for one in ran.json["problems"]} == {
        ("CONF-603", "board[0].pulse"),
        ("CONF-606", "board[0].address"),
        ("CONF-619", "board[2].driver"),
    }
    assert "Did you mean `pulse_ms`?" in shown.out


def test_an_option_that_only_the_driver_knows_is_checked_too(technician: Technician, tmp_path: Path) -> None:
    """A relay board whose pulse no board would time."""
    file = tmp_path / "locker.toml"
    relay = 'driver = "modbus-relay"\noptions = { pulse = "host" }'
    file.write_text(GOOD.replace('driver = "waveshare-relay"', relay))

    ran = technician.types("config", "check", str(file), "--json")

    assert ran.code == 9
    assert [(one["code"], one["key"]) for one in ran.json["problems"]] == [("CONF-606", "board[1]")]


def test_a_bad_configuration_stops_every_verb_in_one_line(technician: Technician, tmp_path: Path) -> None:
    """Two problems: the first is told, and where the rest can be read."""
    file = tmp_path / "locker.toml"
    file.write_text(GOOD.replace("address = 1\n", "address = 99\n").replace("Asia/Hong_Kong", "Mars"))

    ran = technician.types("doors", "--config", str(file))

    assert ran.code == 9
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith(f"CONF-600 {file}: 2 problems; locker.timezone: no time zone 'Mars'")
    assert "lockerctl config check" in ran.err


@pytest.mark.parametrize("code", sorted(EXPLANATIONS))
def test_every_code_has_words_in_both_languages_and_a_next_step(code: str) -> None:
    """Whatever a person reads off a screen can be looked up."""
    row = EXPLANATIONS[code]

    assert all((row.english, row.chinese, row.cause, row.next_step))
    assert any("\u4e00" <= letter <= "\u9fff" for letter in row.chinese)
    assert row.next_step.endswith("."), "a sentence"


def test_a_code_is_explained_in_any_case(technician: Technician) -> None:
    """Typed as read over the telephone."""
    ran = technician.types("explain", "bus-110")

    assert ran.code == 0
    assert "The board does not answer" in ran.out
    assert "鎖控板無應答" in ran.out


def test_an_unknown_code_names_its_neighbours(technician: Technician) -> None:
    """Misread by one digit."""
    ran = technician.types("explain", "BUS-119", "--json")

    assert ran.code == 3
    assert "BUS-11" in ran.json["error"]["detail"]


@pytest.mark.parametrize("words", [("--json", "version"), ("version", "--json")])
def test_global_options_stand_before_or_after_the_verb(
    technician: Technician, words: tuple[str, ...]
) -> None:
    """Nobody remembers which."""
    assert technician.types(*words).json["version"] == VERSION


def test_a_reader_that_has_seen_enough_is_no_failure(technician: Technician) -> None:
    """`lockerctl --help | head -1`: no complaint on stderr."""
    with subprocess.Popen([*LOCKERCTL, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tool:
        assert tool.stdout
        assert tool.stderr
        tool.stdout.close()
        said = tool.stderr.read()

    assert (tool.returncode, said) == (0, b"")


def test_a_slip_in_the_verb_is_answered_with_the_nearest_one(technician: Technician) -> None:
    """`lockerctl bus sacn`."""
    ran = technician.types("bus", "sacn")
    as_json = technician.types("bus", "sacn", "--json")

    assert (ran.code, as_json.code) == (2, 2)
    assert "Did you mean 'scan'?" in ran.err
    assert as_json.json["error"]["code"] == "CTRL-706"


def test_without_a_configuration_the_line_says_how_to_name_one(technician: Technician) -> None:
    """A fresh machine."""
    ran = technician.types("doors")

    assert ran.code == 9
    assert "name one with --config FILE" in ran.err


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_help_with_an_example_and_knows_json(
    capfd: pytest.CaptureFixture[str], name: str
) -> None:
    """`--help` is the manual that a technician has."""
    ended = main([*name.split(), "--help"])
    said = capfd.readouterr().out

    assert ended == 0
    assert "Example: lockerctl" in said
    assert "--json" in said
    assert "--direct" in said


def test_every_operation_can_be_run_here_and_shown() -> None:
    """A row without a handler or without words for its result would fail at the worst moment."""
    run_here = {row.key for row in VERBS.values() if row.needs is not Needs.AGENT}
    assert HANDLERS.keys() == run_here - GUIDED.keys(), "a guided verb is run by its conversation"
    assert SHOW.keys() == {row.key for row in VERBS.values()}


HEAVY = ("asyncio", "starlette", "uvicorn", "rich", "serial", "pymodbus", "importlib.metadata", "h11")


@pytest.mark.parametrize("words", [("version",), ("explain", "BUS-110"), ("--help",)])
def test_a_simple_verb_loads_nothing_heavy(words: tuple[str, ...]) -> None:
    """Start-up time is what a technician feels."""
    script = (
        f"import sys; from edge_agent.cli.main import main; main({list(words)!r});"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"


SIMPLE = (("version",), ("explain", "BUS-110"), ("--help",), ("door", "--help"))


def test_simple_verbs_start_within_six_times_a_bare_interpreter() -> None:
    """Side by side, the cheapest run of each in processor time: a busy machine adds little. Ratios are printed."""
    bare: list[float] = []
    verbs: dict[str, list[float]] = {" ".join(words): [] for words in SIMPLE}
    for _ in range(5):
        for words in SIMPLE:
            bare.append(_processor_s([sys.executable, "-c", "pass"]))
            verbs[" ".join(words)].append(_processor_s([*LOCKERCTL, *words]))
    found = {name: round(min(all_of) / min(bare), 1) for name, all_of in verbs.items()}
    print(f"times a bare interpreter: {found}")

    assert max(found.values()) <= 6, found


def _processor_s(command: list[str]) -> float:
    """What one run of it costs, its own and the system's share."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0
    return used.ru_utime + used.ru_stime


def test_the_list_of_parts_is_a_sound_cyclonedx_document(technician: Technician) -> None:
    """Judged by the standard's own library; it names what the agent stands on."""
    ran = technician.types("version", "--sbom", "--json")

    made = ran.json["sbom"]
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made)) is None
    names = {one["name"] for one in made["components"]}
    assert {"apsw", "msgspec", "pymodbus", "cpython"} <= names
    assert made["metadata"]["component"]["version"] == VERSION


@pytest.mark.parametrize(
    ("line", "offered"), [("lockerctl comp", "compartment"), ("lockerctl door h", "history")]
)
def test_the_tab_key_completes_nouns_and_verbs(technician: Technician, line: str, offered: str) -> None:
    """The shell asks the tool itself."""
    words = line.split()
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_LOCKERCTL_COMPLETE": "bash_complete"}

    done = subprocess.run(
        [*LOCKERCTL], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )

    assert f"plain,{offered}" in done.stdout.splitlines()
