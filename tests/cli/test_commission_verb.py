"""`lockerctl commission` and `report verify` as programs: on ptys, by a script's answers and in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import Any

import jsonschema

from tests.cli.conftest import Ran, Site, Technician

AtSite = Callable[..., Site]
WORDS = ("commission", "--family", "lock-8a", "--addresses", "1-2", "--cycles", "1")
GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "operations.json").read_text())
HAND_S = 0.6


def a_hand_that_shuts(cabinet: Any) -> None:
    """Whatever opens is shut a little later, and again if the coil still pulled."""

    def shut(number: str) -> None:
        if not cabinet.world.doors[number].shut:
            cabinet.hand(number, "close")
            Timer(HAND_S, shut, (number,)).start()

    def changed(number: str, at_s: float) -> None:
        if not cabinet.world.doors[number].shut:
            Timer(HAND_S, shut, (number,)).start()

    cabinet.world.on_change.append(changed)


def two_doors(at_site: AtSite) -> Site:
    from sim.plans import BoardPlan

    site = at_site(BoardPlan("lock-8a", channels=2))
    a_hand_that_shuts(site.cabinet)
    return site


def lines(ran: Ran) -> list[Any]:
    return [json.loads(line) for line in ran.out.splitlines()]


def test_a_script_commissions_a_cabinet_and_the_report_is_verified(at_site: AtSite) -> None:
    """Enter for the shut doors and both numbers, two names; then a look at the file, here and with another's key."""
    site = two_doors(at_site)

    ran = site.technician.types(*WORDS, "--jsonl", answers="\n\n\nLi\nWong\n")
    said = lines(ran)
    report = said[-1]["report"]
    verified = site.technician.types("report", "verify", report, "--json")
    elsewhere = Technician().types("report", "verify", report, "--json")
    stranger = site.technician.types("report", "verify", report, "--key", "A" * 43, "--json")

    assert ran.code == 0, ran.err
    for item in said:
        jsonschema.validate(item, GOLDEN["commission"]["result"])
    assert [item["asks"] for item in said if item["what"] == "question"] == [
        "shut",
        "number",
        "number",
        "technician",
        "operator",
    ]
    assert said[-1]["accepted"]
    jsonschema.validate(verified.json, GOLDEN["report verify"]["result"])
    assert (verified.code, verified.json["valid"], verified.json["key"]) == (0, True, "this locker's")
    assert (elsewhere.code, elsewhere.json["key"]) == (0, "in the report")
    assert (stranger.code, stranger.json["valid"]) == (1, False)
    assert [record["door"] for record in site.records() if record["type"] == "unlock"] == ["1", "2"]


def test_where_the_answers_end_the_work_is_kept(at_site: AtSite) -> None:
    """A script that stops after the first door: exit code 4, and the next run begins with the second."""
    site = two_doors(at_site)

    broken = site.technician.types(*WORDS, answers="\n\n")
    rest = site.technician.types(*WORDS, "--jsonl", answers="\n\nLi\nWong\n")

    assert broken.code == 4
    assert "run it again" in broken.err
    assert [item["place"] for item in lines(rest) if item["what"] == "door"] == ["2"]
    assert rest.code == 0
    assert site.energised("A", 1) == 1
