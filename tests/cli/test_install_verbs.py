"""`lockerctl setup` and `coils off`: from boards that answer to a locker.toml, and coils off whoever is silent."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Site, Technician

AtSite = Callable[..., Site]
ANSWERS = "HK-0007\nHarbour Road 12\nAsia/Hong_Kong\n+852 1234 5678\n\n"


def setup_words(site: Site, file: Path) -> list[str]:
    """A port whose one board is asked for by name, so that the scan takes a second."""
    port = str(site.cabinet.ports["main"])
    return ["setup", "--port", port, "--family", "lock-8a", "--addresses", "1-2", "--file", str(file)]


def test_what_answers_becomes_a_configuration_that_opens_a_door(at_site: AtSite, tmp_path: Path) -> None:
    """A script's way: no question is asked, and the file that was written opens the first door."""
    site, file = at_site("lock-8a"), tmp_path / "locker.toml"
    words = setup_words(site, file)

    ran = site.technician.types(*words, "--id", "HK-0007", "--hotline", "+852 1234 5678", "--json")
    opened = Technician(file).types("unlock", "--board", "A", "--channel", "7", "--bench", "--yes", "--json")

    assert ran.code == 0, ran.err
    assert ran.json == {"file": str(file), "boards": ["A"], "doors": 24, "kept": ""}
    assert tomllib.loads(file.read_text())["locker"]["id"] == "HK-0007"
    assert file.stat().st_mode & 0o777 == 0o644
    assert opened.json["outcome"] == "opened"


def test_a_person_is_asked_only_what_was_not_given(at_site: AtSite, tmp_path: Path) -> None:
    """Five answers and an Enter for the languages; the port was given."""
    site, file = at_site("lock-8a"), tmp_path / "locker.toml"

    ran = site.technician.types_at_a_terminal(*setup_words(site, file), keys=ANSWERS)

    written = tomllib.loads(file.read_text())
    assert ran.code == 0, ran.out
    assert "Port of the lock boards" not in ran.out
    assert written["locker"]["name"] == "Harbour Road 12"
    assert written["locker"]["languages"] == ["zh-Hant", "en", "zh-Hans"]


def test_a_configuration_that_is_there_is_not_lost(at_site: AtSite, tmp_path: Path) -> None:
    """Refused at first; with --force the earlier one lies beside it."""
    site, file = at_site("lock-8a"), tmp_path / "locker.toml"
    file.write_text("# years of work\n")

    refused = site.technician.types(*setup_words(site, file), "--id", "HK-0007")
    left = file.read_text()
    forced = site.technician.types(*setup_words(site, file), "--id", "HK-0007", "--force", "--json")

    assert refused.code == 4
    assert left == "# years of work\n"
    assert forced.json["kept"] == str(tmp_path / "locker.toml.old")
    assert (tmp_path / "locker.toml.old").read_text() == "# years of work\n"


def test_nothing_is_written_where_nobody_answers_or_a_word_is_wrong(at_site: AtSite, tmp_path: Path) -> None:
    """A board without power, an id with a blank, a size that does not exist: no file, and a line that says why."""
    site, file = at_site("lock-8a"), tmp_path / "locker.toml"
    words = setup_words(site, file)

    wrong_id = site.technician.types(*words, "--id", "not an id")
    wrong_size = site.technician.types(*words, "--size", "huge")
    site.cabinet.faults.add("silent", board="A")
    silent = site.technician.types(*words, "--id", "HK-0007")

    assert [wrong_id.code, wrong_size.code, silent.code] == [9, 2, 3]
    assert "locker.id" in wrong_id.err
    assert "nobody answered" in silent.err
    assert not list(tmp_path.glob("locker.toml*"))


def test_all_coils_are_told_to_be_off_and_who_is_silent_is_named(at_site: AtSite) -> None:
    """One board without power does not keep the other from being told: exit code 7, partly done."""
    site = at_site("lock-8a", "waveshare-relay")
    both = site.technician.types("coils", "off", "--json")
    site.cabinet.faults.add("silent", board="B")

    ran = site.technician.types("coils", "off")

    assert both.code == 0
    assert both.json == {"told": ["A", "B"], "silent": []}
    assert ran.code == 7
    assert "board A: all coils off" in ran.out
    assert "BUS-110" in ran.err
    assert site.energised("A", 1) == 0
