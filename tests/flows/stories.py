"""Short stories that each lead to one waiting state of a flow, by the way a person would come there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from edge_agent.domain import service
from edge_agent.domain.stay import Stay
from edge_agent.domain.words import Report
from edge_agent.flows.events import DoorClosed
from tests.flows.at_hand import BADGE, CARD, STAFF_PIN, Kiosk
from tests.flows.furnishing import as_installed, change_carrier, change_policy, set_aside

Story = Callable[[Kiosk], None]


def courier(kiosk: Kiosk) -> None:
    kiosk.logs_in()
    kiosk.scan("LKC:S")


def scanned(kiosk: Kiosk) -> None:
    courier(kiosk)
    kiosk.scan("SF0000000000001")


def door_open(kiosk: Kiosk) -> None:
    scanned(kiosk)
    kiosk.opens()


def touched(story: Story, *actions: str) -> Story:
    def more(kiosk: Kiosk) -> None:
        story(kiosk)
        for action in actions:
            kiosk.touch(action)

    return more


def asked(kiosk: Kiosk) -> None:
    touched(door_open, "cancel")(kiosk)
    kiosk.close()


def needs_phone(kiosk: Kiosk) -> None:
    change_carrier(kiosk, phone_required=True)
    scanned(kiosk)


def no_size(kiosk: Kiosk) -> None:
    kiosk.logs_in()
    kiosk.scan("SF0000000000001")


def stored(kiosk: Kiosk) -> Stay:
    kiosk.logs_in()
    stay = kiosk.deposits()
    kiosk.scan(BADGE)
    kiosk.run(10)
    return stay


def undo_open(kiosk: Kiosk) -> None:
    kiosk.logs_in()
    kiosk.deposits()
    kiosk.scan("LKC:UNDO")
    kiosk.opens()


def code_typed(kiosk: Kiosk) -> None:
    kiosk.scan(kiosk.token_of(stored(kiosk)))


def pickup_open(kiosk: Kiosk) -> None:
    code_typed(kiosk)
    kiosk.opens()


def pickup_failed(kiosk: Kiosk) -> None:
    stay = stored(kiosk)
    kiosk.doors.jammed = {stay.compartment}
    kiosk.scan(kiosk.token_of(stay))
    kiosk.run(1)


def pickup_unseen(kiosk: Kiosk) -> None:
    stay = stored(kiosk)
    kiosk.doors.mute = {stay.compartment}
    kiosk.scan(kiosk.token_of(stay))
    kiosk.run(1)


def pickup_blink(kiosk: Kiosk) -> None:
    pickup_open(kiosk)
    kiosk.close(after_s=0.2)


def thanks(kiosk: Kiosk) -> None:
    pickup_open(kiosk)
    kiosk.close()


def verifying(kiosk: Kiosk) -> None:
    set_aside(kiosk, "2")
    kiosk.logs_in()
    kiosk.touch("verify")


def verify_open(kiosk: Kiosk) -> None:
    touched(verifying, "start")(kiosk)
    kiosk.opens()


def verify_asked(kiosk: Kiosk) -> None:
    verify_open(kiosk)
    kiosk.close()


def service_menu(kiosk: Kiosk) -> None:
    kiosk.scan(CARD)
    kiosk.touch("pin", digits=STAFF_PIN)


def service_open(kiosk: Kiosk) -> None:
    service_menu(kiosk)
    kiosk.touch("open", id="3")
    kiosk.opens()


def disk_fails_at_the_closing(story: Story) -> Story:
    def more(kiosk: Kiosk) -> None:
        story(kiosk)
        kiosk.run(5)
        number = kiosk.door
        kiosk.loop.run_until_complete(kiosk.doors.hand_closes_unseen_by_screen(number))
        kiosk.disk.fails = True
        kiosk.session.told(DoorClosed(number))
        kiosk.run()
        kiosk.disk.fails = False

    return more


def door_moods(story: Story, mood: str) -> Story:
    """Every latch jams, or no sensor answers, from here on."""

    def more(kiosk: Kiosk) -> None:
        setattr(kiosk.doors, mood, set(kiosk.state.compartment))
        story(kiosk)
        kiosk.run(1)

    return more


def wires_are_crossed(kiosk: Kiosk) -> None:
    courier(kiosk)
    kiosk.doors.crossed = {"1": "7"}
    kiosk.scan("SF0000000000001")
    kiosk.run(1)


def wrong_pins(kiosk: Kiosk) -> None:
    kiosk.touch("courier")
    kiosk.touch("number", digits="1001")
    for _ in range(3):
        kiosk.touch("pin", digits="0000")


def wrong_codes(kiosk: Kiosk) -> None:
    for n in range(3):
        kiosk.touch("code", digits=f"1000000{n}")


def unknown_badge(kiosk: Kiosk) -> None:
    kiosk.touch("courier")
    kiosk.scan("LKB:badge-9999")


def round_is_over(kiosk: Kiosk) -> None:
    courier(kiosk)
    kiosk.scan("LKC:DONE")


def no_room(kiosk: Kiosk) -> None:
    """Not one compartment can be offered; doors open as ever."""
    for number in kiosk.state.compartment:
        kiosk.transact(partial(service.report, number=number, what=Report.DIRTY, actor="technician:t"))
    kiosk.scan(BADGE)


def six_digits(kiosk: Kiosk) -> None:
    change_policy(kiosk, code_shape="6+4")
    kiosk.touch("code", digits="135790")


def refused_parcel(kiosk: Kiosk) -> None:
    """One parcel was refused; its courier stands at the screen."""
    kiosk.scan(kiosk.token_of(stored(kiosk)))
    kiosk.opens()
    kiosk.touch("refuse")
    kiosk.close()
    kiosk.run(10)
    kiosk.logs_in()


def recall(kiosk: Kiosk) -> None:
    touched(refused_parcel, "recall")(kiosk)


def recall_open(kiosk: Kiosk) -> None:
    recall(kiosk)
    kiosk.opens()


def recall_list(kiosk: Kiosk) -> None:
    recall_open(kiosk)
    kiosk.close()


def recall_failed(kiosk: Kiosk) -> None:
    refused_parcel(kiosk)
    door_moods(lambda one: one.touch("recall"), "jammed")(kiosk)


def undo_asked(kiosk: Kiosk) -> None:
    kiosk.logs_in()
    kiosk.deposits()
    kiosk.run(3)
    kiosk.scan("LKC:UNDO")


def service_verify(kiosk: Kiosk) -> None:
    set_aside(kiosk, "2")
    service_menu(kiosk)
    kiosk.touch("section", id="verify")


def service_section(name: str) -> Story:
    def more(kiosk: Kiosk) -> None:
        service_menu(kiosk)
        kiosk.touch("section", id=name)

    return more


def then(story: Story, *deeds: Story) -> Story:
    def more(kiosk: Kiosk) -> None:
        for deed in (story, *deeds):
            deed(kiosk)

    return more


def opens(kiosk: Kiosk) -> None:
    kiosk.opens()


def closes(kiosk: Kiosk) -> None:
    kiosk.close()


def wrong_staff_pins(kiosk: Kiosk) -> None:
    kiosk.scan(CARD)
    for _ in range(3):
        kiosk.touch("pin", digits="000000")


def commissioning(kiosk: Kiosk) -> None:
    """A technician begins with a cabinet that was just put up."""
    as_installed(kiosk)
    service_menu(kiosk)


def last_doors_skipped(kiosk: Kiosk) -> None:
    """Nothing opens: every door is tried once and passed over."""
    door_moods(touched(commissioning, "next"), "jammed")(kiosk)
    for _ in kiosk.state.compartment:
        kiosk.touch("skip")
        kiosk.run(1)


STORIES: dict[str, Story] = {
    "commissioning": commissioning,
    "commissioning unlocking": touched(commissioning, "next"),
    "commissioning open": then(touched(commissioning, "next"), opens),
    "commissioning question": then(touched(commissioning, "next"), opens, closes),
    "commissioning failed": door_moods(touched(commissioning, "next"), "jammed"),
    "commissioning scanner": last_doors_skipped,
    "commissioning done": touched(last_doors_skipped, "next"),
    "locked keypad": wrong_codes,
    "last four asked": six_digits,
    "courier pin": then(
        lambda kiosk: kiosk.touch("courier"), lambda kiosk: kiosk.touch("number", digits="1001")
    ),
    "courier locked out": wrong_pins,
    "courier refused": unknown_badge,
    "summary": round_is_over,
    "full": no_room,
    "wrong door": wires_are_crossed,
    "deposit unseen": door_moods(scanned, "mute"),
    "deposit trouble": disk_fails_at_the_closing(door_open),
    "pickup trouble": disk_fails_at_the_closing(pickup_open),
    "undo unlocking": undo_asked,
    "recall unlocking": recall,
    "recall open": recall_open,
    "recall skipping": touched(recall_open, "skip"),
    "recall failed": recall_failed,
    "recall list": recall_list,
    "verify unlocking": touched(verifying, "start"),
    "verify failed": door_moods(touched(verifying, "start"), "jammed"),
    "technician locked out": wrong_staff_pins,
    "scanner test": service_section("scanner"),
    "service unlocking": then(service_menu, lambda kiosk: kiosk.touch("open", id="3")),
    "service question": then(service_open, closes),
    "service verify list": service_verify,
    "service verify unlocking": touched(service_verify, "start"),
    "service verify open": then(touched(service_verify, "start"), opens),
    "service verify question": then(touched(service_verify, "start"), opens, closes),
    "service verify failed": door_moods(touched(service_verify, "start"), "jammed"),
    "typing a code": lambda kiosk: kiosk.touch("touch"),
    "a wrong code": lambda kiosk: kiosk.touch("code", digits="10000001"),
    "help": lambda kiosk: kiosk.touch("help"),
    "courier number": lambda kiosk: kiosk.touch("courier"),
    "armed for the next waybill": courier,
    "report": touched(courier, "report"),
    "courier's help": touched(courier, "help"),
    "the waybill is typed": touched(courier, "type-waybill"),
    "the phone is asked": needs_phone,
    "the size is asked": no_size,
    "unlocking": scanned,
    "the door is open": door_open,
    "swapping": touched(door_open, "bigger"),
    "setting aside": touched(door_open, "occupied"),
    "cancelling": touched(door_open, "cancel"),
    "left inside?": asked,
    "undo": undo_open,
    "pickup unlocking": code_typed,
    "pickup open": pickup_open,
    "putting back": touched(pickup_open, "refuse"),
    "damaged": touched(pickup_open, "damaged"),
    "empty": touched(pickup_open, "empty"),
    "it did not open": touched(pickup_open, "not-open"),
    "pickup failed": pickup_failed,
    "pickup unseen": pickup_unseen,
    "pickup help": touched(pickup_failed, "help"),
    "taken?": pickup_blink,
    "thanks": thanks,
    "verify list": verifying,
    "verify open": verify_open,
    "verify question": verify_asked,
    "technician's card": lambda kiosk: kiosk.scan(CARD),
    "service menu": service_menu,
    "service section": service_section("doors"),
    "service door open": service_open,
}
