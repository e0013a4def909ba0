"""The measure: NAPALM, processes and threads, nothing else. Prints its usage as JSON."""

import json
import multiprocessing
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from pathlib import Path

from napalm import get_network_driver
from napalm.base.base import NetworkDriver

from netraven.lab.bench.meter import Usage, measured
from netraven.lab.bench.reading import READ_SECONDS, Row, check_config, is_readable, optional_args
from netraven.lab.bench.shape import Shape

START_SECONDS = 120


def driver_for(row: Row) -> NetworkDriver:
    """A driver for a device of the inventory, with the arguments that devices.connection gives it."""
    driver: type[NetworkDriver] = get_network_driver("ios")
    return driver(
        row["address"], row["username"], row["password"], timeout=READ_SECONDS, optional_args=optional_args(row)
    )


def read_device(row: Row) -> None:
    """What a backup asks of a device. Raises if less than the configuration comes."""
    driver = driver_for(row)
    driver.open()
    try:
        driver.get_facts()
        config = driver.get_config(retrieve="running")["running"]
    finally:
        driver.close()
    check_config(row["name"], config)


def try_device(row: Row) -> None:
    """Read a device that can be read; one that cannot has to fail, whatever time that takes."""
    try:
        read_device(row)
    except Exception:  # NAPALM and the libraries below it raise what they like
        if is_readable(row):
            raise
        return
    if not is_readable(row):
        raise RuntimeError(f"{row['name']} was read, in spite of its fault: {row['fault']}")


class Share:
    """What the processes share: which device is next, and when to begin. Inherited, not sent."""

    barrier: Barrier
    next_row: "Synchronized[int]"

    @classmethod
    def inherit(cls, barrier: Barrier, next_row: "Synchronized[int]") -> None:
        """Called in each process, first of all."""
        cls.barrier, cls.next_row = barrier, next_row

    @classmethod
    def take(cls, rows: list[Row]) -> Iterator[Row]:
        """Devices that nobody else has taken yet."""
        while True:
            with cls.next_row.get_lock():
                number = cls.next_row.value
                cls.next_row.value += 1
            if number >= len(rows):
                return
            yield rows[number]


def read_share(rows: list[Row], threads: int) -> Usage:
    """In a process of its own: warm up with one device, wait for the others, read as many as fall to this one."""
    try:
        read_device(next(filter(is_readable, rows)))
    except BaseException:
        Share.barrier.abort()
        raise
    Share.barrier.wait(START_SECONDS)
    return measured(lambda: _read_together(rows, threads))


def _read_together(rows: list[Row], threads: int) -> int:
    with ThreadPoolExecutor(threads) as pool:
        return sum(done.result() for done in [pool.submit(_read_some, rows) for _ in range(threads)])


def _read_some(rows: list[Row]) -> int:
    count = 0
    for row in Share.take(rows):
        try_device(row)
        count += 1
    return count


def read_all(rows: list[Row], shape: Shape) -> Usage:
    """Every device once; time runs when all processes are warm."""
    context = multiprocessing.get_context("spawn")
    barrier, next_row = context.Barrier(shape.processes + 1), context.Value("l", 0)
    with ProcessPoolExecutor(
        shape.processes, mp_context=context, initializer=Share.inherit, initargs=(barrier, next_row)
    ) as pool:
        shares = [pool.submit(read_share, rows, shape.threads) for _ in range(shape.processes)]
        try:
            barrier.wait(START_SECONDS)
        except threading.BrokenBarrierError:
            for share in shares:
                share.result()  # raises what broke it
            raise
        started = time.monotonic()
        usages = [share.result() for share in shares]
        return Usage.together(time.monotonic() - started, usages)


def main() -> int:
    """Measure all devices of an inventory, with processes and threads in a shape like 4x25."""
    rows = json.loads(Path(sys.argv[1]).read_text())
    print(json.dumps(asdict(read_all(rows, Shape.parse(sys.argv[2])))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
