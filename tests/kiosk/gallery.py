"""Every screen with believable facts, and a desk that shows whatever a test wants to see.

Test-only: the product has no address that shows a screen out of turn.
"""

from __future__ import annotations

from edge_agent.config import Column, Config, decode
from edge_agent.kiosk.actions import Args
from edge_agent.kiosk.desk import Deadline, Page, View
from edge_agent.kiosk.screen_parts import (
    DepositLine,
    MessageKind,
    Notice,
    NoticeKind,
    OddLine,
    ProblemKind,
    RecallLine,
    ServiceRow,
    SizeCount,
    SizeTile,
)
from edge_agent.kiosk.screens import (
    ChooseSize,
    Commissioning,
    CourierPin,
    CourierScan,
    CourierSummary,
    DoorFailed,
    DoorOpenPut,
    DoorOpenTake,
    Full,
    Help,
    Home,
    LockedOut,
    Message,
    MoreParcels,
    OutOfService,
    PickupPhone,
    PleaseWait,
    RecallList,
    RecipientPhone,
    ReportProblem,
    Screen,
    ServiceMenu,
    Thanks,
    WarnTimeout,
)

PANELS = {"1024x600": (1024, 600, 6.68), "1280x800": (1280, 800, 5.88), "1080x1920": (1080, 1920, 5.56)}
LANGUAGES = ("zh-Hant", "zh-Hans", "en")

FREE = (SizeCount("S", 12), SizeCount("M", 7), SizeCount("L", 3), SizeCount("XL", 0))
TILES = (
    SizeTile("S", 340, 80, 450, 12),
    SizeTile("M", 340, 190, 450, 7),
    SizeTile("L", 340, 290, 450, 3),
    SizeTile("XL", 450, 460, 450, 0),
)
LAST = tuple(DepositLine(str(n), f"{4821 + 7 * n}", str(27 - n), "M", 60 - 10 * n) for n in range(5))
OVERDUE = (
    *(RecallLine(str(n), str(11 + n), f"{5530 + n}", "overdue", 3 + n) for n in range(3)),
    RecallLine("9", "32", "0914", "refused"),
)
ODD = (OddLine("to-check", "27", "4821"), OddLine("left-open", "31"), OddLine("cancelled", "5", "7710"))
DOOR_ROWS = tuple(
    ServiceRow(
        str(n), str(n), "M · 24 ms", ("empty", "out_of_service")[n % 5 // 4 :][:1], state, ("open", "set-out")
    )
    for n, state in enumerate(("good", "good", "attention", "bad", "good", "good", "good", "good"), start=1)
)

BOARD_ROWS = tuple(ServiceRow(name, f"{name} (main)", "120/120", state="good") for name in "ABC")
UNFINISHED = (
    ServiceRow("7", "7", "M", ("unknown",), "attention"),
    ServiceRow("12", "12", "S", ("unknown", "out_of_service"), "attention"),
)


def columns() -> tuple[Column, ...]:
    """49 doors in five columns, the screen in the third."""
    runs = [
        ("1", "1-11", False),
        ("2", "12-22", False),
        ("3", "23-27", True),
        ("4", "28-38", False),
        ("5", "39-49", False),
    ]
    return tuple(
        Column(name=name, doors=(doors,), width_mm=420, screen=screen) for name, doors, screen in runs
    )


def configuration(px_per_mm: float = 5.88) -> Config:
    """A cabinet of 49 doors with a hotline, three languages and speech."""
    small = {
        "board": "A",
        "size": "S",
        "channels": "1-8,12-19,28-35,39-46",
        "numbers": "1-8,12-19,28-35,39-46",
    }
    large = {
        "board": "A",
        "size": "M",
        "channels": "9-11,20-27,36-38,47-49",
        "numbers": "9-11,20-27,36-38,47-49",
    }
    return decode(
        {
            "locker": {
                "id": "HK-0001",
                "name": "Harbour Road 12",
                "timezone": "Asia/Hong_Kong",
                "state_dir": "/var/lib/locker",
                "hotline": "+852 3000 1234",
                "languages": ["zh-Hant", "en", "zh-Hans"],
            },
            "bus": [{"name": "main", "port": "/dev/ttyS1"}],
            "board": [{"name": "A", "bus": "main", "driver": "lock-8a", "address": 1, "channels": 60}],
            "sizes": {
                "S": {"width_mm": 340, "height_mm": 110, "depth_mm": 450},
                "M": {"width_mm": 340, "height_mm": 220, "depth_mm": 450},
            },
            "compartments": [{**small, "height": "high"}, {**large, "height": "low"}],
            "column": [
                {"name": one.name, "doors": list(one.doors), "width_mm": one.width_mm, "screen": one.screen}
                for one in columns()
            ],
            "kiosk": {"px_per_mm": px_per_mm},
        }
    )


def code_failed(tries: str = "4") -> Notice:
    return Notice(NoticeKind.CODE_NO_MATCH, "refused", {"tries_left": tries})


TAKE_OFFERS = ("reopen", "not-mine", "damaged", "empty", "refuse", "report")
PUT_OFFERS = ("bigger", "smaller", "another", "reopen", "occupied", "dirty", "not-open", "cancel")

# Name → view-model. A name is the screen's, with the variant after a dot.
SAMPLES: dict[str, Screen] = {
    "home": Home(free=FREE, waiting_events=12),
    "home.wrong": Home(free=FREE, notice=code_failed()),
    "home.short-code": Home(free=(), code="6+4", deposits=False),
    "home.door-left-open": Home(
        free=FREE, notice=Notice(NoticeKind.DOOR_LEFT_OPEN, "attention", {"door": "27"})
    ),
    "pickup-phone": PickupPhone(),
    "door-open-take": DoorOpenTake(door="27", offers=TAKE_OFFERS),
    "door-open-take.delegate": DoorOpenTake(
        door="27", role="delegate", offers=("not-mine", "empty", "not-open")
    ),
    "door-open-take.second": DoorOpenTake(
        door="49", index=2, total=3, offers=("reopen", "report"), opening=True
    ),
    "door-open-take.reminder": DoorOpenTake(door="3", offers=TAKE_OFFERS, reminder=1),
    "door-open-take.courier": DoorOpenTake(
        door="14",
        role="courier",
        tail="5530",
        index=1,
        total=4,
        before=RecallLine("8", "11", reason="taken"),
        offers=("skip", "not-inside", "still-inside"),
    ),
    "more-parcels": MoreParcels(done=1, total=3, next_door="41", offers=("finish",)),
    "door-failed": DoorFailed(door="27", offers=("retry", "report", "finish")),
    "door-failed.courier": DoorFailed(
        door="7", reason="unknown", role="courier", offers=("another", "retry", "report", "cancel")
    ),
    "thanks": Thanks(offers=("rate", "reopen", "report")),
    "thanks.put-back": Thanks(kind="put-back"),
    "help": Help(support_code="4821-07", offers=("report",)),
    "courier-pin": CourierPin(),
    "courier-pin.wrong": CourierPin(notice=Notice(NoticeKind.PIN_WRONG, "refused", {"tries_left": "2"})),
    "courier-pin.number": CourierPin(ask="number", digits_min=4, digits_max=8),
    "courier-scan": CourierScan(
        deposited=17,
        free=FREE,
        size="M",
        last=LAST,
        overdue=4,
        to_check=2,
        offers=("undo", "recall", "verify", "report", "type-waybill"),
        waiting_events=12,
    ),
    "courier-scan.first": CourierScan(free=FREE, speed=False, offers=("report", "type-waybill")),
    "courier-scan.typing": CourierScan(typing="letters", notice=Notice(NoticeKind.WAYBILL_BAD)),
    "courier-scan.typing-digits": CourierScan(typing="digits"),
    "courier-scan.refused": CourierScan(
        free=FREE, size="M", last=LAST[:2], notice=Notice(NoticeKind.NO_CONSENT), offers=("undo", "report")
    ),
    "recipient-phone": RecipientPhone(tail="4821", offers=("masked", "cancel")),
    "choose-size": ChooseSize(sizes=TILES, tail="4821", suggested="M", offers=("cancel",)),
    "door-open-put": DoorOpenPut(door="27", tail="4821", size="M", offers=PUT_OFFERS),
    "door-open-put.queued": DoorOpenPut(
        door="5", tail="4821", size="S", queued="7710", offers=PUT_OFFERS[:4]
    ),
    "door-open-put.back": DoorOpenPut(door="33", role="recipient", offers=("reopen",), reminder=2),
    "full": Full(nearest="Harbour Road 30", offers=("recall", "verify", "finish")),
    "full.size": Full(size="XL", free=FREE, offers=("size", "finish")),
    "recall-list": RecallList(lines=OVERDUE, offers=("open-all",)),
    "recall-list.taken": RecallList(
        lines=(*OVERDUE[:1], *(RecallLine(str(n), str(20 + n), reason="taken") for n in range(2))),
        offers=("finish", "still-inside"),
    ),
    "recall-list.verify": RecallList(
        kind="verify", lines=tuple(RecallLine(str(n), str(40 + n), reason="unknown") for n in range(9))
    ),
    "courier-summary": CourierSummary(deposited=17, recalled=3, odd=ODD),
    "courier-summary.fine": CourierSummary(deposited=2),
    "report-problem": ReportProblem(kinds=tuple(ProblemKind), door="27"),
    "locked-out": LockedOut(),
    "out-of-service": OutOfService(reason="fault", code="STORE-401"),
    "service-menu": ServiceMenu(),
    "service-menu.doors": ServiceMenu(section="doors", rows=DOOR_ROWS),
    "service-menu.screen": ServiceMenu(section="screen"),
    "out-of-service.boards": OutOfService(reason="boards", code="BUS-110"),
    "commissioning": Commissioning(),
    "commissioning.boards": Commissioning(
        step="boards", index=2, offers=("next", "retry", "leave"), rows=BOARD_ROWS
    ),
    "commissioning.doors": Commissioning(
        step="doors", asks="doors", index=12, total=60, door="12", offers=("yes", "no", "retry", "leave")
    ),
    "commissioning.failed": Commissioning(
        step="doors", asks="failed", index=12, total=60, door="49", offers=("retry", "skip", "leave")
    ),
    "commissioning.scanner": Commissioning(
        step="scanner",
        index=4,
        offers=("next", "leave"),
        rows=(ServiceRow("scan", "15", words=("characters",), state="good"),),
    ),
    "commissioning.done": Commissioning(step="done", index=5, offers=("leave",), rows=UNFINISHED),
    "commissioning.fine": Commissioning(step="done", index=5, offers=("leave",)),
    "warn-timeout": WarnTimeout(),
    "please-wait": PleaseWait(),
    "message": Message(kind=MessageKind.LEFT_INSIDE, door="27", tone="attention", offers=("yes", "no")),
    "message.open-all": Message(kind=MessageKind.OPEN_ALL, args={"count": "4"}, offers=("no", "yes")),
    "message.wrong-door": Message(kind=MessageKind.WRONG_DOOR, door="8", tone="refused", offers=("finish",)),
}

DEADLINES = {
    "warn-timeout": Deadline("warn", 17_000, 20_000),
    "locked-out": Deadline("lockout", 272_000, 300_000),
    "thanks": Deadline("result", 3_000, 3_000),
}


class GalleryDesk:
    """Shows one view at a time and remembers what pages send."""

    def __init__(self) -> None:
        self.view = View(rev=1, lang="zh-Hant", vm=Home(free=FREE))
        self.page: Page | None = None
        self.actions: list[tuple[int, str, Args]] = []
        self.happened: list[str] = []

    def connect(self, page: Page) -> None:
        self.page = page
        self.happened.append("connect")
        page.show(self.view)

    def action(self, page: Page, rev: int, action: str, args: Args) -> None:
        assert page is self.page, "an action came from a page that has not the glass"
        self.actions.append((rev, action, args))

    def heartbeat(self, page: Page) -> None:
        self.happened.append("heartbeat")

    def tap_storm(self, page: Page) -> None:
        self.happened.append("tap_storm")

    def closed(self, page: Page) -> None:
        self.happened.append("closed")
        self.page = None

    def show(self, view: View) -> None:
        """Show this now, and to whichever page connects later."""
        self.view = view
        if self.page is not None:
            self.page.show(view)

    def names(self) -> list[str]:
        """Names of the actions received, without the touches that only say "somebody is there"."""
        return [name for _, name, _ in self.actions if name != "touch"]


def view_of(name: str, lang: str, rev: int) -> View:
    """The sample as a view; every sample but the idle ones belongs to a session."""
    session = "" if name.startswith(("home", "out-of-service", "commissioning")) else "s-1"
    return View(rev=rev, lang=lang, vm=SAMPLES[name], session=session, deadline=DEADLINES.get(name))
