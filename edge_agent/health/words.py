"""How a finding is put together: verdict, code, the table's next step, and the command that leads on from it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge_agent.control.health_types import Check, DoctorResult, VerdictWord
from edge_agent.error_table import EXPLANATIONS

LEADS_ON: dict[str, str] = {
    "BUS-110": "lockerctl board info {place}",
    "BUS-120": "lockerctl doctor scanner",
    "DOOR-201": "lockerctl door history {place}",
    "DOOR-202": "lockerctl door history {place}",
    "DOOR-204": "lockerctl compartment verify {place}",
    "DOOR-205": "lockerctl bus scan",
    "DOOR-206": "lockerctl door history {place}",
    "DOOR-207": "lockerctl door watch {place}",
    "DOOR-209": "lockerctl reconcile",
    "DOOR-210": "lockerctl door watch {place}",
    "DOOR-211": "lockerctl compartments",
    "STORE-422": "lockerctl doctor disk",
    "STORE-423": "lockerctl backup make",
    "CLOUD-560": "lockerctl doctor certificate",
    "CLOUD-561": "lockerctl doctor cloud",
    "HOST-701": "lockerctl doctor power",
    "HOST-705": "lockerctl screen info",
    "FLOW-313": "lockerctl deposits resume --reason TEXT",
    "DOOR-212": "lockerctl maintenance wear",
    "DOOR-213": "lockerctl compartments",
    "HOST-707": "lockerctl maintenance due",
    "HOST-708": "lockerctl inspect peak",
    "CTRL-701": "lockerctl doctor",
    "CTRL-720": "lockerctl drill end",
    "CTRL-721": "lockerctl cabinet accept --reason TEXT",
}
"""Code → what to type next. A bus's own codes lead to its scan; every other one to its explanation."""


def command_of(code: str, place: str) -> str:
    """What a person types next. `place` may begin with its kind ("door 17"): the name alone is typed."""
    template = LEADS_ON.get(code) or (
        "lockerctl bus scan" if code.startswith("BUS-") else "lockerctl explain {code}"
    )
    return template.format(place=place.split(" ")[-1].split("/")[0], code=code)


def wrong(area: str, place: str, verdict: VerdictWord, code: str, fact: str) -> Check:
    """One thing that is not as it should be."""
    row = EXPLANATIONS[code]
    return Check(
        area=area,
        place=place,
        verdict=verdict,
        fact=fact,
        code=code,
        next_step=row.next_step,
        command=command_of(code, place),
    )


def report(version: str, checks: Iterable[Check], area: str) -> DoctorResult:
    """What `doctor` answers: of one area or of all. It does not send anybody to itself."""
    wanted = (check for check in checks if area in ("", check.area))
    return DoctorResult(version=version, checks=tuple(map(_led_on, wanted)))


def _led_on(check: Check) -> Check:
    if not check.command.startswith("lockerctl doctor"):
        return check
    return msgspec.structs.replace(check, command=f"lockerctl explain {check.code}")


def well(area: str, place: str, fact: str) -> Check:
    return Check(area=area, place=place, verdict="well", fact=fact)


def skipped(area: str, place: str, why: str) -> Check:
    """Something that cannot be looked at here; `why` says so."""
    return Check(area=area, place=place, verdict="skipped", fact=why)
