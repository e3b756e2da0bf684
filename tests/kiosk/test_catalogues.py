"""Texts: every language says everything, with the same placeholders, in words that the page and the speech ask for."""

from __future__ import annotations

import re
from typing import get_args, get_type_hints

import pytest

from edge_agent.kiosk import screens
from edge_agent.kiosk.actions import ARGUMENTS
from edge_agent.kiosk.catalogues import BadCatalogue, fill, load, place_in_words, placeholders, read_po
from edge_agent.kiosk.layout import Place
from edge_agent.kiosk.screen_parts import (
    MessageKind,
    NoticeKind,
    OddLine,
    ProblemKind,
    RecallLine,
    ServiceWord,
)
from edge_agent.kiosk.screens import SCREENS
from edge_agent.kiosk.server import STATIC

CATALOGUES = load()
SCRIPTS = {path.name: path.read_text("utf-8") for path in sorted(STATIC.rglob("*.js"))}
STATIC_KEY = re.compile(r"""\bt\(\s*["']([a-z0-9+.-]+)["']|["']([a-z-]+\.[a-z0-9+.-]+)["']""")
TEMPLATE_KEY = re.compile(r"t\(\s*`([^`]+)`")
# What buttons are called by another key than action.<name>, and what never is a button.
LABELLED_ELSEWHERE = {
    "code",
    "phone",
    "number",
    "pin",
    "waybill",
    "touch",
    "language",
    "size",
    "problem",
    "section",
    "low",
    "speed",
}


def test_the_three_languages_of_the_first_lockers_are_there():
    assert {"zh-Hant", "zh-Hans", "en"} <= set(CATALOGUES)


@pytest.mark.parametrize("lang", sorted(CATALOGUES))
def test_a_language_says_everything_and_nothing_else(lang):
    assert set(CATALOGUES[lang]) == set(CATALOGUES["en"])


@pytest.mark.parametrize("lang", sorted(CATALOGUES))
def test_a_language_uses_the_same_placeholders(lang):
    english = CATALOGUES["en"]

    wrong = {
        key for key, text in CATALOGUES[lang].items() if placeholders(text) != placeholders(english[key])
    }

    assert wrong == set()


@pytest.mark.parametrize("lang", sorted(CATALOGUES))
def test_no_text_is_empty(lang):
    assert [key for key, text in CATALOGUES[lang].items() if not text.strip()] == []


def test_chinese_is_written_in_the_script_its_tag_promises():
    """One character of each pair is enough to show a text that was copied into the wrong file."""
    traditional, simplified = "門關號碼輸請開這裡掃維個電話櫃遞螢幕", "门关号码输请开这里扫维个电话柜递荧幕"
    hant = "".join(text for key, text in CATALOGUES["zh-Hant"].items())
    hans = "".join(text for key, text in CATALOGUES["zh-Hans"].items())

    assert {c for c in hant if c in set(simplified) - set(traditional)} == set()
    assert {c for c in hans if c in set(traditional) - set(simplified)} == set()


def literal_values(kind: type, field: str) -> tuple[str, ...]:
    return get_args(get_type_hints(kind)[field])


def keys_of_kinds() -> set[str]:
    """Every key that a view-model's kinds can ask for."""
    keys = {f"notice.{kind}" for kind in NoticeKind} | {f"problem.{kind}" for kind in ProblemKind}
    keys |= {f"message.{kind}.{part}" for kind in MessageKind for part in ("title", "text")}
    keys |= {f"service-menu.word.{word}" for word in get_args(ServiceWord)}
    table = [
        ("door-open-take.text.{}", screens.DoorOpenTake, "role"),
        ("door-open-take.title.{}", screens.DoorOpenTake, "role"),
        ("door-open-put.text.{}", screens.DoorOpenPut, "role"),
        ("door-open-put.title.{}", screens.DoorOpenPut, "role"),
        ("door-failed.title.{}", screens.DoorFailed, "reason"),
        ("door-failed.text.{}", screens.DoorFailed, "role"),
        ("thanks.title.{}", screens.Thanks, "kind"),
        ("thanks.text.{}", screens.Thanks, "kind"),
        ("home.text.{}", screens.Home, "code"),
        ("courier-pin.title.{}", screens.CourierPin, "ask"),
        ("recall-list.title.{}", screens.RecallList, "kind"),
        ("recall-list.reason.{}", RecallLine, "reason"),
        ("courier-summary.odd.{}", OddLine, "kind"),
        ("locked-out.title.{}", screens.LockedOut, "who"),
        ("out-of-service.text.{}", screens.OutOfService, "reason"),
        ("commissioning.title.{}", screens.Commissioning, "step"),
        ("please-wait.title.{}", screens.PleaseWait, "reason"),
        ("service-menu.section.{}", screens.ServiceMenu, "section"),
    ]
    return keys | {
        pattern.format(value)
        for pattern, kind, field in table
        for value in literal_values(kind, field)
        if value
    }


def test_everything_a_screen_can_say_has_a_text():
    assert keys_of_kinds() - set(CATALOGUES["en"]) == set()


def test_every_action_has_a_label():
    labelled = set(ARGUMENTS) - LABELLED_ELSEWHERE

    assert {f"action.{name}" for name in labelled} - set(CATALOGUES["en"]) == set()


def asked_for() -> tuple[set[str], list[re.Pattern[str]]]:
    """Keys written out in the page's scripts, and patterns of the composed ones."""
    written: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    for text in SCRIPTS.values():
        written |= {first or second for first, second in STATIC_KEY.findall(text)}
        for template in TEMPLATE_KEY.findall(text):
            patterns.append(re.compile(re.sub(r"\\\$\\\{.*?\\\}", ".*", re.escape(template)) + "$"))
    return written, patterns


def test_every_key_written_in_the_page_has_a_text():
    written, _ = asked_for()
    rooms = {key.split(".")[0] for key in CATALOGUES["en"]}

    wanted = {key for key in written if "." in key and key.split(".")[0] in rooms}

    assert wanted - set(CATALOGUES["en"]) == set()
    assert len(wanted) > 60, "the search for keys finds next to nothing: it has gone blind"


def test_no_text_is_left_that_nobody_shows():
    written, patterns = asked_for()
    spoken = {key for key in CATALOGUES["en"] if key.startswith("speech.")}

    unused = {
        key
        for key in set(CATALOGUES["en"])
        - written
        - spoken
        - {"language.name", "language.short", "language.voice"}
        if not any(pattern.match(key) for pattern in patterns)
    }

    assert unused == set()


def test_every_screen_has_a_drawing_function():
    table = SCRIPTS["main.js"].split("const SCREENS = {")[1].split("};")[0]

    drawn = set(re.findall(r'^\s*"?([a-z-]+)"?:', table, flags=re.MULTILINE))

    assert drawn == set(SCREENS)


def test_a_door_is_placed_in_words():
    place = Place(column=2, columns=5, row=3, row_from="bottom", side="left", reach="low")

    words = {lang: place_in_words(CATALOGUES[lang], place) for lang in ("en", "zh-Hant")}

    assert words["en"] == "left of the screen, column 2, row 3 from below, knee height"
    assert words["zh-Hant"] == "螢幕左側，左起第 2 列，從下數第 3 格，膝蓋高度"


def test_a_spoken_phrase_is_filled():
    text = fill(CATALOGUES["en"], "speech.close-door", {"door": "27", "place": "left of the screen"})

    assert text == "Please close door 27, left of the screen."


def test_a_catalogue_may_continue_a_text_on_the_next_line():
    found = read_po(
        'msgid ""\nmsgstr "Language: xx"\n\n# note\nmsgid "a"\nmsgstr "one "\n"two \\"three\\""\n', "xx.po"
    )

    assert found == {"a": 'one two "three"'}


@pytest.mark.parametrize(
    ("text", "line"),
    [('msgid "a"\nmsgstr "1"\nmsgid "a"\nmsgstr "2"\n', "line 5"), ('msgid "a"\nmsgstr 1\n', "line 2")],
)
def test_a_broken_catalogue_names_file_and_line(text, line):
    with pytest.raises(BadCatalogue, match=f"xx.po {line}"):
        read_po(text, "xx.po")
