"""What the KERONG CU generations share: STX .. ETX SUM frames on RS-485, 19200 8N1.

Data bytes may be 02 or 03 too, so frames are found by length and sum, never by searching for ETX. The sum cannot see
swapped bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.checksums import sum8
from drivers.hunting import Partly, hunt
from drivers.transaction import Recognise, Seen, Sight

STX, ETX = 0x02, 0x03
BAUDRATE = 19200
READ_TIMEOUT_S = 0.8  # what drivers of every family allow a status; KERONG gives no figure
QUIET_AFTER_UNLOCK_S = 0.05  # an answer to an unlock may come and says nothing: let it pass
# The board keeps its own setting (500 ms recommended, up to 24 s possible): assume the cap.
PULSE_MS_MAX = 1000


def seal(body: bytes) -> bytes:
    """`body` between STX and ETX, with the sum."""
    frame = bytes((STX,)) + body + bytes((ETX,))
    return frame + bytes((sum8(frame),))


def sound(frame: bytes) -> bool:
    return len(frame) >= 5 and frame[0] == STX and frame[-2] == ETX and sum8(frame[:-1]) == frame[-1]


def unseal(frame: bytes, length: int) -> bytes:
    """What stands between STX and ETX of a sound frame of this length; ValueError otherwise."""
    if len(frame) != length or not sound(frame):
        raise ValueError(f"{frame.hex(' ')} is no sound KERONG frame of {length} bytes")
    return frame[1:-2]


def recognise_frame(prefix: bytes, length: int, others: tuple[int, ...]) -> Recognise:
    """Knows the sound frame of `length` that begins with `prefix`; sound frames of length `others` are foreign."""

    def judge(buffer: bytes, start: int) -> Seen | Partly | None:
        end = start + length
        if buffer.startswith(prefix, start):
            if len(buffer) < end:
                return Partly.WAIT
            if sound(buffer[start:end]):
                return Seen(Sight.REPLY, start, end)
        rest = buffer[start : start + len(prefix)]
        if len(rest) < len(prefix) and prefix.startswith(rest):
            return Partly.WAIT
        return foreign(buffer, start)

    def foreign(buffer: bytes, start: int) -> Seen | None:
        for other in others:
            frame = buffer[start : start + other]
            if len(frame) == other and sound(frame):
                return Seen(Sight.FOREIGN, start, start + other)
        return None

    return hunt(judge)


def recognise_any(of_board: Callable[[bytes], bool], lengths: tuple[int, ...]) -> Recognise:
    """Knows any sound frame of the board: for unlocks, whose answer is tolerated and says nothing."""

    def judge(buffer: bytes, start: int) -> Seen | Partly | None:
        for length in lengths:
            frame = buffer[start : start + length]
            if len(frame) == length and sound(frame):
                return Seen(Sight.REPLY if of_board(frame) else Sight.FOREIGN, start, start + length)
        return None

    return hunt(judge)
