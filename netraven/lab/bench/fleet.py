"""Simulated IOS devices with configurations as long as a real network's, in a process of their own."""

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netraven.lab import DeviceSpec, Fault, Lab, playground
from netraven.lab.__main__ import write_inventory

CONFIG_BYTES = 30_000
CHASSIS = "snmp-server chassis-id round-"
INTERFACE = """\
interface GigabitEthernet1/0/{number}
 description access port {number}, floor {floor}
 switchport access vlan {vlan}
 switchport mode access
 storm-control broadcast level 1.00
 spanning-tree portfast
!
"""
START_SECONDS = 60


@contextmanager
def simulated_fleet(folder: Path, devices: int, latency: float) -> Iterator[list[dict[str, Any]]]:
    """The fleet as a process; yields its inventory. `latency` is in seconds; see `main`."""
    inventory = folder / "fleet" / "inventory.json"
    command = ["-m", "netraven.lab.bench.fleet", str(inventory.parent), str(devices), str(latency)]
    with playground.running(folder / "fleet.log", *command) as process:
        give_up = time.monotonic() + START_SECONDS
        while not inventory.exists():
            if process.poll() is not None or time.monotonic() > give_up:
                sys.exit(f"netraven: the simulated fleet did not start; see {folder / 'fleet.log'}")
            time.sleep(0.1)
        yield json.loads(inventory.read_text())


def change_configs(inventory: list[dict[str, Any]], number: int) -> None:
    """A change on every device, as if somebody had configured round `number`: each backup then has a file to write."""
    for row in inventory:
        file = Path(row["config"])
        head, _, tail = file.read_text().partition(CHASSIS)
        file.write_text(f"{head}{CHASSIS}{number}\n{tail.partition(chr(10))[2]}")


def long_config(config: str) -> str:
    """The configuration with as many interfaces more as make it CONFIG_BYTES long."""
    head, end, tail = config.rpartition("\nend\n")
    parts, size = [f"{head}\n{CHASSIS}0\n!\n"], len(config)
    number = 0
    while size < CONFIG_BYTES:
        number += 1
        parts.append(INTERFACE.format(number=number, floor=number // 24, vlan=100 + number % 8))
        size += len(parts[-1])
    return "".join(parts) + end.lstrip("\n") + tail


def main() -> int:
    """Serve until interrupted; with a latency each device waits that long before it sends its configuration."""
    parser = argparse.ArgumentParser(prog="python -m netraven.lab.bench.fleet")
    parser.add_argument("directory", type=Path)
    parser.add_argument("devices", type=int)
    parser.add_argument("latency", type=float)
    options = parser.parse_args()
    fault = Fault.SLOW if options.latency else Fault.NONE
    specs = [DeviceSpec("ios", f"router{n}", fault, delay=options.latency) for n in range(1, options.devices + 1)]
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: interrupted.set())
    with Lab(options.directory, specs) as lab:
        for device in lab:
            device.running_config = long_config(device.running_config)
        write_inventory(lab)
        interrupted.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
