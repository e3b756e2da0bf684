"""Faults that bend what passes over a wire: requests that never arrive, answers late, cut, flipped, doubled, foreign.

Each fault strikes only where its parameters say: `bus` and `board` ("" means any), `of` (unlock | read | other | any),
after the first `skip` chances, `count` times at most (0: without end), in a `share` of cases. Chance comes from the
cabinet's seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from sim.faults import Fault
from sim.firmware.base import Firmware, frame_in

if TYPE_CHECKING:
    from sim.wire import Line, Outgoing

WHERE: dict[str, Any] = {"bus": "", "board": "", "of": "any", "skip": 0, "count": 0, "share": 1.0}
AFTER_FRAME_S = (
    0.002  # noise that follows a frame keeps this distance, like a neighbour that starts too early
)

Bend = Callable[[Fault, "Outgoing", "Line", Random], "list[Outgoing]"]
Block = Callable[[Fault, Firmware, bytes, "Line", float], bytes]


class WireFaults:
    """The wire faults at work on one cabinet's lines. Called under the world's lock."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.active: list[Fault] = []

    def echo(self, line: Line, data: bytes, at_s: float) -> None:
        """What the adapter hands back of the master's own bytes."""
        for fault in self._of(ECHOES):
            if self._strikes(fault, line.name):
                cut = len(data) - int(fault.params.get("cut", 0))
                line.deliver(data[: max(0, cut)])

    def request(self, line: Line, board: Firmware, data: bytes, at_s: float) -> bytes:
        """What of the master's bytes reaches one board."""
        for fault in self._of(BLOCKS):
            data = BLOCKS[fault.name](fault, board, data, line, at_s)
        return data

    def reply(self, line: Line, going: Outgoing) -> list[Outgoing]:
        """What leaves in place of one answer."""
        out = [going]
        for fault in self._of(BENDS):
            if self._strikes(fault, line.name, going.board.name, going.heard.kind):
                out = [bent for one in out for bent in BENDS[fault.name](fault, one, line, self.random)]
        return out

    def mute(self, line: Line, board: Firmware, at_s: float) -> bool:
        """True while a board cannot speak, not even by itself."""
        return any(_gone(fault, at_s) for fault in self._of(MUTES) if _mine(fault, board, line))

    def strikes_request(self, fault: Fault, line: Line, board: Firmware, data: bytes) -> bool:
        """True if the bytes hold a request to this board that the fault is meant for; counts the chance."""
        frame = frame_in(board, data)
        if frame is None or not board.addressed(frame):
            return False
        return self._strikes(fault, line.name, board.name, board.kind_of(frame))

    def _of(self, table: Any) -> list[Fault]:
        return [fault for fault in self.active if fault.name in table]

    def _strikes(self, fault: Fault, bus: str, board: str = "", kind: str = "") -> bool:
        given = fault.params
        aimed = (
            given["bus"] in ("", bus)
            and given.get("board", "") in ("", board)
            and given.get("of", "any") in ("any", kind)
        )
        if not aimed:
            return False
        fault.seen += 1
        spent = given["count"] and fault.uses >= given["count"]
        if fault.seen <= given["skip"] or spent or self.random.random() >= given["share"]:
            return False
        fault.uses += 1
        return True


# Requests


def _mine(fault: Fault, board: Firmware, line: Line) -> bool:
    return fault["bus"] in ("", line.name) and fault["board"] in ("", board.name)


def _gone(fault: Fault, at_s: float) -> bool:
    if fault.name == "silent":
        return True
    begun_s = fault.memory.setdefault("begun_s", at_s)
    return int((at_s - begun_s) / fault["period_s"]) % 2 == 0


def _mute(fault: Fault, board: Firmware, data: bytes, line: Line, at_s: float) -> bytes:
    if not _mine(fault, board, line) or not _gone(fault, at_s):
        return data
    fault.uses += 1
    return b""


def _swallow_request(fault: Fault, board: Firmware, data: bytes, line: Line, at_s: float) -> bytes:
    faults = line.faults
    return b"" if faults is not None and faults.strikes_request(fault, line, board, data) else data


def _exception(fault: Fault, board: Firmware, data: bytes, line: Line, at_s: float) -> bytes:
    faults, frame = line.faults, frame_in(board, data)
    if faults is None or frame is None or not faults.strikes_request(fault, line, board, data):
        return data
    refusal = board.exception(frame, fault["code"])
    if refusal is not None:
        line.talk(at_s + board.turn_round_s, refusal, board.name, f"refused with {fault['code']}")
    return b""


def _unplug_on_frame(fault: Fault, board: Firmware, data: bytes, line: Line, at_s: float) -> bytes:
    faults = line.faults
    if faults is not None and faults.strikes_request(fault, line, board, data):
        fault.memory["unplug"](line.name)
    return data


BLOCKS: dict[str, Block] = {
    "silent": _mute,
    "flap": _mute,
    "swallow-request": _swallow_request,
    "exception": _exception,
    "unplug-on-frame": _unplug_on_frame,
}
MUTES = frozenset(("silent", "flap"))
ECHOES = frozenset(("echo", "partial-echo"))


# Answers


def _swallow_reply(fault: Fault, going: Outgoing, line: Line, random: Random) -> list[Outgoing]:
    return []


def _late(fault: Fault, going: Outgoing, line: Line, random: Random) -> list[Outgoing]:
    return [replace(going, at_s=going.at_s + fault["by_s"])]


def _shift(fault: Fault, going: Outgoing, line: Line, random: Random) -> list[Outgoing]:
    """Each answer is kept back and sent in place of the next one."""
    kept = fault.memory.get(line.name)
    fault.memory[line.name] = going
    return [] if kept is None else [replace(kept, at_s=going.at_s)]


def _other_unit(fault: Fault, going: Outgoing, line: Line, random: Random) -> list[Outgoing]:
    body = bytearray(going.board.unseal(going.data))
    index = going.board.address_at
    body[index] = (body[index] + going.board.address_step) & 0xFF
    return [replace(going, data=going.board.seal(bytes(body)))]


def _wrong_function(fault: Fault, going: Outgoing, line: Line, random: Random) -> list[Outgoing]:
    body = bytearray(going.board.unseal(going.data))
    if fault["how"] == "length":
        body += b"\x00"
    else:
        body[going.board.function_at] ^= 0x04
    return [replace(going, data=going.board.seal(bytes(body)))]


def _bit_flips(fault: Fault, going: Outgoing, line: Line, random: Random) -> list[Outgoing]:
    data = bytearray(going.data)
    for _ in range(fault["bits"]):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return [replace(going, data=bytes(data))]


def _garbage(fault: Fault, going: Outgoing, line: Line, random: Random) -> list[Outgoing]:
    noise = random.randbytes(fault["bytes"])
    if fault["where"] == "before":
        return [replace(going, data=noise + going.data)]
    after_s = going.at_s + len(going.data) * line.char_s + AFTER_FRAME_S
    return [going, replace(going, at_s=after_s, data=noise)]


def _drip(fault: Fault, going: Outgoing, line: Line, random: Random) -> list[Outgoing]:
    size = max(1, fault["chunk"])
    pieces = [going.data[start : start + size] for start in range(0, len(going.data), size)]
    step_s = size * line.char_s + fault["gap_s"]
    return [
        replace(going, at_s=going.at_s + index * step_s, data=piece) for index, piece in enumerate(pieces)
    ]


def _truncate(fault: Fault, going: Outgoing, line: Line, random: Random) -> list[Outgoing]:
    left = going.data[: max(0, len(going.data) - fault["cut"])]
    return [replace(going, data=left)] if left else []


BENDS: dict[str, Bend] = {
    "swallow-reply": _swallow_reply,
    "late": _late,
    "shift": _shift,
    "other-unit": _other_unit,
    "wrong-function": _wrong_function,
    "bit-flips": _bit_flips,
    "garbage": _garbage,
    "drip": _drip,
    "truncate": _truncate,
}
