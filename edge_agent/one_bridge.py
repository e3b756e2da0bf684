"""One bridge at a time: the process that drew the newest session, for as long as it lives.

A second one would draw a session of its own and push the first off the broker, in turns and for ever. The kernel says
who asks and when that process ends; its number alone could be another's by then.
"""

from __future__ import annotations

import os
import select

from edge_agent.errors import CloudError


class OneBridge:
    """Used on the loop."""

    def __init__(self) -> None:
        self._pid = 0
        self._alive: int | None = None  # a descriptor that becomes readable when the process ends

    def admit(self, pid: int) -> None:
        """Raises CloudError CLOUD-566 while another process holds the line."""
        if pid == self._pid:
            return
        if self._lives():
            raise CloudError("CLOUD-566", f"process {pid}", f"process {self._pid} is this locker's bridge")
        self.close()
        try:
            self._alive = os.pidfd_open(pid)
        except OSError:  # it has ended meanwhile, or this kernel cannot say: then nobody is kept out
            return
        self._pid = pid

    def _lives(self) -> bool:
        if self._alive is None:
            return False
        watched = select.poll()
        watched.register(self._alive, select.POLLIN)
        return not watched.poll(0)

    def close(self) -> None:
        if self._alive is not None:
            os.close(self._alive)
        self._pid, self._alive = 0, None
