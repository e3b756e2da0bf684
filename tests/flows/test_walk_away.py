"""Somebody walks away, wherever they are: the visit ends by itself, and what is durable then is legal.

The waiting states are entered by their stories, then nobody does anything for ten minutes.
Doors that stand open are reported by the cabinet at 180 s and pushed shut by a passer-by later.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.domain.words import Contents, DoorPosition, StayStatus
from tests.flows.at_hand import Kiosk
from tests.flows.stories import STORIES
from tests.flows.walk import places, walk

RESTING = {("home", state) for state in ("IDLE", "OUT_OF_SERVICE", "NOT_ACCEPTED")}


def nobody_does_anything(kiosk: Kiosk) -> None:
    """Ten minutes; the cabinet reports doors that stay open, and a passer-by closes them afterwards."""
    for _ in range(2):
        kiosk.run(180)
        for number in [c.number for c in kiosk.state.compartment.values() if c.door is DoorPosition.OPEN]:
            kiosk.loop.run_until_complete(kiosk.doors.stays_open(number))
    kiosk.run(240)
    for number in [c.number for c in kiosk.state.compartment.values() if c.door is DoorPosition.OPEN]:
        kiosk.loop.run_until_complete(kiosk.doors.hand_closes(number))
    kiosk.run(1)


@pytest.mark.parametrize("name", STORIES)
def test_walking_away_ends_in_a_legal_state(kiosk: Kiosk, name: str) -> None:
    """The keypad is back for the next person, and nothing is called stored, collected, recalled or empty by a
    time-out."""
    STORIES[name](kiosk)
    before = (len(kiosk.happened("parcel.collected")), len(kiosk.happened("parcel.deposited")))

    nobody_does_anything(kiosk)

    idle = "home" if kiosk.state.switched.accepted else "commissioning"
    assert (kiosk.screen, kiosk.view.session, kiosk.session.flow.name) == (idle, "", "home")
    assert (len(kiosk.happened("parcel.collected")), len(kiosk.happened("parcel.deposited"))) == before
    assert {event.session for event in kiosk.happened("session.started")} == {
        event.session for event in kiosk.happened("session.ended")
    }
    for compartment in kiosk.state.compartment.values():
        assert not (compartment.offered and compartment.stay)
    for stay in kiosk.state.stay.values():
        assert stay.status is not StayStatus.RESERVED
        assert stay.session == ""


@pytest.mark.parametrize(
    "name", ["the door is open", "swapping", "cancelling", "left inside?", "setting aside", "undo"]
)
def test_a_courier_who_vanishes_at_a_door_leaves_it_to_be_looked_at(kiosk: Kiosk, name: str) -> None:
    """F-102: needs a check, not sold, whatever button had been touched."""
    STORIES[name](kiosk)
    number = kiosk.doors.pulses[-1]

    nobody_does_anything(kiosk)

    assert kiosk.compartment(number).contents is Contents.UNKNOWN
    assert not kiosk.compartment(number).offered


def test_the_stories_of_this_file_reach_every_waiting_state(tmp_path: Path, empty_ledger: Path) -> None:
    """A state that a table gains must gain its story here."""
    reached = set()
    for name, story in STORIES.items():
        one = Kiosk(tmp_path / name.replace("?", "").replace(" ", "-"), empty_ledger)
        story(one)
        reached.add((one.session.flow.name, one.session.state.name))
        one.stop()
    waiting = {
        (place.flow, place.state.name)
        for place in places(walk())
        if place.row and not place.asked and place.way is None
    }

    assert waiting - reached == RESTING
