"""`locker-update`: a signed package is put in at a quiet time, proven on trial, and taken back where it fails.

It runs as root under the distribution's own Python and needs the standard library only: it replaces the locker's
programs, and has to work when they do not. The package's own scripts make a backup, migrate the ledger and refuse a
downgrade; this program chooses the moment, keeps the way back and judges.

    staged ──gates──► installing ──dpkg──► trial ──healthy──► done
                          │                  │
                          └──── anything ────┴──► falling back: the ledger as it was, the last good package

Whatever a power cut interrupts is fallen back at the next boot, before the agent starts. On trial the agent serves
nobody (file `trial` in its run-time folder) and the bridge stays down: taking the ledger back harms nobody.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

NAME = "locker-edge"
HOME = Path("/var/lib/locker-update")
STATE = Path("/var/lib/locker")
KEYS = Path("/etc/locker/release-keys")
RUNTIME = Path("/run/locker")
LOCKERCTL = "/usr/bin/lockerctl"
SERVICES = ("locker.target", "locker-agent.service", "locker-bridge.service", "locker-kiosk.service")
LEDGER_FILES = ("ledger.db", "ledger.db-wal", "ledger.mark")
QUIET_HOURS = (1, 5)  # local time: nobody deposits, and a fall-back is over before the first courier comes
TRIAL_S = 90.0  # longer than the slowest start with a migration of a full card, and a round of every check
LOOK_S = 3.0
DEB_MAX = 200 << 20  # bytes of a download; ours has 25 MB
FETCH_S = 60.0  # for one answer of a server that stalls
COMMAND_S = 1200.0  # dpkg with a migration of a gigabyte; past this something is stuck


class Refused(Exception):
    """Nothing was changed, and why."""


def main() -> int:
    """Exit codes: 0 done or nothing to do, 1 fallen back, 8 refused or not now."""
    parser = argparse.ArgumentParser(prog="locker-update", description=__doc__.partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    stage = verbs.add_parser("stage", help="take a package and its signature over for the next quiet hour")
    stage.add_argument("file", type=Path)
    run = verbs.add_parser("run", help="install what is staged or desired, if the moment is right")
    run.add_argument("--now", action="store_true", help="outside the quiet hours too, but not in a session")
    verbs.add_parser("resume", help="at boot, after an interrupted update: back to the last good version")
    options = parser.parse_args()
    HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        if options.verb == "stage":
            return take_over(options.file)
        if options.verb == "resume":  # nothing runs yet at this point of a boot
            fall_back("interrupted", running=False)
            return 1 if phase() else 0
        return update(now=options.now)
    except Refused as refusal:
        say(str(refusal))
        return 8


def take_over(file: Path) -> int:
    """Copy a package and its signature here, and check both at once so that a person hears of a mistake."""
    for source, target in ((file, staged()), (signature_of(file), signature_of(staged()))):
        if not source.is_file():
            raise Refused(f"{source}: not there; a package comes with its signature")
        shutil.copyfile(source, target)
    try:
        say(f"staged: {verified(staged())}")
    except Refused:
        forget_staged()
        raise
    (HOME / "failed").unlink(missing_ok=True)  # a person means it
    return 0


def staged() -> Path:
    return HOME / "next.deb"


def signature_of(deb: Path) -> Path:
    return Path(f"{deb}.sig")


def forget_staged() -> None:
    for path in (staged(), signature_of(staged())):
        path.unlink(missing_ok=True)


def fetch_desired(desired: dict[str, Any]) -> None:
    """Download what the back office's signed document names. Raises Refused where it is not what it says."""
    url, wanted = str(desired["url"]), str(desired["sha256"])
    if not url.startswith("https://"):
        raise Refused(f"{url}: only https is fetched")
    for address, target in ((url, staged()), (url + ".sig", signature_of(staged()))):
        parts = urlsplit(address)
        try:
            line = http.client.HTTPSConnection(parts.netloc, timeout=FETCH_S)
            write(target, answer_of(line, f"{parts.path}?{parts.query}"))
        except (OSError, http.client.HTTPException) as error:
            forget_staged()
            raise Refused(f"{address}: {error}") from None
    if hashlib.sha256(staged().read_bytes()).hexdigest() != wanted:
        forget_staged()
        raise Refused(f"{url}: not the package that the document names")


def verified(deb: Path) -> str:
    """The package's version, once one of the release keys on this locker has signed exactly these bytes.

    Called right before use. Raises Refused for a wrong signature, another name, or a version that is not newer.
    """
    keys = sorted(KEYS.glob("*.pem"))
    good = any(
        ran("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(key), "-rawin",
            "-in", str(deb), "-sigfile", str(signature_of(deb))).returncode == 0
        for key in keys
    )  # fmt: skip
    if not good:
        raise Refused(f"{deb.name}: not signed by any of {len(keys)} release keys in {KEYS}")
    name, version = ran("dpkg-deb", "--show", "--showformat=${Package} ${Version}", str(deb)).stdout.split()
    if name != NAME:
        raise Refused(f"{deb.name}: is {name}, not {NAME}")
    if ran("dpkg", "--compare-versions", version, "gt", installed()).returncode != 0:
        raise Refused(f"{version} is not newer than {installed()}")
    return version


def installed() -> str:
    return ran("dpkg-query", "--show", "--showformat=${Version}", NAME).stdout


def agent_says() -> dict[str, Any]:
    """What the running agent knows of updates. Raises Refused where none answers: it alone knows of a session."""
    done = ran(LOCKERCTL, "update", "state", "--json")
    try:
        said: dict[str, Any] = json.loads(done.stdout)
        return said if "idle" in said else {"idle": False, "why": said["error"]["message"]}
    except (ValueError, KeyError):
        raise Refused(f"the agent does not answer: {done.stderr.strip()}") from None


def update(*, now: bool) -> int:
    """One round: is there something, is it the moment, does it prove itself? Returns the exit code."""
    if phase():
        return fall_back("interrupted")
    said = agent_says()
    desired = said.get("desired")
    if not staged().exists() and desired and desired_is_news(desired):
        fetch_desired(desired)
    if not staged().exists():
        return 0
    if not now and not QUIET_HOURS[0] <= datetime.now().astimezone().hour < QUIET_HOURS[1]:
        raise Refused(f"staged; it waits for the quiet hours, {QUIET_HOURS[0]} to {QUIET_HOURS[1]} o'clock")
    if not said["idle"]:
        raise Refused(f"staged; not now: {said['why']}")
    try:
        version = verified(staged())
    except Refused:  # it would be refused for ever
        forget_staged()
        if desired:
            (HOME / "failed").write_text(str(desired["version"]))
        raise
    return install(version)


def desired_is_news(desired: dict[str, Any]) -> bool:
    """Another version than the installed one, wanted by now, and not one that failed here before."""
    failed = HOME / "failed"
    version = str(desired["version"])
    return (
        not installed().startswith(f"{version}+")
        and (not failed.exists() or failed.read_text() != version)
        and time.time() * 1000 >= float(desired.get("not_before_ms", 0))
    )


def install(version: str) -> int:
    """From the last good version to this one, or back. Returns the exit code."""
    before = boards_silent()
    keep_good()
    write(HOME / "phase", json.dumps({"from": installed(), "to": version}).encode())
    ran("systemctl", "stop", *SERVICES)
    keep_ledger()
    write(HOME / "trial", b"")
    done = ran("dpkg", "--install", str(staged()), env=at_the_wheel(backup=True))
    if done.returncode != 0:
        return fall_back(f"dpkg: {last_line(done.stderr)}")
    RUNTIME.mkdir(mode=0o755, exist_ok=True)
    (RUNTIME / "trial").touch()
    ran("systemctl", "start", "locker-agent.service")
    reason = unwell(before)
    if reason:
        return fall_back(reason)
    return settle(version)


def keep_good() -> None:
    """The installed version as a package again: whatever brought it here need not be kept."""
    work = HOME / "good"
    shutil.rmtree(work, ignore_errors=True)
    scripts = work / "tree/DEBIAN"
    scripts.mkdir(parents=True)
    for line in ran("dpkg-query", "--listfiles", NAME).stdout.splitlines():
        source, target = Path(line), work / "tree" / line.lstrip("/")
        if source.is_symlink() or source.is_file():
            shutil.copy2(source, target, follow_symlinks=False)
        else:
            target.mkdir(exist_ok=True)
    for line in ran("dpkg-query", "--control-path", NAME).stdout.splitlines():
        shutil.copy2(line, scripts / line.rpartition(".")[2])
    status = ran("dpkg-query", "--status", NAME).stdout
    control = re.sub(r"^(Status|Conffiles):.*\n( /.*\n)*", "", status, flags=re.MULTILINE)
    (scripts / "control").write_text(control)
    into = ("--build", "--root-owner-group", "-Zgzip", "-z1", str(work / "tree"), str(work / "good.deb"))
    done = ran("dpkg-deb", *into)
    if done.returncode != 0:
        raise Refused(f"no way back could be kept: {last_line(done.stderr)}")
    shutil.rmtree(work / "tree")
    synced(work / "good.deb")


def keep_ledger() -> None:
    """The ledger as it is while nobody writes it; root's alone."""
    kept = HOME / "ledger"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(mode=0o700)
    for name in LEDGER_FILES:
        if (STATE / name).exists():
            shutil.copy2(STATE / name, kept)
            synced(kept / name)


def unwell(silent_before: int) -> str:
    """Watch the trial to its end. Why the new version is not good enough, "" where it is."""
    deadline = time.monotonic() + TRIAL_S
    while time.monotonic() < deadline:
        time.sleep(LOOK_S)
        unit = ran("systemctl", "show", "--property=ActiveState,NRestarts", "locker-agent.service").stdout
        if "ActiveState=failed" in unit or "NRestarts=0" not in unit:
            return f"the agent does not stay up: {' '.join(unit.split())}"
    try:
        said = agent_says()
    except Refused as refusal:
        return str(refusal)
    if not said.get("well"):
        return f"the agent is not well: {said['why']}"
    if (silent := boards_silent()) > silent_before:
        return f"{silent} boards are silent, {silent_before} were before"
    return page_unwell()


def boards_silent() -> int:
    return len(re.findall(r'"answers":\s*false', ran(LOCKERCTL, "board", "info", "--json").stdout))


def page_unwell() -> str:
    """The screen's page is served, with the token that the browser gets."""
    try:
        parts = urlsplit((RUNTIME / "kiosk.url").read_text().strip())
        page = answer_of(http.client.HTTPConnection(parts.netloc, timeout=5), f"/?{parts.query}")
    except (OSError, http.client.HTTPException) as error:
        return f"the page is not served: {error}"
    return "" if b'data-ours="yes"' in page else "the page does not know its own token"


def answer_of(line: http.client.HTTPConnection, path: str) -> bytes:
    """One GET: no redirect is followed. Raises OSError for another status or more than DEB_MAX bytes."""
    with closing(line):
        line.request("GET", path)
        answer = line.getresponse()
        content = answer.read(DEB_MAX + 1)
    if answer.status != http.client.OK or len(content) > DEB_MAX:
        raise OSError(f"status {answer.status}, {len(content)} bytes")
    return content


def settle(version: str) -> int:
    """It is good: service begins again."""
    forget_staged()
    end_trial()
    ran("systemctl", "restart", "locker-agent.service")
    ran("systemctl", "start", "locker.target")
    tell("installed", version, "")
    return 0


def fall_back(reason: str, *, running: bool = True) -> int:
    """The last good package and, where the schema rose, the ledger as it was. May be begun again at any point."""
    was = phase()
    if not was:
        return 0
    if running:
        ran("systemctl", "stop", *SERVICES)
    if installed() != was["from"]:
        give_back_ledger()
        ran("dpkg", "--configure", "--pending")
        back = ("--install", "--force-downgrade", "--force-confold", str(HOME / "good/good.deb"))
        done = ran("dpkg", *back, env=at_the_wheel(backup=False))
        if done.returncode != 0:
            say(f"falling back failed, tried again at the next boot: {last_line(done.stderr)}")
            return 1
    forget_staged()
    (HOME / "failed").write_text(str(was["to"]).partition("+")[0])
    end_trial()
    if running:
        ran("systemctl", "start", "locker.target")
    tell("fallen back", str(was["to"]), reason)
    return 1


def give_back_ledger() -> None:
    """The copy of before the trial: only where the new schema could not be read by the old program."""
    kept = HOME / "ledger"
    if not (kept / "ledger.db").exists() or schema(kept) == schema(STATE):
        return
    for name in (*LEDGER_FILES, "ledger.db-shm"):
        (STATE / name).unlink(missing_ok=True)
    for name in sorted(os.listdir(kept)):
        shutil.copy2(kept / name, STATE)
        shutil.chown(STATE / name, "locker-agent", "locker-agent")
        synced(STATE / name)


def schema(folder: Path) -> bytes:
    """SQLite's user_version, as it stands in the file's header; empty without a ledger."""
    if not (folder / "ledger.db").exists():
        return b""
    with (folder / "ledger.db").open("rb") as file:
        return file.read(64)[60:]


def end_trial() -> None:
    for path in (HOME / "trial", RUNTIME / "trial", HOME / "phase"):
        path.unlink(missing_ok=True)
    shutil.rmtree(HOME / "ledger", ignore_errors=True)


def phase() -> dict[str, Any]:
    """What is under way; empty where nothing is."""
    try:
        found: dict[str, Any] = json.loads((HOME / "phase").read_text())
        return found
    except (OSError, ValueError):
        return {}


def tell(outcome: str, version: str, reason: str) -> None:
    """For the agent, which tells everybody else, and for the log."""
    result = {"outcome": outcome, "version": version, "reason": reason, "at_ms": round(time.time() * 1000)}
    write(HOME / "result.json", json.dumps(result).encode())
    say(f"{outcome}: {version} {reason}".rstrip())


def say(text: str) -> None:
    sys.stderr.write(f"locker-update: {text}\n")


def at_the_wheel(*, backup: bool) -> dict[str, str]:
    """The package's scripts leave the services to this program."""
    return {**os.environ, "LOCKER_UPDATE": "1", "LOCKER_UPGRADE_WITHOUT_BACKUP": "0" if backup else "1"}


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]


def ran(*command: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """One program to its end; its exit code is the caller's business."""
    return subprocess.run(  # noqa: S603 - our own words
        command, capture_output=True, text=True, timeout=COMMAND_S, check=False, **more
    )


def write(path: Path, content: bytes) -> None:
    """The whole file or the earlier one, whatever happens."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(content)
    synced(fresh)
    os.replace(fresh, path)
    synced(path.parent)


def synced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
