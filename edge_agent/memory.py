"""What the C library's allocator is told, so that memory that was needed once is given back.

glibc raises its own threshold after the first large block and keeps later ones: the 7 MiB of one password hash would
stay with the process. A fixed threshold hands each back; one arena for all threads keeps five half-empty ones away.
Elsewhere than on glibc nothing happens.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # malloc.h
LARGE_BYTES = 128 * 1024  # glibc's own first threshold, kept from rising
ARENAS = 1  # Python's threads allocate under one lock anyway


def economise() -> None:
    """Once, at the start of a program, before its threads."""
    with suppress(AttributeError, OSError):
        allocator = ctypes.CDLL(None)
        allocator.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
        allocator.mallopt(M_ARENA_MAX, ARENAS)


def settle() -> None:
    """Once a start is over: what it left behind goes back, what it built stays and is not looked through again."""
    gc.collect()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
    gc.freeze()
