"""What a write-ahead log holds beyond the frames that SQLite accepts.

SQLite reads a log up to the first frame whose checksum does not fit and silently ignores the rest. After a power cut
that is right: each commit is synced before the next one begins, so at most one unfinished commit can follow. More
commits behind the break were acknowledged and are lost: the log was damaged.
"""

from __future__ import annotations

import struct
from pathlib import Path

HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
MAGIC = (0x377F0682, 0x377F0683)
# A commit that a cut tore may leave its last frame: one is no loss.
UNFINISHED_COMMITS = 1


def commits_behind(path: Path, accepted_frames: int) -> int:
    """Commit frames of the log's own generation behind the first `accepted_frames`; 0 where there is no log."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return 0
    if len(content) < HEADER_BYTES + FRAME_HEADER_BYTES:
        return 0
    magic, _, page_bytes, _, *salts = struct.unpack(">6I", content[:24])
    step = FRAME_HEADER_BYTES + page_bytes
    if magic not in MAGIC or page_bytes not in {1 << power for power in range(9, 17)}:
        return _without_header(content)
    return sum(
        1
        for at in range(HEADER_BYTES + accepted_frames * step, len(content) - step + 1, step)
        if _commits(content, at, tuple(salts))
    )


def _commits(content: bytes, at: int, salts: tuple[int, ...]) -> bool:
    _, size_after, *own = struct.unpack(">4I", content[at : at + 16])
    return size_after != 0 and tuple(own) == salts


def _without_header(content: bytes) -> int:
    """The header is damaged: the first frame says which generation the log is of, 4 KiB pages as we make them."""
    salts = struct.unpack(">2I", content[HEADER_BYTES + 8 : HEADER_BYTES + 16])
    step = FRAME_HEADER_BYTES + 4096
    return sum(1 for at in range(HEADER_BYTES, len(content) - step + 1, step) if _commits(content, at, salts))
