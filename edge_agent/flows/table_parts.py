"""Rules that several tables share, so that a door or a person's absence means the same in every flow."""

from __future__ import annotations

from enum import Enum

from edge_agent.flows.effects import Decide, Effect, Note, Refresh, Show, Sound, Speak, Start, StopAll
from edge_agent.flows.events import DoorLeftOpen, DoorNotOpened, OutcomeUnknown, TimedOut, Touch
from edge_agent.flows.table import Key, Rule

TICK, ACCEPTED, REFUSED, ATTENTION = Sound("tick"), Sound("accepted"), Sound("refused"), Sound("attention")


def patience(
    state: Enum, screen: Show, wait: str, gone: Rule, warning: str = "warning_s", timer: str = "idle"
) -> dict[Key, Rule]:
    """Entries of a state that waits for a person: warn after `wait`, give up `warning` later, one touch buys more time.

    Warned by picture, tone and speech, at least 20 s to react, any number of extensions (WCAG 2.2.1).
    """
    warned = f"{timer}-warning"
    again: Rule = (state, [StopAll(), Start(timer, wait), screen])
    return {
        TimedOut(timer): (
            state,
            [Start(warned, warning), Show("warn-timeout", screen.screen), ATTENTION, Speak("still-there")],
        ),
        TimedOut(warned): gone,
        Touch("more-time"): again,
        Touch("touch"): again,
    }


def waiting(screen: Show, wait: str, *more: Effect, timer: str = "idle") -> list[Effect]:
    """Effects that bring a person's screen up and start its patience."""
    return [StopAll(), screen, Start(timer, wait), *more]


def door_is_open(screen: Show, phrase: str = "door-open-take") -> list[Effect]:
    """A door has just opened: show it, say it, start the ladder of reminders."""
    return [
        StopAll(),
        Start("remind-1", "remind_1_s"),
        Start("left-open", "left_open_s"),
        Note("reminder", 0),
        screen,
        ACCEPTED,
        Speak(phrase),
    ]


def reminders(state: Enum, left_open: Rule) -> dict[Key, Rule]:
    """An open door has no time-out: three reminders, then the lease ends and the door stays watched.

    The cabinet reports the alarm (`DoorLeftOpen`); the flow's own timer stands behind it, should that report not come.
    """

    def knock(count: int) -> list[Effect]:
        return [Note("reminder", count), Refresh(), ATTENTION, Speak("close-door")]

    return {
        TimedOut("remind-1"): (state, [Start("remind-2", "remind_2_s"), *knock(1)]),
        TimedOut("remind-2"): (state, [Start("remind-3", "remind_3_s"), *knock(2)]),
        TimedOut("remind-3"): (state, knock(3)),
        TimedOut("left-open"): left_open,
        DoorLeftOpen: left_open,
    }


def outcome_missing(not_opened: Rule, unknown: Rule) -> dict[Key, Rule]:
    """What else than an opened door an opening can end with; silence counts as unknown, never as closed."""
    return {DoorNotOpened: not_opened, OutcomeUnknown: unknown, TimedOut("outcome"): unknown}


def ask(decision: str, mode: str = "") -> list[Effect]:
    """Stop every timer and decide: the answer's rule goes on."""
    return [StopAll(), Decide(decision, mode)]
