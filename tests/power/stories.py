"""What people do at the real program, step by step: each story yields the event it waits for next."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sim.demo import BADGE, EXPECTED
from tests.power.program import Site

OPEN_S = 2.2  # a door counts as used after two seconds; people are slower than that
REST_S = 2.5  # a coil rests two seconds after a pulse; nobody reads a message faster

Story = Callable[[Site], Iterator[str]]


def deposit(site: Site) -> Iterator[str]:
    """By badge and scan alone: the parcel is announced with phone and size."""
    site.scan(BADGE)
    yield "session.started"
    site.scan(EXPECTED[1])
    yield "deposit.reserved"
    yield "door.opened"
    door = site.open_door()
    site.puts(door)
    site.shuts(door)
    yield "door.closed"
    yield "parcel.deposited"
    site.did("told-stored", door)


def pickup(site: Site) -> Iterator[str]:
    """By the QR code of the message; the scan also ends the courier's session."""
    site.passes(REST_S)
    site.scan(f"LKT:{site.message()['token']}")
    yield "code.claimed"
    yield "door.opened"
    door = site.open_door()
    site.passes(OPEN_S)
    site.takes(door)
    site.shuts(door)
    yield "door.closed"
    yield "parcel.collected"
    site.did("told-collected", door)


def recall(site: Site) -> Iterator[str]:
    """A parcel that a power cut left uncertain is on the courier's list; a card starts it."""
    site.passes(REST_S)
    site.scan(BADGE)
    yield "session.started"
    site.scan("LKC:OVERDUE")
    yield "door.open_requested"
    yield "door.opened"
    door = site.open_door()
    site.takes(door)
    site.shuts(door)
    yield "door.closed"
    yield "parcel.recalled"


STORIES: dict[str, Story] = {"deposit": deposit, "pickup": pickup, "recall": recall}
STEPS: dict[str, tuple[str, ...]] = {
    "deposit": ("session.started", "deposit.reserved", "door.opened", "door.closed", "parcel.deposited"),
    "pickup": ("code.claimed", "door.opened", "door.closed", "parcel.collected"),
    "recall": ("session.started", "door.open_requested", "door.opened", "door.closed", "parcel.recalled"),
}


def tell(site: Site, story: Story, until: str = "") -> bool:
    """Live through it; at the event `until` the program is killed, and True comes back."""
    after = site.last()
    for awaited in story(site):
        site.happens(awaited, after)
        if awaited == until:
            site.kill()
            return True
    return False
