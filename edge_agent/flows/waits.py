"""How long a flow waits for a person, in one place: tables name a field, the session looks the seconds up.

Figures: 20 s to react to a warning is WCAG 2.2.1's least; the rest are the policy's defaults (`[policy]`). A door that
stands open has no time-out of its own: reminders, and after `left_open_s` the lease ends and the door stays watched.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.config import Policy

# Beyond the cabinet's own wait for a door: its outcome should always have come by then, so this is a net, not a rule.
OUTCOME_MARGIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds. `now` is for steps that follow by themselves but must be drawn first."""

    typing_s: float = 20.0
    warning_s: float = 20.0
    courier_s: float = 90.0
    courier_warning_s: float = 30.0
    result_s: float = 3.0
    notice_s: float = 6.0  # a refusal is longer to read than a thank-you
    help_s: float = 180.0
    question_s: float = 60.0  # "did you leave it in 27?": then nobody knows, and that is the answer
    outcome_s: float = 10.0 + OUTCOME_MARGIN_S
    remind_1_s: float = 20.0
    remind_2_s: float = 25.0  # after the first: 45 s in all
    remind_3_s: float = 45.0  # after the second: 90 s in all
    left_open_s: float = 180.0
    service_s: float = 300.0  # service mode ends by itself, whatever is touched meanwhile
    lockout_look_s: float = 20.0
    look_s: float = 30.0  # a full disk that has room again, a board that answers: nobody touches a sign


def waits_of(policy: Policy) -> Waits:
    """The policy's waits. Its reminders are moments since the opening; a flow starts them one after the other."""
    first, second, third = (*policy.ajar_reminders_s, *(policy.ajar_alarm_s,) * 3)[:3]
    return Waits(
        typing_s=policy.inactivity_s,
        warning_s=max(policy.inactivity_warning_s, 20),
        courier_s=policy.courier_inactivity_s,
        outcome_s=policy.open_wait_s + OUTCOME_MARGIN_S,
        remind_1_s=first,
        remind_2_s=max(second - first, 1),
        remind_3_s=max(third - second, 1),
        left_open_s=policy.ajar_alarm_s,
    )
