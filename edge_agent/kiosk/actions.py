"""What a page may send: one argument type for each action name, checked before anything else sees it.

An action travels as `{rev, action, args}`. Names are the stable `data-action` attributes of the page's
controls. An unknown name, an argument of the wrong shape, or an action that the shown screen does not allow
is dropped by the server (`edge_agent/kiosk/server.py`); the desk only ever sees what `parse` returned.

To add an action: one row in `ARGUMENTS`, its name in the `ACTIONS` of the screens that may send it
(`screens.py`), and its label `action.<name>` in every catalogue.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

DIGITS_MAX = (
    16  # the longest number anybody types here: a telephone number with its country code (E.164: 15) and "+"
)
WAYBILL_MAX = 48  # a number of 40 characters, and the dashes it may be printed with
NAME_MAX = 64  # ids, door numbers, sizes: as long as a locker id may be


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No arguments; base of all argument types."""


class Digits(Args, frozen=True, forbid_unknown_fields=True):
    """A typed number: a code, a PIN, a telephone number. Never log it."""

    digits: Annotated[str, msgspec.Meta(pattern=r"^[0-9]+$", max_length=DIGITS_MAX)]

    def __repr__(self) -> str:
        return "Digits(hidden)"


class Waybill(Args, frozen=True, forbid_unknown_fields=True):
    """A typed waybill number, as printed on the label. Never log it."""

    text: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z-]+$", max_length=WAYBILL_MAX)]

    def __repr__(self) -> str:
        return "Waybill(hidden)"


class Named(Args, frozen=True, forbid_unknown_fields=True):
    """One thing of a list on the screen, by the id (or size, kind, door number) the view-model gave it."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX)]


class Flag(Args, frozen=True, forbid_unknown_fields=True):
    """A switch: on or off."""

    on: bool


class Stars(Args, frozen=True, forbid_unknown_fields=True):
    """A rating, 1 (bad) to 5 (good)."""

    stars: Annotated[int, msgspec.Meta(ge=1, le=5)]


# Legal on every screen that has a session or may start one.
COMMON = frozenset({"language", "help", "back", "more-time", "touch"})
# May be sent again and again on one screen; every other action is taken once per revision (double tap).
REPEATABLE = frozenset({"touch", "more-time", "language"})

ARGUMENTS: dict[str, type[Args]] = {
    # common
    "language": Named,  # a language tag of the configuration
    "help": Args,
    "back": Args,
    "more-time": Args,
    "touch": Args,  # somebody is there (typing): sent at most once a second
    # typed numbers
    "code": Digits,  # pickup code
    "phone": Digits,  # last 4 digits (pickup-phone) or the whole number (recipient-phone)
    "number": Digits,  # courier number
    "pin": Digits,
    "waybill": Waybill,  # where no scanner can read the label
    # ways through
    "courier": Args,  # log in by number, from home
    "next": Args,
    "finish": Args,
    "start": Args,
    "retry": Args,
    "yes": Args,
    "no": Args,
    "skip": Args,
    # at an open or stubborn door
    "reopen": Args,
    "another": Args,  # another compartment
    "bigger": Args,
    "smaller": Args,
    "cancel": Args,
    "not-open": Args,  # "the door did not open"
    "empty": Args,  # "there is nothing inside"
    "not-mine": Args,
    "damaged": Args,
    "dirty": Args,
    "occupied": Args,  # courier: "there is something inside"
    "not-inside": Args,  # recall: the parcel is not in there
    "still-inside": Named,  # recall: a stay whose door was closed with the parcel in it
    "refuse": Args,  # refuse and put back
    "report": Args,  # to report-problem
    # choices
    "size": Named,
    "low": Flag,  # a low door, please
    "speed": Flag,  # speed mode
    "type-waybill": Args,  # the label is torn, or the scanner is dead
    "masked": Args,  # the label is masked: the cloud knows the number
    "undo": Named,  # a deposit line's id
    "recall": Args,
    "verify": Args,  # doors with unknown contents
    "pick": Named,  # one line of a list
    "open-all": Args,
    "problem": Named,  # a kind of problem
    "rate": Stars,
    # service mode
    "section": Named,
    "open": Named,  # a door number
    "set-out": Named,
    "set-in": Named,
    "is-empty": Named,  # verified by eye
    "is-occupied": Named,
    "leave": Args,
}


class Illegal(ValueError):
    """The page sent what this screen does not allow; `str()` never contains an argument's value."""


def parse(name: str, args: Any) -> Args:
    """Typed arguments of action `name`. Raises `Illegal` for an unknown name or a wrong shape."""
    kind = ARGUMENTS.get(name)
    if kind is None:
        raise Illegal("unknown action")
    try:
        return msgspec.convert(args, kind)
    except msgspec.ValidationError:
        raise Illegal(f"action {name}: arguments are not {kind.__name__}") from None
