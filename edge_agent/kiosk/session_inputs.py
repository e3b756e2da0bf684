"""What has to be prepared before a decision: hashes of what was typed or scanned, and fresh pickup credentials.

Slow hashing runs off the loop, so the screen stays alive. A typed code, PIN or number lives here only until its
decision has been made; nothing of it is ever logged or kept with the visit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from edge_agent.domain import waybill as waybills
from edge_agent.domain.code import DRAWS_MAX, draw_code, draw_token, typed_text
from edge_agent.domain.deposits import Credentials, check_unused
from edge_agent.domain.policy import Expected
from edge_agent.domain.refusals import COLLIDES, PHONE_MISSING, UNKNOWN_CODE, Refusal
from edge_agent.domain.staff_member import Staff
from edge_agent.domain.state import LockerState
from edge_agent.flows.context import Context
from edge_agent.flows.deciding import Inputs
from edge_agent.flows.effects import Decide
from edge_agent.flows.events import Card, Event, Scanned, ScannedWaybill, Touch
from edge_agent.randomness import Randomness

PHONE_MIN = 8  # digits of the shortest national number in use
LAST_DIGITS = 4
MASKED = (
    "masked:"  # the label hides the number and the cloud knows it: never equal to another recipient's hash
)


class Hasher(Protocol):
    """The store's hashing port, hex throughout: codes are slow and off the loop, look-ups are quick keyed hashes."""

    async def code_hash_off_loop(self, typed: str) -> str: ...

    def lookup_hash(self, kind: str, value: str) -> str: ...


class StaffList(Protocol):
    """Who may enter service mode, from the `staff` document."""

    def by_card(self, card_hash: str) -> Staff | None: ...


def pin_text(courier: str, pin: str) -> str:
    """What is hashed for a PIN: bound to its person, so that equal PINs have different hashes."""
    return f"pin\0{courier}\0{pin}"


class Preparer:
    """One per screen. `forget` at the end of each session. `not_now`: doors the cabinet would not offer just now."""

    def __init__(
        self,
        hasher: Hasher,
        chance: Randomness,
        staff: StaffList,
        state: Callable[[], LockerState],
        not_now: Callable[[], tuple[str, ...]] = lambda: (),
    ) -> None:
        self._hasher = hasher
        self._chance = chance
        self._staff = staff
        self._state = state
        self._not_now = not_now
        self._typed = ""  # the six digits, while the phone's last four are asked for
        self._phone = ""  # the recipient's number of the parcel in hand, for the vault

    def forget(self) -> None:
        self._typed = self._phone = ""

    def is_badge(self, text: str, badge_hash: str) -> bool:
        """Is this the badge or card of the session that is on?"""
        return bool(badge_hash) and self._lookup("badge", text) == badge_hash

    async def prepare(self, effect: Decide, event: Event, context: Context) -> Inputs | None:
        """The decision's inputs, or None where the phone's last four digits have to be asked first.

        Raises Refusal for what cannot be what it claims to be (a code or number of the wrong shape).
        """
        make = self._makers().get(effect.decision, self._plain)
        return await make(effect, event, context)

    def _makers(self) -> dict[str, Callable[[Decide, Event, Context], Awaitable[Inputs | None]]]:
        return {
            "check_code": self._code,
            "check_token": self._token,
            "login_badge": self._badge,
            "login_pin": self._pin,
            "staff_card": self._badge,
            "service_enter": self._staff_pin,
            "reserve": self._reserve,
            "swap": self._reserve,
            "deposit": self._deposit,
            "verified": self._fresh,
            "declare": self._fresh,
        }

    def _lookup(self, kind: str, value: str) -> str:
        return self._hasher.lookup_hash(kind, value)

    def _waybill_hash(self, context: Context) -> str:
        """Refuses (FLOW-317) a number whose public check digit fails. Pieces of one consignment are told apart."""
        reading = waybills.read(context.waybill, context.carrier)
        return self._lookup("waybill", waybills.looked_up(reading))

    async def _plain(self, effect: Decide, event: Event, context: Context) -> Inputs:
        stars = event.args.get("stars", 0) if isinstance(event, Touch) else 0
        chosen = event.args.get("id", "") if isinstance(event, Touch) else ""
        return Inputs(self._chance, mode=effect.mode, chosen=str(chosen), rating=int(stars))

    async def _code(self, effect: Decide, event: Event, context: Context) -> Inputs | None:
        shape = self._state().rules.code_shape
        if effect.mode != "with-phone":
            self._typed = digits_of(event)
            if shape == "6+4":
                return None
        last4 = digits_of(event)[-LAST_DIGITS:] if effect.mode == "with-phone" else ""
        typed, self._typed = self._typed, ""
        try:
            text = typed_text(shape, typed, last4)
        except ValueError:
            raise Refusal(UNKNOWN_CODE, "what was typed has not the shape of a code") from None
        return Inputs(self._chance, code_hash=await self._hasher.code_hash_off_loop(text))

    async def _token(self, effect: Decide, event: Event, context: Context) -> Inputs:
        return Inputs(self._chance, token_hash=self._lookup("token", text_of(event)))

    async def _badge(self, effect: Decide, event: Event, context: Context) -> Inputs:
        badge = self._lookup("badge", text_of(event))
        return Inputs(self._chance, badge_hash=badge, staff=self._staff.by_card(badge))

    async def _pin(self, effect: Decide, event: Event, context: Context) -> Inputs:
        hashed = await self._hasher.code_hash_off_loop(pin_text(context.number, digits_of(event)))
        return Inputs(self._chance, pin_hash=hashed)

    async def _staff_pin(self, effect: Decide, event: Event, context: Context) -> Inputs:
        member = self._staff.by_card(context.badge)
        hashed = await self._hasher.code_hash_off_loop(
            pin_text(member.id if member else "", digits_of(event))
        )
        return Inputs(self._chance, pin_hash=hashed, staff=member)

    async def _reserve(self, effect: Decide, event: Event, context: Context) -> Inputs:
        waybill = self._waybill_hash(context)
        explicit = (isinstance(event, Touch) and event.action == "size") or isinstance(event, Card)
        if effect.mode == "phone":
            self._phone = digits_of(event)
            if len(self._phone) < PHONE_MIN:
                self._phone = ""
                raise Refusal(PHONE_MISSING, f"a phone number has at least {PHONE_MIN} digits")
        elif isinstance(event, ScannedWaybill) or effect.mode == "typed":
            self._phone = ""  # a new parcel: the last one's number is not its own
        phone_hash = self._lookup("phone", self._phone) if self._phone else ""
        if effect.mode == "masked":
            phone_hash = MASKED + waybill
        return Inputs(
            self._chance,
            mode=effect.mode,
            waybill_hash=waybill,
            phone_hash=phone_hash,
            phone_typed=bool(self._phone),
            explicit_size=explicit,
            not_now=self._not_now(),
        )

    async def _deposit(self, effect: Decide, event: Event, context: Context) -> Inputs:
        state, waybill = self._state(), self._waybill_hash(context)
        expected = state.expected.get(waybill)
        personal = [(f"waybill:{context.parcel}", context.waybill)]
        if self._phone:
            personal.append(("phone", self._phone))
        credentials = _promised(expected, state)
        if credentials is None:
            code, token, credentials = await self._draw()
            personal += [("code", code), ("token", token)]
        return Inputs(self._chance, credentials=credentials, personal=tuple(personal))

    async def _fresh(self, effect: Decide, event: Event, context: Context) -> Inputs:
        """Somebody may find a parcel whose code is spent or missing: it gets a new one in the same commit."""
        if effect.mode.startswith("empty"):
            return Inputs(self._chance, mode=effect.mode)
        _, _, credentials = await self._draw()
        return Inputs(self._chance, mode=effect.mode, credentials=credentials)

    async def _draw(self) -> tuple[str, str, Credentials]:
        """A code and a token that no live stay uses, hashed. Refuses (FLOW-318) after DRAWS_MAX tries."""
        state = self._state()
        shape, last4 = state.rules.code_shape, self._phone[-LAST_DIGITS:]
        for _ in range(DRAWS_MAX):
            code = draw_code(self._chance, shape, lambda _: False)
            hashed = await self._hasher.code_hash_off_loop(typed_text(shape, code, last4))
            token = draw_token(self._chance)
            credentials = Credentials(hashed, self._lookup("token", token))
            if is_unused(state, credentials):
                return code, token, credentials
        raise Refusal(COLLIDES, f"{DRAWS_MAX} codes in a row were taken")


def is_unused(state: LockerState, credentials: Credentials) -> bool:
    """By the domain's own rule, so that a drawn code is not refused after the door was closed."""
    try:
        check_unused(state, credentials)
    except Refusal:
        return False
    return True


def _promised(expected: Expected | None, state: LockerState) -> Credentials | None:
    """What the back office has told the recipient already, unless a stay here has that code by ill luck."""
    if expected is None or not (expected.code_hash and expected.token_hash):
        return None
    if expected.code_hash in state.stay_by_code or expected.token_hash in state.stay_by_token:
        return None
    return Credentials(expected.code_hash, expected.token_hash)


def digits_of(event: Event) -> str:
    assert isinstance(event, Touch)
    return str(event.args.get("digits", ""))


def text_of(event: Event) -> str:
    assert isinstance(event, Scanned)
    return event.text
