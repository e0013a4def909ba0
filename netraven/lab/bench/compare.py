"""`make bench`: NAPALM alone, nornir and NetRaven in turns, against the same simulated devices."""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from netraven.lab.bench import jobs
from netraven.lab.bench.cluster import measure_cluster, spend_first_night
from netraven.lab.bench.configs import change_configs
from netraven.lab.bench.fleet import Fleet, simulated_fleet
from netraven.lab.bench.installation import run_module
from netraven.lab.bench.meter import Usage
from netraven.lab.bench.options import fleet_spec
from netraven.lab.bench.shape import Shape

NAPALM, NORNIR, NETRAVEN, ONE_PROCESS = "NAPALM alone", "nornir", "NetRaven", "NetRaven, one process"
DEVICES_OF_ONE_PROCESS = 100  # enough for figures per device

Measurements = dict[str, dict[str, list[Usage]]]  # one for each round, by contender and by processes x threads


@dataclass
class Comparison:
    """Everything that was measured."""

    measurements: Measurements
    statements: dict[str, int]  # of the last round in one process
    fleet: dict[str, float]  # what the simulated devices needed themselves


class OneProcess:
    """NetRaven in one process, with its statements counted."""

    def __init__(self, folder: Path, devices: int, threads: int) -> None:
        self._folder = folder
        self._devices = devices
        self._threads = threads
        self.statements: dict[str, int] = {}

    def measure(self) -> Usage:
        """One round."""
        answer = run_module(self._folder, "full_path", f"{self._devices}", NETRAVEN_THREADS=f"{self._threads}")
        self.statements = answer["statements"]
        return Usage(**answer["usage"])


def compare(folder: Path, options: argparse.Namespace, console: Console) -> Comparison:
    """Every contender in every shape, once in each round: what troubles the machine troubles all of them."""
    with simulated_fleet(folder / "fleet", fleet_spec(options)) as fleet:
        jobs.record_devices(fleet.inventory)
        threads = next((shape.threads for shape in options.napalm if shape.processes == 1), 25)
        one = OneProcess(folder, min(options.devices, DEVICES_OF_ONE_PROCESS), threads)
        contenders = contenders_for(folder, options, fleet) | {ONE_PROCESS: {str(Shape(1, threads)): one.measure}}
        measurements: dict[str, dict[str, list[Usage]]] = {
            who: {how: [] for how in ways} for who, ways in contenders.items()
        }
        console.print("Backing up everything once")
        spend_first_night(folder, options.netraven[-1])
        for number in range(1, options.rounds + 1):
            console.print(f"Round {number} of {options.rounds}")
            for who, ways in contenders.items():
                for how, measure in ways.items():
                    change_configs(fleet.inventory, time.monotonic_ns())
                    usage = measure()
                    measurements[who][how].append(usage)
                    console.print(f"  {who}, {how}: {usage.devices / usage.seconds:.1f} devices/s")
    return Comparison(measurements, one.statements, fleet.usage)


def contenders_for(
    folder: Path, options: argparse.Namespace, fleet: Fleet
) -> dict[str, dict[str, Callable[[], Usage]]]:
    """What to measure, in the order to do it, each in processes of its own."""
    file = str(fleet.folder / "inventory.json")

    def module(name: str, how: object) -> Usage:
        return Usage(**run_module(folder, name, file, str(how)))

    return {
        NAPALM: {str(shape): partial(module, "napalm_alone", shape) for shape in options.napalm},
        NORNIR: {str(Shape(1, threads)): partial(module, "with_nornir", threads) for threads in options.nornir},
        NETRAVEN: {str(shape): partial(measure_cluster, folder, fleet.inventory, shape) for shape in options.netraven},
    }
