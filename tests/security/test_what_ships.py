"""What a machine in the field gets: pinned, listed, asked about, without a back door of ours."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from edge_agent.config import Config
from tests.security import audit

ROOT = Path(__file__).parent.parent.parent
SHIPPED = ("edge_agent", "drivers", "cloud_bridge")


@pytest.mark.parametrize("lock", ["run.lock", "dev.lock"])
def test_every_package_is_pinned_with_its_hash(lock: str) -> None:
    """SEC-44: what is installed tomorrow is what was tested today."""
    text = (ROOT / "requirements" / lock).read_text().replace("\\\n", " ")
    packages = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]

    assert packages
    for line in packages:
        assert re.match(r"^[A-Za-z0-9._-]+(\[[\w,]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line


def test_a_report_that_names_a_weakness_is_no_pass() -> None:
    """SEC-44: three endings, and only one of them is good."""
    sound = json.dumps({"dependencies": [{"name": "a", "version": "1", "vulns": []}]})
    weak = json.dumps({"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X-1"}]}]})
    skipped = json.dumps({"dependencies": [{"name": "a", "skip_reason": "not found"}]})

    assert audit.verdict(0, sound, "")[0] == audit.GOOD
    assert audit.verdict(1, weak, "")[0] == audit.WEAK

    assert audit.verdict(0, skipped, "") == (audit.NOT_AUDITED, "not audited: a")


@pytest.mark.parametrize("answer", ["", "null", "[]", '{"dependencies": []}', "Traceback"])
def test_no_answer_is_called_not_audited(answer: str) -> None:
    """SEC-44: a machine without an advisory service has learnt nothing."""
    code, line = audit.verdict(1, answer, "ERROR: could not be reached\n")

    assert code == audit.NOT_AUDITED
    assert line.startswith("not audited: ")


def test_the_pretend_hardware_cannot_be_reached_from_what_ships() -> None:
    """SEC-57: importing every shipped module loads nothing of the simulator, whatever a configuration says."""
    program = (
        "import importlib, pkgutil, sys\n"
        f"for room in {SHIPPED!r}:\n"
        "    package = importlib.import_module(room)\n"
        "    for found in pkgutil.walk_packages(package.__path__, room + '.'):\n"
        "        if not found.name.endswith('__main__'):\n"
        "            importlib.import_module(found.name)\n"
        "print([name for name in sys.modules if name == 'sim' or name.startswith('sim.')])\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )

    assert done.stdout.strip() == "[]"


def test_no_key_of_the_configuration_turns_a_guard_off() -> None:
    """SEC-20, SEC-30, SEC-57: there is no debug, insecure, simulate or master key to set."""
    names = set(re.findall(r'"([a-z_]+)"', json.dumps(msgspec.json.schema(Config))))
    forbidden = re.compile(
        r"(^|_)(debug|insecure|simulat\w*|fake|test_mode|master|bypass|no_verify|dev)(_|$)"
    )

    assert len(names) > 50
    assert {name for name in names if forbidden.search(name)} == set()


def test_no_shipped_module_runs_text_as_a_program() -> None:
    """SEC-45: no shell, no pickle, no eval, no yaml.load; ruff's and bandit's rules say it, this counts it."""
    forbidden = re.compile(
        r"shell=True|\bpickle\b|\bmarshal\.loads|\beval\(|\bexec\(|yaml\.load\b|verify=False|CERT_NONE"
    )
    sources = [path for room in SHIPPED for path in (ROOT / room).rglob("*.py")]

    assert len(sources) > 200
    assert {str(path): found for path in sources if (found := forbidden.findall(path.read_text()))} == {}


def test_a_planted_secret_is_found(tmp_path: Path) -> None:
    """SEC-43: `make check` runs this scanner over every file; here it shows that it can find something."""
    planted = tmp_path / "planted.py"
    planted.write_text("KEY = '" + "AKIA" + "IOSFODNN7REALKEY" + "'\n")
    scanner = Path(sys.executable).with_name("detect-secrets-hook")

    done = subprocess.run([scanner, str(planted)], capture_output=True, text=True, check=False)

    assert done.returncode != 0
    assert "AWS Access Key" in done.stdout


def test_the_list_of_parts_names_every_pinned_package(tmp_path: Path) -> None:
    """SEC-44: CycloneDX, as `make check` writes it."""
    lock, listed = ROOT / "requirements" / "run.lock", tmp_path / "parts.json"
    program = Path(sys.executable).with_name("cyclonedx-py")

    subprocess.run([program, "requirements", lock, "--output-file", listed], capture_output=True, check=True)

    parts = {part["name"] for part in json.loads(listed.read_text())["components"]}
    pinned = set(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[\w,]+\])?==", lock.read_text(), re.MULTILINE))
    assert parts == pinned


def test_the_page_on_security_says_whom_to_tell_and_for_how_long() -> None:
    """SEC-55: threat model, contact, support period."""
    page = (ROOT / "docs" / "security.md").read_text()

    assert "## Threat model" in page
    assert "security address" in page
    assert "five years" in page
