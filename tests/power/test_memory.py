"""One hash needs 7 MiB for a moment; a locker that hashes all day may not keep them."""

from __future__ import annotations

import subprocess
import sys

HASHES = """
import threading
from pathlib import Path
from edge_agent import memory
if {economise}:
    memory.economise()
from edge_agent.store.executor import Inline
from edge_agent.store.hasher import Cost, Hasher
def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
hasher = Hasher(bytes(32), bytes(16), Inline(), Cost(passes=1))
def work():
    for number in range(4):
        hasher.code_hash(str(number))
before = resident()
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(resident() - before)
"""
HASH_KIB = 7168


def kept_kib(economise: bool) -> int:
    """By how much a fresh process has grown after four hashes in a thread."""
    code = HASHES.format(economise=economise)
    return int(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    )


def test_the_memory_of_a_hash_is_given_back() -> None:
    """Less than half of one hash stays; without the setting the whole of it would."""
    assert kept_kib(economise=True) < HASH_KIB / 2 < kept_kib(economise=False)
