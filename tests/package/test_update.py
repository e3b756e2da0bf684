"""`locker-update`: only what is signed, only at the right moment, only what proves itself; else back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.package.locker import Layers, Locker, booted, layered
from tests.package.machine import run
from tests.package.test_life import events

pytestmark = [pytest.mark.package, pytest.mark.timeout(900)]

STAGE = "locker-update stage /root/{name}"
SHORT_TRIAL = "sed -i 's/^TRIAL_S = .*/TRIAL_S = 12.0/' /usr/lib/locker/locker-update"


@pytest.fixture(scope="module")
def release_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The maker's; its public half lies on every locker."""
    key = tmp_path_factory.mktemp("release") / "release.key"
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", key)
    run("openssl", "pkey", "-in", key, "-pubout", "-out", key.with_suffix(".pem"))
    return key


def signed(package: Path, key: Path) -> Path:
    """The package with its signature beside it, as `make deb SIGN=key` leaves them."""
    signature = package.with_name(package.name + ".sig")
    run("openssl", "pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", package, "-out", signature)
    return signature


@pytest.fixture
def locker(installed: Layers, next_deb: Path, release_key: Path, tmp_path: Path) -> Iterator[Locker]:
    """In service under this version; the next one and its signature lie in /root."""
    with layered(installed, tmp_path / "update") as root, booted(root) as made:
        prepare(made, next_deb, release_key)
        yield made


def prepare(locker: Locker, next_deb: Path, release_key: Path) -> None:
    """A door has been opened and shut; the maker's key and version are there; a trial lasts seconds, not minutes."""
    locker.plug_in_and_start()
    locker.sh("lockerctl unlock --board A --channel 7 --yes --reason 'before the update'")
    locker.cabinet("/doors/7", '{"hand": "close"}')
    locker.until("lockerctl update state --json | grep -F '\"idle\":true'")
    for file in (next_deb, signed(next_deb, release_key)):
        shutil.copy(file, locker.root / "root")
    shutil.copy(release_key.with_suffix(".pem"), locker.root / "etc/locker/release-keys")
    locker.sh(SHORT_TRIAL)


def version(locker: Locker) -> str:
    return locker.sh("dpkg-query --show --showformat='${Version}' locker-edge").stdout.partition("+")[0]


def test_a_signed_version_that_proves_itself_stays(locker: Locker, next_deb: Path) -> None:
    """Staged, put in, tried while nobody is served, in service; every event of before is still there."""
    before = events(locker)
    locker.sh(STAGE.format(name=next_deb.name))

    done = locker.sh("locker-update run --now", check=False)

    assert done.returncode == 0, done.stderr + locker.told()
    assert version(locker) == "0.9.0"
    locker.ready()
    assert events(locker).startswith(before)
    told = locker.json("lockerctl update state --json")
    assert (told["last"]["outcome"], told["trial"]) == ("installed", False)
    assert not (locker.root / "var/lib/locker-update/phase").exists()
    opened = locker.json("lockerctl unlock --board A --channel 9 --yes --reason 'after the update' --json")
    assert opened["outcome"] == "opened"


def test_what_is_not_signed_or_comes_at_the_wrong_moment_changes_nothing(
    locker: Locker, next_deb: Path
) -> None:
    """One byte too many, no signature, an older version, an open door: refused, each in a line, nothing touched."""
    name = next_deb.name
    locker.sh(
        f"cp /root/{name} /root/changed.deb && cp /root/{name}.sig /root/changed.deb.sig && echo >> /root/changed.deb"
    )
    locker.sh(f"cp /root/{name} /root/bare.deb")

    changed, bare = (locker.sh(STAGE.format(name=f"{one}.deb"), check=False) for one in ("changed", "bare"))
    locker.sh(STAGE.format(name=name))
    locker.sh("printf x >> /var/lib/locker-update/next.deb")
    swapped = locker.sh("locker-update run --now", check=False)
    locker.sh(STAGE.format(name=name))
    locker.sh("lockerctl unlock --board A --channel 8 --yes --reason 'somebody is here'")
    locker.until("lockerctl update state --json | grep -F '\"idle\":false'")
    busy = locker.sh("locker-update run --now", check=False)

    assert [one.returncode for one in (changed, bare, swapped, busy)] == [8, 8, 8, 8]
    assert "not signed by any of 1 release keys" in changed.stderr
    assert "comes with its signature" in bare.stderr
    assert "not signed" in swapped.stderr
    assert "a door is open" in busy.stderr
    assert version(locker) == "0.1.0"
    assert locker.sh("systemctl is-active locker-agent").stdout.strip() == "active"


def test_a_version_that_does_not_prove_itself_is_taken_back_with_everything(
    locker: Locker, broken_deb: Path, release_key: Path
) -> None:
    """It crashes at each start, after its migration: the last good version and its ledger are back, and serve."""
    before = events(locker)
    for file in (broken_deb, signed(broken_deb, release_key)):
        shutil.copy(file, locker.root / "root")
    locker.sh(STAGE.format(name=broken_deb.name))

    done = locker.sh("locker-update run --now", check=False)

    assert done.returncode == 1, done.stderr
    assert "the agent does not stay up" in done.stderr
    assert version(locker) == "0.1.0"
    locker.ready()
    assert events(locker).startswith(before)
    assert locker.json("lockerctl update state --json")["last"]["outcome"] == "fallen back"
    locker.sh("lockerctl journal verify")


CUTS = {
    "before dpkg": r"^    done = ran(\"dpkg\", \"--install\", str(staged()), .*$",
    "after dpkg": r"^    RUNTIME.mkdir(mode=0o755, exist_ok=True)$",
    "on trial": r"^    reason = unwell(before)$",
}


@pytest.mark.parametrize("moment", CUTS)
def test_a_power_cut_in_the_middle_of_an_update(
    installed: Layers, next_deb: Path, release_key: Path, tmp_path: Path, moment: str
) -> None:
    """Whatever was under way, the next boot is in the last good version, with its ledger, before the agent starts."""
    with layered(installed, tmp_path / "update") as root:
        with booted(root) as locker:
            prepare(locker, next_deb, release_key)
            before = events(locker)
            locker.sh(STAGE.format(name=next_deb.name))
            locker.sh(f"sed -i 's/{CUTS[moment]}/    os._exit(99)/' /usr/lib/locker/locker-update")
            died = locker.sh("locker-update run --now", check=False)

        with booted(root) as locker:
            locker.plug_in_the_cabinet()
            locker.ready()
            after, told = events(locker), locker.json("lockerctl update state --json")["last"]
            back = version(locker)

    assert died.returncode == 99, died.stderr
    assert back == "0.1.0"
    assert after.startswith(before)
    assert (told["outcome"], told["reason"]) == ("fallen back", "interrupted")
