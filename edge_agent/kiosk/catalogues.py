"""Texts of the screen and of the speech: one gettext file a language in `locales/`.

`locales/<language tag>.po` is the whole of a language: another language is one more file. Message ids are
keys ("home.title"), texts may hold `{placeholders}`. The page gets all catalogues as JSON; the speech is
written here. Plural forms are avoided by wording ("Parcels: 3"), which every language can do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from edge_agent.kiosk.layout import Place

LOCALES = Path(__file__).parent / "locales"
_STRING = re.compile(r'^(msgid|msgstr)?\s*(".*")$')
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Catalogue = Mapping[str, str]


class BadCatalogue(ValueError):
    """A catalogue file that cannot be read; names file and line."""


def read_po(text: str, where: str) -> dict[str, str]:
    """Key → text. Reads what the files here use: comments, `msgid`, `msgstr`, continued strings."""
    found: dict[str, str] = {}
    fields = {"msgid": "", "msgstr": ""}
    field = ""
    for number, line in enumerate([*text.splitlines(), 'msgid ""'], start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _STRING.match(stripped)
        if match is None or not (match[1] or field):
            raise BadCatalogue(f"{where} line {number}: expected msgid, msgstr or a string")
        if match[1] == "msgid":
            _keep(found, fields, f"{where} line {number}")
            fields = {"msgid": "", "msgstr": ""}
        field = match[1] or field
        fields[field] += json.loads(match[2])
    return found


def _keep(found: dict[str, str], fields: dict[str, str], where: str) -> None:
    key = fields["msgid"]
    if key in found:
        raise BadCatalogue(f"{where}: {key} stands twice")
    if key:  # the entry with an empty id is the file's header
        found[key] = fields["msgstr"]


def load(folder: Path = LOCALES) -> dict[str, Catalogue]:
    """Language tag → catalogue, for every file of the folder."""
    return {path.stem: read_po(path.read_text("utf-8"), path.name) for path in sorted(folder.glob("*.po"))}


def placeholders(text: str) -> frozenset[str]:
    """The names in braces."""
    return frozenset(_PLACEHOLDER.findall(text))


def fill(catalogue: Catalogue, key: str, args: Mapping[str, object]) -> str:
    """The text with its placeholders filled; a missing argument stays empty, a missing key gives ""."""
    return _PLACEHOLDER.sub(lambda match: str(args.get(match[1], "")), catalogue.get(key, ""))


def place_in_words(catalogue: Catalogue, place: Place | None) -> str:
    """ "Left of the screen, column 2 from the left, 3rd from the top, at knee height" in the catalogue's language."""
    if place is None:
        return ""
    parts = [
        fill(catalogue, f"place.side.{place.side}", {}) if place.side else "",
        "" if place.side == "below" else fill(catalogue, "place.column", {"n": place.column}),
        fill(catalogue, f"place.row.{place.row_from}", {"n": place.row}),
        fill(catalogue, f"place.reach.{place.reach}", {}),
    ]
    return catalogue.get("place.join", ", ").join(part for part in parts if part)
