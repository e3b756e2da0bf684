"""Inspections: checklists that a person goes through on site, and the record that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision
from edge_agent.domain.refusals import NOT_FOUND, WRONG_SITUATION, Refusal

GOOD, BAD, SKIPPED = "good", "bad", "skipped"
NOTE_MAX = 200  # characters: a sentence


@dataclass(frozen=True, slots=True)
class Question:
    """One line. `command`: what shows it live, empty where only eyes and hands do."""

    key: str
    asks: str
    command: str = ""


BODY = (
    Question("body", "Is the cabinet firm, dry, clean and without sharp edges?"),
    Question("doors", "Do all doors stand flush and shut with a click?", "lockerctl doors"),
    Question("locks", "Do the doors that were slow or failed open again?", "lockerctl maintenance wear"),
    Question(
        "screen",
        "Is the screen bright, whole, and does it take touches in all corners?",
        "lockerctl screen info",
    ),
    Question("scanner", "Does the scanner read a label at the first try?", "lockerctl scanner trigger"),
)
CHECKLISTS: Mapping[str, tuple[Question, ...]] = {
    "monthly": (
        *BODY,
        Question("signs", "Are the safety signs, the hotline and the door numbers readable?"),
        Question("power", "Are cables, plugs and the supply whole, cool and dry?", "lockerctl doctor power"),
    ),
    "site": (
        Question("passage", "Is the way to the cabinet free, also for a wheelchair?"),
        Question("light", "Is it light enough to read the screen and the door numbers?"),
        Question("fire", "Are the fire exit and the extinguisher free?"),
        Question("tamper", "Are there no marks of tools at doors and housing?"),
    ),
    "peak": (
        *BODY,
        Question("spares", "Are spare locks, a board, a scanner and a supply at hand?"),
        Question("people", "Does everybody know the emergency cards?"),
        Question("unclaimed", "Were overdue parcels taken back?", "lockerctl parcels"),
    ),
}


def record(inspection: str, checklist: str, answers: Mapping[str, tuple[str, str]], actor: str) -> Decision:
    """The record of one inspection: each question with verdict and note; what was not answered counts as skipped."""
    questions = CHECKLISTS.get(checklist)
    if questions is None:
        raise Refusal(NOT_FOUND, f"no checklist {checklist}; there are {', '.join(CHECKLISTS)}")
    strange = [key for key in answers if key not in {question.key for question in questions}]
    if strange:
        raise Refusal(NOT_FOUND, f"the checklist {checklist} does not ask for {', '.join(strange)}")
    items = tuple(
        e.InspectedItem(question.key, *_answer(answers.get(question.key, (SKIPPED, ""))))
        for question in questions
    )
    return Decision((e.InspectionDone(inspection, checklist, actor, items),), result=items)


def _answer(given: tuple[str, str]) -> tuple[str, str]:
    verdict, note = given
    if verdict not in (GOOD, BAD, SKIPPED):
        raise Refusal(WRONG_SITUATION, f"an answer is {GOOD}, {BAD} or {SKIPPED}, not {verdict}")
    return verdict, note[:NOTE_MAX]
