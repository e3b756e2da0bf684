"""A support bundle at the back office's order: made by `lockerctl` in a process of its own, named in the reply.

The verb asks this very agent over its socket, so that the order and the technician get the same file, and nothing of
what it takes (parts, archive) stays in the agent's memory. The file lies in the state directory until somebody fetches
it; nobody sends it anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from pathlib import Path
from typing import Any

from edge_agent.domain.refusals import WRONG_SITUATION, Refusal
from edge_agent.logs import fields

log = logging.getLogger(__name__)

FOLDER = "support"
KEPT = 3  # the last few orders; a bundle has a few hundred KiB
TIME_LIMIT_S = 18.0  # the order's answer is due after 20
TOOL = "from edge_agent.cli.main import run; run()"


class Bundles:
    """Makes them for one agent. One at a time: a second order waits, and its time runs."""

    def __init__(self, config_file: Path, state_dir: Path) -> None:
        self._config_file, self._folder = config_file, state_dir / FOLDER
        self._one = asyncio.Lock()

    async def make(self, who: str, why: str) -> dict[str, Any]:
        """What the reply says: `file`, `sha256`, `size_bytes`. Raises Refusal, so that the order has its final answer.

        Who asked and why is nobody's business in the bundle.
        """
        try:
            async with asyncio.timeout(TIME_LIMIT_S), self._one:
                self._make_room()
                made = json.loads(await self._run())
        except (OSError, TimeoutError) as error:
            raise Refusal(WRONG_SITUATION, f"no bundle: {error or 'out of time'}") from error
        log.info("support bundle made", extra=fields(file=made["file"], bytes=made["size_bytes"]))
        return {name: made[name] for name in ("file", "sha256", "size_bytes")}

    def _make_room(self) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        there = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for old in there[: max(0, len(there) - KEPT + 1)]:
            old.unlink()

    async def _run(self) -> bytes:
        tool = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", TOOL, "--config", str(self._config_file.absolute()), "--json", "support-bundle"),
            cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            said, _ = await tool.communicate()
        finally:  # out of time, or the agent stops: it does not outlive the order
            with contextlib.suppress(ProcessLookupError):
                tool.kill()
        if tool.returncode:
            raise OSError(f"the tool ended with {tool.returncode}")
        return said
