"""What happens to a courier besides the straight way: gloves, rain, a full locker, a door that jams."""

from __future__ import annotations

import pytest

from edge_agent.domain.words import Contents
from tests.kiosk.chromium import CHROMIUM
from tests.walks.conftest import Stage
from tests.walks.site import BADGE
from tests.walks.visitor import Visitor

pytestmark = pytest.mark.browser

FIRST, SECOND, THIRD = "SF1234567890123", "SF1234567890124", "SF1234567890125"


@pytest.fixture
def courier(stage: Stage) -> Visitor:
    """Logged in, at the scan screen, S remembered: every scan opens a door at once."""
    return CHROMIUM.run(lambda: at_work(stage))


def at_work(stage: Stage) -> Visitor:
    visitor = stage.arrive(locker={"languages": ["en", "zh-Hant", "zh-Hans"]})
    visitor.logs_in(visitor.site.hire(asks_phone=False))
    visitor.site.scan("LKC:S")
    visitor.sees("courier-scan", size="S")
    visitor.starts_anew()
    return visitor


def test_scan_ahead_opens_the_next_door_when_this_one_closes(courier: Visitor) -> None:
    """The second label is read while the first door is open: kept, shown, and obeyed at the closing. A third is not."""
    courier.scans(FIRST)
    first = courier.door_opens()
    courier.scans(SECOND)
    courier.sees("door-open-put", queued=SECOND[-4:])
    courier.scans(THIRD)

    courier.shuts(first, "parcel")
    courier.another_door_opens(first)
    courier.puts_in()
    courier.sees("courier-scan", deposited=2)

    assert courier.touched() == []


def test_too_small_costs_one_touch_and_the_new_size_stays(courier: Visitor) -> None:
    """ "Bigger": take it out, close, the next door opens, and the next parcel gets that size as well."""
    courier.scans(FIRST)
    small = courier.door_opens()
    courier.sees("door-open-put", opening=False)
    courier.touch("bigger")
    courier.sees("message", door=small)
    courier.shuts(small)
    courier.another_door_opens(small)
    bigger = courier.puts_in()
    courier.sees("courier-scan", deposited=1)
    courier.scans(SECOND)
    next_one = courier.puts_in()
    courier.sees("courier-scan", deposited=2)

    sizes = [courier.site.state.compartment[door].size for door in (small, bigger, next_one)]
    assert sizes == ["S", "M", "M"]
    assert courier.site.state.compartment[small].contents is Contents.EMPTY
    assert courier.touched() == ["bigger"]


def test_undo_takes_the_last_parcel_back(courier: Visitor) -> None:
    """The wrong parcel went in: undo on its line opens the door again; afterwards it was never here."""
    door = courier.deposits(FIRST)
    courier.touch("undo")
    courier.sees("message", door=door)
    assert courier.door_opens() == door

    courier.takes_out()
    courier.sees("courier-scan", deposited=0)

    assert courier.site.state.compartment[door].contents is Contents.EMPTY
    assert courier.site.journal()[-2:] == ["code.spent", "parcel.recalled"]
    courier.deposits(FIRST)  # the same label can go in anew


def test_a_jammed_door_costs_another_door_and_no_touch(courier: Visitor) -> None:
    """The latch of the first choice does not move: after its tries the next compartment opens by itself."""
    for door in ("1", "2"):
        courier.site.fault("jam", door=door)

    courier.scans(FIRST)
    door = courier.puts_in()
    courier.sees("courier-scan", deposited=1)

    assert door not in ("1", "2")
    assert courier.touched() == []
    courier.touch("finish")
    summary = courier.sees("courier-summary")
    assert [line["kind"] for line in summary["odd"]] == ["not-opened"] * len(summary["odd"])
    assert summary["odd"]


@pytest.mark.parametrize(
    "why", ["occupied", *(pytest.param(why, marks=pytest.mark.soak) for why in ("dirty", "damaged"))]
)
def test_a_compartment_that_cannot_be_used_is_set_aside(courier: Visitor, why: str) -> None:
    """One touch says what is wrong with it; the parcel goes elsewhere and nobody is sent there again."""
    courier.scans(FIRST)
    bad = courier.door_opens()
    courier.sees("door-open-put", opening=False)
    courier.touch(why)
    courier.sees("message", door=bad)
    courier.shuts(bad)
    courier.another_door_opens(bad)
    courier.puts_in()
    courier.sees("courier-scan", deposited=1)

    assert not courier.site.state.compartment[bad].offered
    assert courier.touched() == [why]


def test_a_cancel_after_the_opening_asks_what_is_inside(courier: Visitor) -> None:
    """ "Did you leave it in 1?" Yes: somebody has to look. The compartment is neither free nor full."""
    courier.scans(FIRST)
    door = courier.door_opens()
    courier.sees("door-open-put", opening=False)
    courier.touch("cancel")
    courier.sees("message", door=door)
    courier.shuts(door)
    courier.sees("message", offers=["yes", "no"])
    courier.touch("yes")
    courier.sees("courier-scan", deposited=0)

    assert courier.site.state.compartment[door].contents is Contents.UNKNOWN
    courier.leaves()


def test_the_same_label_twice_is_refused_with_its_reason(courier: Visitor) -> None:
    """No door opens, nothing is lost, and the round goes on."""
    courier.deposits(FIRST)
    courier.site.skip(5)
    courier.site.scan(FIRST)
    courier.sees_notice("courier-scan", "waybill-duplicate")

    courier.deposits(SECOND)


def test_a_full_locker_is_said_before_the_first_scan(stage: Stage) -> None:
    """Nobody scans ten parcels to hear that there is no room."""
    visitor = stage.arrive(locker={"languages": ["en", "zh-Hant", "zh-Hans"]})
    visitor.site.soil()
    visitor.site.scan(visitor.site.hire())

    full = visitor.sees("full")
    visitor.touch("finish")
    visitor.sees("courier-summary")

    assert all(count["free"] == 0 for count in full["free"])


def test_a_size_that_is_gone_offers_the_others(courier: Visitor) -> None:
    """The last XL is taken: the tiles say so, and L still works."""
    largest = [c.number for c in courier.site.state.compartment.values() if c.size == "XL"]
    courier.site.take_out_of_service(*largest)
    courier.site.scan("LKC:XL")
    courier.sees("courier-scan", size="XL")
    courier.scans(FIRST)

    courier.sees_notice("choose-size", "size-full")
    assert courier.page.locator('[data-action="size"][data-id="XL"]').is_disabled()
    courier.touch("size", "L")
    courier.puts_in()
    courier.sees("courier-scan", deposited=1)


def test_overdue_parcels_are_taken_back_with_one_touch(courier: Visitor) -> None:
    """ "Overdue (2)": the doors open one after the other. What was skipped stays on the list."""
    site = courier.site
    doors = [courier.deposits(one) for one in (FIRST, SECOND)]
    courier.leaves()
    site.let_pass(72 * 3600)
    courier.logs_in(f"LKB:{BADGE}")
    courier.sees("courier-scan", overdue=2)
    courier.starts_anew()

    courier.touch("recall")
    first = courier.takes_out()
    courier.another_door_opens(first)
    second = courier.door_opens()
    courier.sees("door-open-take", door=second, opening=False)
    courier.touch("skip")
    courier.sees("message", door=second)
    courier.shuts(second)
    courier.sees("recall-list")

    assert {first, second} == set(doors)
    assert courier.touched() == ["recall", "skip"]
    assert "parcel.recalled" in site.journal()
    assert site.state.compartment[first].contents is Contents.EMPTY
    assert site.state.compartment[second].stay


def test_a_size_that_is_gone_becomes_the_next_one_up(courier: Visitor) -> None:
    """S is remembered and there is none: an M opens at once, and the screen says M."""
    small = [c.number for c in courier.site.state.compartment.values() if c.size == "S"]
    courier.site.take_out_of_service(*small)
    courier.scans(FIRST)
    courier.door_opens()

    courier.sees("door-open-put", opening=False, size="M")
    assert courier.touched() == []


def test_a_problem_is_reported_from_the_scan_screen(courier: Visitor) -> None:
    """Nothing to do with a door that is open: the scanner's glass is scratched."""
    courier.touch("report")
    courier.sees("report-problem")
    courier.touch("problem", "scanner")

    courier.sees_notice("courier-scan", "reported")
    assert "fault.opened" in courier.site.journal()
