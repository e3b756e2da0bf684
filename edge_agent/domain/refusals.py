"""Refusals: a decision that says no, changes nothing, and says why with a stable code.

The person's text for each code (English, 中文, next step) stands in the agent's table of errors.
"""

from __future__ import annotations

FULL = "FLOW-301"  # no compartment fits
CARRIER_NOT_ALLOWED = "FLOW-302"
DUPLICATE_WAYBILL = "FLOW-303"
COURIER_NOT_ALLOWED = "FLOW-304"
CONSENT_MISSING = "FLOW-305"
QUOTA_USED_UP = "FLOW-306"
WRONG_SITUATION = "FLOW-307"  # what was asked does not fit what is durable now
UNKNOWN_CODE = "FLOW-308"
LOCKED_OUT = "FLOW-309"
ATTEMPTS_USED_UP = "FLOW-310"
COIL_RESTS = "FLOW-311"
NOT_USABLE = "FLOW-312"
DEPOSITS_STOPPED = "FLOW-313"
GRACE_OVER = "FLOW-314"
NOT_SEEN_CLOSED = "FLOW-315"
NOT_SEEN_OPEN = "FLOW-316"
BAD_WAYBILL = "FLOW-317"
COLLIDES = "FLOW-318"
NOT_FOUND = "FLOW-319"
NOT_PERMITTED = "FLOW-320"
IN_USE = "FLOW-321"  # the code serves another visit at this moment
OVERDUE = "FLOW-322"
PHONE_MISSING = "FLOW-323"
CASH_ON_DELIVERY = "FLOW-324"
REMOTE_QUOTA = "FLOW-326"  # the quota of remote access
DOOR_BUSY = "FLOW-325"  # another opening of this door has no conclusion yet


class Refusal(Exception):
    """Raised by decisions. `code` is FLOW-3xx, `detail` names place, expectation and fact, without secrets.

    `wait_s`: where waiting helps (lockout, coil), how long.
    """

    def __init__(self, code: str, detail: str, wait_s: float = 0.0) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.wait_s = wait_s
