"""What nobody hopes to see: signs, doors that are not the right one, and a parcel that is somebody else's.

The real agent comes to each of them by itself: cut cables, a disk that takes no writes, crossed wires. One locker
lives through all of it, as in a bad week; the last one has just been put up.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge_agent.domain.words import Condition, Contents, DoorPosition
from tests.kiosk.chromium import CHROMIUM
from tests.walks.album import Album
from tests.walks.conftest import Stage
from tests.walks.site import PIN
from tests.walks.visitor import LONG_ENOUGH_S, Visitor

pytestmark = pytest.mark.browser

LANGUAGES = {"languages": ["en", "zh-Hant", "zh-Hans"]}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, album: Album) -> Iterator[Visitor]:
    """One locker, the page in front of it, and a courier who needs nobody's phone."""
    stage = Stage(tmp_path_factory.mktemp, album)

    def opened() -> Visitor:
        visitor = stage.arrive(locker=LANGUAGES)
        visitor.badge = visitor.site.hire(asks_phone=False)
        return visitor

    yield CHROMIUM.run(opened)
    stage.close()


def stored(visitor: Visitor, waybill: str) -> str:
    """A parcel waits, and the screen is idle; the door it lies behind."""
    visitor.logs_in(visitor.badge)
    door = visitor.deposits(waybill)
    visitor.leaves()
    return door


def test_not_mine_is_put_back_and_looked_into(town: Visitor) -> None:
    """Somebody else's parcel: one touch, put it back, close; thanked, and nobody is sent to that door any more."""
    door = stored(town, "SF1234567890101")
    town.site.scan(f"LKT:{town.message()['token']}")
    town.door_opens()
    town.sees("door-open-take", opening=False)
    town.touch("not-mine")
    town.sees("message", kind="put-back", door=door)
    town.site.skip(LONG_ENOUGH_S)
    town.shuts(door)
    town.sees("thanks", kind="reported")
    town.site.skip(10)
    town.sees("home")

    assert town.site.state.compartment[door].contents is Contents.UNKNOWN
    assert "parcel.collected" not in town.site.journal()


def test_not_mine_touched_by_mistake_is_taken_back(town: Visitor) -> None:
    """It was the right one after all: back, take it, close; collected."""
    door = stored(town, "SF1234567890102")
    town.site.scan(f"LKT:{town.message()['token']}")
    town.door_opens()
    town.sees("door-open-take", opening=False)
    town.touch("not-mine")
    town.sees("message", kind="put-back")
    town.touch("back")
    town.sees("door-open-take", door=door)
    town.takes_out()
    town.sees("thanks", kind="pickup")
    town.site.skip(10)

    parcels = [event for event in town.site.journal() if event.startswith("parcel.")]
    assert parcels[-1] == "parcel.collected"


def test_a_wrong_door_stops_the_courier_and_sets_both_aside(town: Visitor) -> None:
    """Two cables are crossed: the screen names the door, nothing else opens for this parcel, and both are set aside."""
    town.logs_in(town.badge)
    town.site.scan("LKC:L")
    town.sees("courier-scan", size="L")
    large = [c.number for c in town.site.state.compartment.values() if c.size == "L"]
    fault = town.site.do(lambda: town.site.locker.sim.faults.add("permuted-map", doors=large))
    town.scans("SF1234567890103")
    town.site.until(lambda: town.site.locker.agent.session.state.name == "WRONG_DOOR")
    meant = town.sees("message", kind="wrong-door")["door"]
    town.touch("finish")
    town.sees("courier-scan", deposited=0)
    town.leaves()
    town.site.do(lambda: town.site.locker.sim.faults.clear(fault))
    [moved] = [door for door in large if town.site.is_open(door)]
    town.shuts(moved)

    assert moved != meant
    for door in (meant, moved):
        assert town.site.state.compartment[door].condition is not Condition.OK
        assert not town.site.state.compartment[door].offered


def test_a_closing_that_cannot_be_recorded_is_tried_again_and_never_called_stored(town: Visitor) -> None:
    """The disk fails between the door and the deposit: "not stored", one touch tries again, then nobody was told."""
    town.logs_in(town.badge)
    town.site.scan("LKC:S")
    town.sees("courier-scan", size="S")
    town.scans("SF1234567890104")
    door = town.door_opens()
    town.sees("door-open-put", opening=False)
    town.site.read_only_after("door.closed")
    town.puts_in()
    town.sees("message", kind="try-later")
    told = town.text
    town.touch("finish")
    town.sees("out-of-service", reason="storage")
    town.site.skip(100)
    town.sees("home")
    town.site.skip(5)

    assert "not" in told.lower()
    assert town.site.journal().count("parcel.deposited") == 2
    assert town.site.state.compartment[door].contents is Contents.UNKNOWN


def test_a_disk_that_takes_no_writes_is_said_and_gone_when_it_does(town: Visitor) -> None:
    """The first touch finds it: why, the number to call, the code to read out; a minute later the keypad is back."""
    town.site.read_only()
    town.type("12345678")
    town.sees("out-of-service", reason="storage")
    words = town.text
    town.site.skip(100)
    town.sees("home")

    assert "STORE-415" in words
    assert "+852 0000 0000" in words


def test_cut_cables_are_said_before_a_code_is_typed(town: Visitor) -> None:
    """No board answers: no door can be opened, the code stays valid; whom to call is one touch away."""
    for board in town.site.locker.sim.config.board:
        town.site.fault("silent", board=board.name)
    town.site.until(lambda: not any(c.reachable for c in town.site.state.compartment.values()), 120)
    words = town.sees("out-of-service", reason="boards")["code"]
    town.touch("help")
    town.sees("help")
    town.touch("back")
    town.sees("out-of-service", reason="boards")

    assert words == "BUS-110"


def test_a_new_cabinet_says_so_and_leads_its_technician_through(stage: Stage) -> None:
    """A sign for passers-by; card and PIN; boards, two doors, and out again: the third one comes next time."""
    site = stage.site(locker=LANGUAGES, accepted=False)
    visitor = stage.visitor(site).arrive("commissioning")
    visitor.secrets.add(PIN)
    sign = visitor.text
    site.scan(site.hire())
    card = site.employ()
    site.scan(card)
    visitor.sees("courier-pin")
    visitor.type(PIN, send=True)
    visitor.sees("commissioning", step="boards")
    visitor.touch("next")
    seen = []
    for _ in range(2):
        seen.append(visitor.door_opens())
        visitor.sees("commissioning", asks="look", door=seen[-1])
        visitor.closes()
        visitor.sees("commissioning", asks="doors", door=seen[-1])
        visitor.touch("yes")
        site.until(lambda: site.locker.agent.session.context.door not in seen)
    third = visitor.door_opens()
    visitor.closes()
    visitor.sees("commissioning", asks="doors", door=third)
    visitor.touch("leave")
    visitor.sees("service-menu")
    visitor.touch("leave")
    visitor.sees("commissioning", step="welcome")

    assert "Not in service yet" in sign
    assert "+852 0000 0000" in sign
    assert len({*seen, third}) == 3
    assert [site.state.compartment[door].contents for door in (*seen, third)] == [
        Contents.EMPTY,
        Contents.EMPTY,
        Contents.UNKNOWN,
    ]
    assert site.state.compartment[third].door is DoorPosition.CLOSED
