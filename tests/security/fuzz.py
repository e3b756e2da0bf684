"""Bytes that a fuzzer grows by what they reach: `python -m tests.security.fuzz -runs=20000 -seed=7`.

atheris watches the branches of our decoders and of what they call, and keeps the inputs that reach new ones. The first
byte chooses the decoder, the rest is its input. A decoder answers with its type or with its own kind of refusal; any
other exception ends the program with the input that made it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["edge_agent", "drivers", "cloud_bridge"]):
    import msgspec

    from cloud_bridge.incoming import Incoming as BridgeIncoming
    from cloud_bridge.topics import Topics
    from cloud_bridge.words import Arrived
    from drivers.registry import (
        LOCK_BOARDS,
        SCANNERS,
        board_from,
        known,
        lock_board_class,
        scanner_class,
        scanner_from,
    )
    from drivers.scanner import ScannerSettings
    from drivers.transaction import Transaction
    from edge_agent import config_reading
    from edge_agent.cloud import jws
    from edge_agent.cloud.claims import COMMAND_MAX, ApprovalClaims, CommandClaims, DocumentClaims, decoded
    from edge_agent.domain import waybill
    from edge_agent.domain.refusals import Refusal
    from edge_agent.flows import scans
    from edge_agent.kiosk import actions, channel
    from edge_agent.store import jose

    for family in known(LOCK_BOARDS):  # loaded here, so that their branches are watched too
        lock_board_class(family)
    for family in known(SCANNERS):
        scanner_class(family)

from tests.drivers.procedures import arm, reply_to, settings_for

Decoder = Callable[[bytes], Any]
PINNED = jws.pinned({"office-1": jose.new_private_key()["x"]})
OPENING = jose.new_private_key()
TOPICS = Topics("L-1")


def _questions(family: str) -> list[Transaction]:
    board = board_from(settings_for(family), family)
    arm(board)
    return [board.sample(), next(board.unlock(1))]


def _board(family: str) -> Decoder:
    questions = _questions(family)

    def recognise(data: bytes) -> None:
        for question in questions:
            question.recognise(data)

    return recognise


def _scanner(family: str) -> Decoder:
    def read(data: bytes) -> None:
        scanner = scanner_from(ScannerSettings("front"), family)
        for at, piece in enumerate((data[: len(data) // 2], data[len(data) // 2 :])):
            scanner.feed(piece, float(at))
        scanner.tick(60.0)

    return read


def _refusing(decode: Decoder, *refusals: type[Exception]) -> Decoder:
    """The decoder, its own refusals taken as an answer."""

    def run(data: bytes) -> None:
        try:
            decode(data)
        except refusals:
            return

    return run


def _text(decode: Callable[[str], Any]) -> Decoder:
    return lambda data: decode(data.decode("utf-8", "replace"))


def _page(data: bytes) -> None:
    message = msgspec.json.decode(data, type=channel.Incoming)
    actions.parse(message.action, message.args)


def _from_the_cloud(data: bytes) -> None:
    incoming = BridgeIncoming(TOPICS)
    arrived = Arrived(1, TOPICS.commands, data, retained=False)
    incoming.acks(arrived)
    incoming.sort(arrived)


DECODERS: dict[str, Decoder] = {
    **{f"board {family}": _board(family) for family in known(LOCK_BOARDS)},
    **{f"scanner {family}": _scanner(family) for family in known(SCANNERS)},
    "scan": _text(scans.classify),
    "waybill": _refusing(_text(waybill.read), Refusal),
    "signed message": _refusing(lambda data: jws.opened(data, PINNED, OPENING, COMMAND_MAX), jws.NotSigned),
    "command": _refusing(lambda data: decoded(data, CommandClaims), ValueError),
    "document": _refusing(lambda data: decoded(data, DocumentClaims), ValueError),
    "approval": _refusing(lambda data: decoded(data, ApprovalClaims), ValueError),
    "page": _refusing(_page, msgspec.MsgspecError, actions.Illegal, UnicodeDecodeError, RecursionError),
    "cloud": _from_the_cloud,
    "configuration": lambda data: config_reading.read_text(data, "locker.toml"),
}
ORDER = sorted(DECODERS)
SOUND = {
    "scan": b"LKB:demo-badge",
    "waybill": b"https://example.test/?n=SF1000000000001",
    "command": b'{"aud":"L-1","iss":"o","iat":1,"exp":2,"jti":"a","session":"","cmd":"unlock","args":{"door":"7"}}',
    "document": b'{"aud":"L-1","iss":"o","iat":1,"doc":"couriers","version":1,"body":{}}',
    "approval": b'{"aud":"L-1","approves":"a","digest":"' + b"0" * 64 + b'"}',
    "page": b'{"rev":1,"action":"code","args":{"digits":"12345678"}}',
    "cloud": b'{"epoch":1,"next":5}',
    "configuration": b'[locker]\nid = "L-1"\n[[bus]]\nname = "main"\nport = "/dev/ttyUSB0"\n',
}


def samples() -> Iterator[bytes]:
    """Sound inputs to grow from: without them a checksum or a signature is a wall."""
    for family in known(LOCK_BOARDS):
        for question in _questions(family):
            yield _input(f"board {family}", reply_to(question))
    for family in known(SCANNERS):
        yield _input(f"scanner {family}", b"SF1000000000001\r\n")
    for name, content in SOUND.items():
        yield _input(name, content)


def _input(name: str, content: bytes) -> bytes:
    return bytes((ORDER.index(name),)) + content


def one(data: bytes) -> None:
    """One input; the fuzzer calls it."""
    if data:
        DECODERS[ORDER[data[0] % len(ORDER)]](data[1:])


def main() -> None:
    with tempfile.TemporaryDirectory() as corpus:
        for number, content in enumerate(samples()):
            (Path(corpus) / str(number)).write_bytes(content)
        atheris.Setup([*sys.argv, corpus], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
