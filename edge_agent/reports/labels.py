"""What is stuck on a cabinet or carried in a pocket: numbers for doors, codes for technicians, badges, command cards.

Each kind is one row of `KINDS`. Codes carry the prefixes that the scanner's side knows (`flows.scans`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge_agent.config import Config
from edge_agent.flows import scans
from edge_agent.reports.codes import CODE128, QR
from edge_agent.reports.paper import Heading, Label, Labels, Paper, Words

COMMAND_NAMES = {  # as a courier with gloves reads them at arm's length
    "BIGGER": ("大一號", "Bigger"),
    "UNDO": ("取消上一件", "Undo the last"),
    "OVERDUE": ("逾期件", "Overdue"),
    "SKIP": ("跳過", "Skip"),
    "REPORT": ("報修", "Report"),
    "HELP": ("幫助", "Help"),
    "DONE": ("完成", "Done"),
}
# What a scanner must read before a cabinet is accepted: short and long, digits and letters, bars and squares.
TEST_CODES = (
    ("Code 128, digits", CODE128, "1234567890128"),
    ("Code 128, letters", CODE128, "LKTEST-ABCDEFG"),
    ("Code 128, long", CODE128, "JT2026112200000000012345"),
    ("QR, short", QR, "LKTEST-QR"),
    ("QR, link", QR, "https://example.test/track?n=SF1000000000001&from=locker"),
    ("QR, token", QR, scans.TOKEN + "0123456789abcdef" * 2),
)


def doors(config: Config, names: Sequence[str]) -> Paper:
    """One label a compartment: its number, its size, and a code that names locker and door on a phone."""
    locker = config.locker.id
    labels = tuple(
        Label(door.number, f"{door.size}   {locker}", f"locker:{locker}/door:{door.number}", "qr")
        for door in config.doors()
    )
    return Paper(f"Doors of {locker}", (Labels(labels, across=4, height=48),), footer=locker)


def badges(config: Config, names: Sequence[str]) -> Paper:
    """One card for each badge given, as QR and for people to read. A badge is a key: print only what is handed out."""
    labels = tuple(Label(name, config.locker.name, scans.BADGE + name, "qr") for name in names)
    return Paper("Badges", (Labels(labels, across=2, height=54),), footer="86 x 54 mm")


def cards(config: Config, names: Sequence[str]) -> Paper:
    """The command cards: an A6 sheet with which a courier in gloves never touches the glass."""
    sizes = sorted(config.sizes, key=("XS", "S", "M", "L", "XL").index)
    labels = [Label(size, "尺寸 Size", scans.COMMAND + size, "qr") for size in sizes]
    labels += [Label(name, line, scans.COMMAND + word, "qr") for word, (name, line) in COMMAND_NAMES.items()]
    return Paper(
        "Command cards", (Labels(tuple(labels), across=3, height=32),), page="A6", footer=config.locker.id
    )


def scanner_test(config: Config, names: Sequence[str]) -> Paper:
    """Codes to hold before a scanner at the acceptance."""
    return Paper(
        "Scanner test",
        (
            Heading("Scanner test 掃描器測試"),
            Words(
                "Hold each code before the scanner, 10 to 20 cm away. `lockerctl scanner watch` shows what it read."
            ),
            *(
                Labels((Label(title, text, text, "qr" if kind == QR else "code128"),), across=1, height=42)
                for title, kind, text in TEST_CODES
            ),
        ),
        footer=config.locker.id,
    )


KINDS: dict[str, Callable[[Config, Sequence[str]], Paper]] = {
    "doors": doors,
    "badges": badges,
    "cards": cards,
    "scanner-test": scanner_test,
}
"""What `lockerctl labels KIND` prints. `names`: badges, for the kind that needs them."""
