"""The Python clients of the wire benchmark, one task in a fresh process each; prints one JSON line.

`python -m tests.bench.wire_clients CLIENT PORT BAUD exchange COUNT PAUSE_US` times single readings of 16 inputs;
`... watch SECONDS PAUSE_US` reads four boards every 100 ms and tells the CPU time of one look. BAUD 0 is no wire time.
The pause before each request is the silence that a master owes the line; it is not part of the measured time.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable

from drivers.bus import LineSettings
from drivers.lock_board import BoardSettings, LockBoard
from drivers.registry import board_from
from drivers.serial_bus import SerialBus
from drivers.transaction import Procedure, Transaction

INPUTS = 16
CHARACTER_BITS = 11  # as Modbus counts them, and as the board program does
BOARDS = 4
ROUND_S = 0.1
WARM_UP = 10
PATIENCE_S = 1.0  # everybody waits so long for a reply: a stalled machine is not what is measured
SPIN_MAX_US = 300  # the end of a pause is spent spinning
NO_WIRE_BAUD = (
    10_000_000  # what the bus is told when there is no wire time: it only computes silences and deadlines
)
LIBRARY_BAUD = 115200  # what libraries are told then, because they set the rate

Result = dict[str, float]


def board(unit: int = 1, driver: str = "waveshare-relay") -> LockBoard:
    """The driver as the product uses it."""
    return board_from(BoardSettings(f"unit {unit}", "bench", unit, INPUTS), driver)


def question(unit: int = 1) -> Transaction:
    """The reading that the scan path asks: built once, its reply checked (unit, function, length, CRC)."""
    asked = board(unit).poll()
    assert asked is not None
    return asked


def line(port: str, baud: int, latency_s: float = PATIENCE_S) -> LineSettings:
    """Eleven bits a character, as the board counts; without wire time the silence shrinks to nothing."""
    if baud:
        return LineSettings("bench", port, baudrate=baud, parity="even", latency_s=latency_s)
    return LineSettings("bench", port, baudrate=NO_WIRE_BAUD, parity="even", gap_s=1e-6, latency_s=latency_s)


def pauser(pause_us: int) -> Callable[[], None]:
    """Keeps the silence: asleep but for its end, so that nobody's wake-up counts as part of the exchange."""

    def pause() -> None:
        due = time.perf_counter_ns() + pause_us * 1000
        if pause_us > SPIN_MAX_US:
            time.sleep((pause_us - SPIN_MAX_US) / 1e6)
        while time.perf_counter_ns() < due:
            pass

    return pause


def timed(read: Callable[[], object], count: int, pause_us: int) -> Result:
    pause, times = pauser(pause_us), []
    for _ in range(count + WARM_UP):
        pause()
        began = time.perf_counter_ns()
        read()
        times.append(time.perf_counter_ns() - began)
    return summary(times[WARM_UP:])


def summary(times: list[int]) -> Result:
    ordered = sorted(times)
    return {"median_us": ordered[len(ordered) // 2] / 1e3, "p99_us": ordered[len(ordered) * 99 // 100] / 1e3}


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def in_thread(
    procedure_of: Callable[[Callable[[], None], list[int]], Procedure[None]],
) -> Callable[..., Result]:
    def exchange(port: str, baud: int, count: int, pause_us: int) -> Result:
        bus, times = SerialBus(line(port, baud)), list[int]()
        bus.start()
        pause = pauser(pause_us)

        def many() -> Procedure[None]:
            for _ in range(count + WARM_UP):
                yield from procedure_of(pause, times)

        bus.perform_blocking(many())
        bus.stop()
        return summary(times[WARM_UP:])

    return exchange


def raw_reading() -> Callable[[Callable[[], None], list[int]], Procedure[None]]:
    asked = question()

    def once(pause: Callable[[], None], times: list[int]) -> Procedure[None]:
        pause()
        began = time.perf_counter_ns()
        yield asked
        times.append(time.perf_counter_ns() - began)

    return once


def decoded_reading(driver: str) -> Callable[[Callable[[], None], list[int]], Procedure[None]]:
    reader = board(driver=driver)

    def once(pause: Callable[[], None], times: list[int]) -> Procedure[None]:
        pause()
        began = time.perf_counter_ns()
        yield from reader.read_doors()
        times.append(time.perf_counter_ns() - began)

    return once


def bus_asyncio(port: str, baud: int, count: int, pause_us: int) -> Result:
    asked, pause, times = question(), pauser(pause_us), list[int]()

    def once() -> Procedure[bytes]:
        return (yield asked)

    async def run() -> None:
        for _ in range(count + WARM_UP):
            pause()
            began = time.perf_counter_ns()
            await bus.perform(once())
            times.append(time.perf_counter_ns() - began)

    bus = SerialBus(line(port, baud))
    bus.start()
    asyncio.run(run())
    bus.stop()
    return summary(times[WARM_UP:])


def pyserial(port: str, baud: int, count: int, pause_us: int) -> Result:
    import serial

    device, asked = serial.Serial(port, baud or LIBRARY_BAUD, timeout=1), question().request

    def read() -> None:
        device.write(asked)
        assert len(device.read(7)) == 7

    return timed(read, count, pause_us)


def minimalmodbus(port: str, baud: int, count: int, pause_us: int) -> Result:
    import minimalmodbus

    board = minimalmodbus.Instrument(port, 1)
    board.serial.baudrate = baud or LIBRARY_BAUD
    board.serial.timeout = 1
    return timed(lambda: board.read_bits(0, INPUTS, functioncode=2), count, pause_us)


def pymodbus_sync(port: str, baud: int, count: int, pause_us: int) -> Result:
    from pymodbus.client import ModbusSerialClient

    client = ModbusSerialClient(port, baudrate=baud or LIBRARY_BAUD, timeout=1)
    assert client.connect()
    return timed(lambda: client.read_discrete_inputs(0, count=INPUTS, device_id=1), count, pause_us)


def pymodbus_async(port: str, baud: int, count: int, pause_us: int) -> Result:
    from pymodbus.client import AsyncModbusSerialClient

    async def run() -> Result:
        client = AsyncModbusSerialClient(port, baudrate=baud or LIBRARY_BAUD, timeout=1)
        assert await client.connect()
        pause, times = pauser(pause_us), list[int]()
        for _ in range(count + WARM_UP):
            pause()
            began = time.perf_counter_ns()
            await client.read_discrete_inputs(0, count=INPUTS, device_id=1)
            times.append(time.perf_counter_ns() - began)
        client.close()
        return summary(times[WARM_UP:])

    return asyncio.run(run())


# Watching four boards every 100 ms: CPU time of one look.


def watch_bus(port: str, baud: int, seconds: float, pause_us: int) -> Result:
    bus = SerialBus(line(port, baud))
    bus.start()
    for unit in range(1, BOARDS + 1):
        bus.watch(board(unit), ROUND_S, lambda sample: None)
    time.sleep(0.3)
    before, looks = cpu_s(), answered(bus)
    time.sleep(seconds)
    looks, spent = answered(bus) - looks, cpu_s() - before
    bus.stop()
    return {"cpu_us": spent * 1e6 / looks, "looks": looks}


def answered(bus: SerialBus) -> int:
    return sum(board.answered for board in bus.stats().boards.values())


def watch_pymodbus_sync(port: str, baud: int, seconds: float, pause_us: int) -> Result:
    from pymodbus.client import ModbusSerialClient

    client = ModbusSerialClient(port, baudrate=baud or LIBRARY_BAUD, timeout=1)
    assert client.connect()
    looks = 0
    before, due = cpu_s(), time.monotonic()
    end = due + seconds
    while due < end:
        time.sleep(max(due - time.monotonic(), 0))
        for unit in range(1, BOARDS + 1):
            if unit > 1:
                time.sleep(pause_us / 1e6)
            client.read_discrete_inputs(0, count=INPUTS, device_id=unit)
            looks += 1
        due += ROUND_S
    return {"cpu_us": (cpu_s() - before) * 1e6 / looks, "looks": looks}


def watch_pymodbus_async(port: str, baud: int, seconds: float, pause_us: int) -> Result:
    from pymodbus.client import AsyncModbusSerialClient

    async def run() -> Result:
        client = AsyncModbusSerialClient(port, baudrate=baud or LIBRARY_BAUD, timeout=1)
        assert await client.connect()
        looks, before, due = 0, cpu_s(), time.monotonic()
        end = due + seconds
        while due < end:
            await asyncio.sleep(max(due - time.monotonic(), 0))
            for unit in range(1, BOARDS + 1):
                if unit > 1:
                    await asyncio.sleep(pause_us / 1e6)
                await client.read_discrete_inputs(0, count=INPUTS, device_id=unit)
                looks += 1
            due += ROUND_S
        spent = cpu_s() - before
        client.close()
        return {"cpu_us": spent * 1e6 / looks, "looks": looks}

    return asyncio.run(run())


EXCHANGE: dict[str, Callable[[str, int, int, int], Result]] = {
    "bus, in its thread": lambda *args: in_thread(raw_reading())(*args),
    "bus, from asyncio": bus_asyncio,
    "bus, doors decoded": lambda *args: in_thread(decoded_reading("waveshare-relay"))(*args),
    "bus, pymodbus codec": lambda *args: in_thread(decoded_reading("modbus-relay"))(*args),
    "pyserial alone": pyserial,
    "minimalmodbus": minimalmodbus,
    "pymodbus sync": pymodbus_sync,
    "pymodbus async": pymodbus_async,
}

WATCH: dict[str, Callable[[str, int, float, int], Result]] = {
    "bus, watch": watch_bus,
    "pymodbus sync": watch_pymodbus_sync,
    "pymodbus async": watch_pymodbus_async,
}


def main() -> None:
    client, port, baud, task, amount, pause_us = sys.argv[1:]
    if task == "exchange":
        result = EXCHANGE[client](port, int(baud), int(amount), int(pause_us))
    else:
        result = WATCH[client](port, int(baud), float(amount), int(pause_us))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
