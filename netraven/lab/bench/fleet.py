"""Simulated IOS devices in a process of their own, some of them in trouble if wanted."""

import json
import math
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from netraven.lab import DeviceSpec, Fault, Lab, playground
from netraven.lab.__main__ import inventory_row, write_inventory
from netraven.lab.bench.configs import long_config
from netraven.lab.bench.dead_port import DeadPort
from netraven.lab.bench.meter import own_cpu_seconds

DEAD = "dead"
START_SECONDS = 120


@dataclass(frozen=True)
class FleetSpec:
    """What fleet: `latency` and `slow_seconds` in seconds, the shares in percent."""

    devices: int
    latency: float = 0
    dead: float = 0
    slow: float = 0
    wrong_password: float = 0
    slow_seconds: float = 10

    def healthy(self) -> "FleetSpec":
        """The same without trouble."""
        return replace(self, dead=0, slow=0, wrong_password=0)

    def faults(self) -> list[str]:
        """Of each device, every kind spread evenly over the fleet; a share of anything is at least one device."""
        shares = {DEAD: self.dead, str(Fault.SLOW): self.slow, str(Fault.WRONG_PASSWORD): self.wrong_password}
        counts = {fault: math.ceil(self.devices * share / 100) for fault, share in shares.items()}
        counts[str(Fault.NONE)] = self.devices - sum(counts.values())
        places = [((number + 0.5) / count, fault) for fault, count in counts.items() for number in range(count)]
        return [fault for _, fault in sorted(places)]


@dataclass
class Fleet:
    """Running devices: a row each, and where their configurations are. `usage` is known once they have been stopped."""

    inventory: list[dict[str, Any]]
    folder: Path
    usage: dict[str, float] = field(default_factory=dict)


@contextmanager
def simulated_fleet(folder: Path, spec: FleetSpec) -> Iterator[Fleet]:
    """The fleet as a process, for the length of the block."""
    folder.mkdir()
    inventory = folder / "inventory.json"
    command = ["-m", "netraven.lab.bench.fleet", str(folder), json.dumps(asdict(spec))]
    with playground.running(folder / "fleet.log", *command) as process:
        give_up = time.monotonic() + START_SECONDS
        while not inventory.exists():
            if process.poll() is not None or time.monotonic() > give_up:
                sys.exit(f"netraven: the simulated fleet did not start; see {folder / 'fleet.log'}")
            time.sleep(0.1)
        fleet = Fleet(json.loads(inventory.read_text()), folder)
        yield fleet
    fleet.usage = json.loads((folder / "usage.json").read_text())


def main() -> int:
    """Serve until interrupted; then write down what it cost."""
    folder, spec = Path(sys.argv[1]), FleetSpec(**json.loads(sys.argv[2]))
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: interrupted.set())
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    faults = {f"router{number:05}": fault for number, fault in enumerate(spec.faults(), start=1)}
    specs = [
        DeviceSpec("ios", name, Fault(fault), delay=spec.slow_seconds, latency=spec.latency)
        for name, fault in faults.items()
        if fault != DEAD
    ]
    with Lab(folder, specs) as lab, ExitStack() as ports:
        rows = {row["name"]: row for row in map(inventory_row, with_long_configs(lab))}
        for name in faults.keys() - rows.keys():
            rows[name] = dead_row(name, ports.enter_context(DeadPort(lab.host)))
        started = own_cpu_seconds()
        write_inventory(folder, [rows[name] for name in faults])
        interrupted.wait()
        usage = {"log_ins": sum(device.logins for device in lab), "cpu_seconds": own_cpu_seconds() - started}
    (folder / "usage.json").write_text(json.dumps(usage))
    return 0


def with_long_configs(lab: Lab) -> Lab:
    """The Lab, each of its devices with as many interfaces as a real one."""
    for device in lab:
        device.running_config = long_config(device.running_config)
    return lab


def dead_row(name: str, port: DeadPort) -> dict[str, Any]:
    """As `inventory_row` describes the living."""
    spec = DeviceSpec("ios", name)
    return {
        "name": name,
        "platform": spec.platform,
        "address": port.address,
        "port": port.port,
        "username": spec.username,
        "password": spec.password,
        "enable_secret": spec.enable_secret,
        "fault": DEAD,
        "config": "",
    }


if __name__ == "__main__":
    sys.exit(main())
