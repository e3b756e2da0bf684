"""`locker-agent`: the program. Reads the configuration, takes the state lock, builds the agent, serves its faces.

It owns every serial port, the database, all decisions and the screen, and opens no network connection beyond loopback.
One asyncio loop; threads only for ports, the database and hashing. Signals are the agent's, not the web server's:
SIGTERM and SIGINT finish the running opening, switch coils off and close the ledger.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.scanner_port import ScannerPort
from drivers.serial_bus import SWITCH_INTERVAL_S, SerialBus
from edge_agent import crash_count, logs, memory
from edge_agent.boards_first import BoardsFirst
from edge_agent.clock import SystemClock
from edge_agent.config import Config
from edge_agent.config_rules import load_checked
from edge_agent.control.state_lock import AGENT, StateLock
from edge_agent.errors import AgentError, ConfigError, ControlError
from edge_agent.randomness import SystemRandomness
from edge_agent.store.executor import StoreThread
from edge_agent.store.hasher import Cost
from edge_agent.supervision import feed_watchdog, notify, watchdog_s
from edge_agent.version import BUILT
from edge_agent.wiring import lock_board

if TYPE_CHECKING:
    from edge_agent.agent import Seams

log = logging.getLogger(__name__)

EXIT_FAILED, EXIT_BUSY, EXIT_CONFIG = 1, 8, 9
CONTROL_SOCKET = "control.sock"
FACES = "edge_agent.faces"  # loaded while the boards answer
TRIAL = "trial"  # in the run-time folder: `locker-update` is judging this very run
SAFE_MODE = "edge_agent.safe_mode"  # loaded only where it is needed
STOP_S = 10.0  # for everything together; the service manager's own patience is longer


def run(arguments: list[str] | None = None) -> None:
    """The entry point. Exit codes as `lockerctl`'s: 1 failed, 8 another agent runs, 9 bad configuration."""
    parser = argparse.ArgumentParser(prog="locker-agent", description="The controller of one parcel locker.")
    parser.add_argument("--config", required=True, type=Path, metavar="FILE", help="locker.toml")
    parser.add_argument("--state", type=Path, metavar="DIR", help="instead of [locker] state_dir")
    options = parser.parse_args(arguments)
    logs.set_up()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    memory.economise()
    try:
        starts = crash_count.begun()
        time.sleep(starts.pause_s)
        config = load_checked(options.config)
        state_dir = options.state or Path(config.locker.state_dir)
        state_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
        with StateLock.acquire(state_dir, AGENT, str(runtime_dir(state_dir) / CONTROL_SOCKET)):
            program = Program(config, state_dir, starts, options.config)
            reason = asyncio.run(program.work_safely() if starts.safe else program.work())
    except ConfigError as error:
        sys.exit(_told(error, EXIT_CONFIG))
    except ControlError as error:  # somebody else is at the hardware: that is no crash
        starts.excused()
        sys.exit(_told(error, EXIT_BUSY))
    except (AgentError, OSError, LookupError, ValueError) as error:
        sys.exit(_told(error, EXIT_FAILED))
    if not reason:
        starts.worked()
    sys.exit(EXIT_FAILED if reason else 0)


def _told(error: Exception, code: int) -> int:
    sys.stderr.write(f"locker-agent: {error}\n")
    notify(f"STATUS={error}")
    return code


def runtime_dir(state_dir: Path) -> Path:
    """Where sockets and the kiosk's address lie: the service manager's run-time folder, else the state folder."""
    return Path(os.environ.get("RUNTIME_DIRECTORY", state_dir))


def system_seams(config: Config, *, trial: bool = False, boards: BoardsFirst | None = None) -> Seams:
    """The edges of a real locker; on trial nobody is served. `boards`: those that were started already."""
    from edge_agent.agent import Seams

    loop = asyncio.get_running_loop()
    return Seams(
        clock=SystemClock(datetime.fromisoformat(BUILT).replace(tzinfo=UTC)),
        chance=SystemRandomness(),
        bus=boards.bus if boards is not None else lambda line: SerialBus(line, loop),
        board=boards.board if boards is not None else lock_board,
        scanner=ScannerPort,
        executor=StoreThread,
        hash_cost=Cost(config.security.hash_memory_kib, config.security.hash_passes),
        trial=trial,
    )


class Program:
    """One run of the agent with its screen and sockets, from build to stop."""

    def __init__(
        self, config: Config, state_dir: Path, starts: crash_count.Starts, config_file: Path
    ) -> None:
        self._config, self._config_file = config, config_file
        self._starts = starts
        self._state_dir = state_dir
        self._folder = runtime_dir(state_dir)

    async def work(self) -> str:
        """Until a signal (returns "") or until a worker dies (returns why)."""
        boards = BoardsFirst(self._config)
        try:
            return await self._work_with(boards)
        finally:  # the agent has done so, unless it could not even be built
            boards.stop()

    async def _work_with(self, boards: BoardsFirst) -> str:
        from edge_agent.agent import Agent  # loaded while the boards answer

        seams = system_seams(self._config, trial=(self._folder / TRIAL).exists(), boards=boards)
        agent = await Agent.build(self._config, seams, self._state_dir)
        stop = _asked_to_stop()
        reason = "start failed"
        try:
            _, faces = await asyncio.gather(agent.start(), asyncio.to_thread(import_module, FACES))
            faces.serve(agent, self._folder, CONTROL_SOCKET, self._config_file)
            timeout_s = watchdog_s()
            if timeout_s:
                agent.supervisor.start("watchdog", feed_watchdog(timeout_s, agent.healthy))
            memory.settle()  # looking through all that a start has built costs a touch 20 ms
            notify("READY=1")
            asyncio.get_running_loop().call_later(crash_count.SETTLED_S, self._starts.worked)
            log.info("ready", extra=logs.fields(locker=self._config.locker.id))
            reason = await _first_of(stop, agent.supervisor.failed)
        finally:  # a start that failed half-way leaves no coil on and no ledger open either
            notify("STOPPING=1")
            await asyncio.wait_for(agent.stop(reason or "asked to stop"), STOP_S)
        return reason

    async def work_safely(self) -> str:
        """The same in safe mode, which also ends (and returns why) when an ordinary start is to be tried."""
        safe_mode = import_module(SAFE_MODE)
        stop = _asked_to_stop()
        async with safe_mode.serving(self._config, self._starts.in_vain, self._folder, CONTROL_SOCKET):
            feeding = asyncio.ensure_future(
                feed_watchdog(watchdog_s() or crash_count.SAFE_FOR_S, lambda: True)
            )
            notify("READY=1\nSTATUS=safe mode")
            log.error("safe mode", extra=logs.fields(starts_in_vain=self._starts.in_vain))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), crash_count.SAFE_FOR_S)
            feeding.cancel()
        if stop.is_set():
            return ""
        self._starts.try_again()
        return "an ordinary start is tried"


def _asked_to_stop() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _first_of(stop: asyncio.Event, failed: asyncio.Future[str]) -> str:
    waiting = asyncio.ensure_future(stop.wait())
    await asyncio.wait((waiting, failed), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return failed.result() if failed.done() else ""


if __name__ == "__main__":
    run()
