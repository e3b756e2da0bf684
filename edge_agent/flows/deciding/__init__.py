"""The decisions that tables name, bound to the domain: name → pure function.

A table says `Decide("reserve")`; here stands what that means: which domain decisions make up the one transaction, and
which facts the flow learns from its answer. `LOOKS` only read the state and commit nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.flows.deciding import courier, recipient, rounds, technician
from edge_agent.flows.deciding.parts import Decider, Inputs, Looker

__all__ = ["DECISIONS", "END", "LOOKS", "Inputs"]

DECISIONS: Mapping[str, Decider] = {
    "check_code": recipient.check_code,
    "check_token": recipient.check_token,
    "collect": recipient.collect,
    "put_back": recipient.put_back,
    "reopen": recipient.reopen,
    "reopen_doubt": recipient.reopen_doubt,
    "retry": recipient.retry,
    "rate": recipient.rate,
    "login_badge": courier.login_badge,
    "login_pin": courier.login_pin,
    "reserve": courier.reserve,
    "swap": courier.swap,
    "deposit": courier.deposit,
    "cancel": courier.cancel,
    "left_inside": courier.left_inside,
    "undo": courier.open_to_undo,
    "undone": courier.undone,
    "report": courier.report,
    "recall_next": rounds.recall_next,
    "recalled": rounds.recalled,
    "left_behind": rounds.left_behind,
    "recall_exception": rounds.recall_exception,
    "verify_next": rounds.verify_next,
    "verified": rounds.verified,
    "service_enter": technician.service_enter,
    "service_leave": technician.service_leave,
    "service_open": technician.service_open,
    "commission_next": technician.commission_next,
    "commissioned": technician.commissioned,
    "set_out": technician.set_out,
    "set_in": technician.set_in,
    "declare": technician.declare,
    "acknowledge": technician.acknowledge,
}
LOOKS: Mapping[str, Looker] = {
    "look_at_locker": recipient.look_at_locker,
    "look_round": courier.look_round,
    "read_typed": courier.read_typed,
    "sum_up": courier.sum_up,
    "leave_unseen": courier.leave_unseen,
    "staff_card": technician.staff_card,
}
END: Decider = recipient.end
