"""`--trouble`: what devices that are dead, slow or reject the log-in cost the others. NetRaven alone."""

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from netraven.lab.bench import aims, jobs
from netraven.lab.bench.cluster import measure_job, warm_cluster
from netraven.lab.bench.fleet import FleetSpec, simulated_fleet
from netraven.lab.bench.meter import Usage
from netraven.lab.bench.options import fleet_spec
from netraven.lab.bench.shape import Shape

HEALTHY, TROUBLED = "healthy fleet", "fleet in trouble"
FIGURES = {
    "devices_per_second": "devices/s, whole job",
    "good_per_second": "good backups/s, until the last good one",
    "cpu_ms_per_device": "CPU ms/device",
    "peak_memory_mb": "largest process, MB",
}


@dataclass(frozen=True)
class Night:
    """One job over a fleet; `seconds_to_last_good` is when the last good backup had ended."""

    usage: Usage
    seconds_to_last_good: float
    endings: list[jobs.Ending]

    def figures(self) -> dict[str, float]:
        """As reported. The end of a job is often one dead device: nothing else is under way any more."""
        good = sum(ending.count for ending in self.endings if ending.status == "completed")
        return self.usage.figures() | {"good_per_second": good / self.seconds_to_last_good}


def measure_trouble(folder: Path, options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Nights over a healthy fleet and over one in trouble, in turns; the report."""
    troubled, shape = fleet_spec(options), options.netraven[-1]
    nights: dict[str, list[Night]] = {HEALTHY: [], TROUBLED: []}
    for number in range(1, options.rounds + 1):
        for name, spec in ((HEALTHY, troubled.healthy()), (TROUBLED, troubled)):
            night = spend_night(folder, f"{name.split()[-1]}{number}-", spec, options.records, shape)
            nights[name].append(night)
            console.print(f"Round {number} of {options.rounds}, {name}: {night.usage.seconds:.0f} s")
    return build_report(nights)


def spend_night(folder: Path, prefix: str, spec: FleetSpec, records: int, shape: Shape) -> Night:
    """One job over a new fleet and new records of it, whose host names begin with the prefix."""
    from devices.models import Device

    with simulated_fleet(folder / f"{prefix}fleet", spec) as fleet:
        jobs.record_devices(jobs.rows_for(fleet.inventory, records, prefix))
        devices = Device.objects.filter(hostname__startswith=prefix)
        with warm_cluster(folder, shape, devices) as cluster:
            job, usage = measure_job(cluster, devices)
        if spec == spec.healthy():
            jobs.check_endings(job)
        last_good = jobs.seconds_to_last_good(job)
    return Night(usage, last_good, jobs.endings(job))


def build_report(nights: dict[str, list[Night]]) -> dict[str, Any]:
    """Medians, what is left of the throughput, and how every backup of the fleet in trouble ended."""
    rounds = {name: [night.figures() for night in those] for name, those in nights.items()}
    medians = {
        name: {figure: median(row[figure] for row in rows) for figure in FIGURES} for name, rows in rounds.items()
    }
    percent = {figure: 100 * medians[TROUBLED][figure] / medians[HEALTHY][figure] for figure in FIGURES}
    endings = [ending for night in nights[TROUBLED] for ending in night.endings]
    wrong = sum(ending.count for ending in endings if not ending.is_right)
    return {
        "rounds": rounds,
        "median": medians,
        "percent_of_healthy": percent,
        "endings": [asdict(ending) for ending in endings],
        "aims": [
            aims.at_least(
                "Throughput of the fleet in trouble, of that of the healthy one",
                percent["devices_per_second"],
                aims.PERCENT_OF_HEALTHY,
                " %",
            ).as_json(),
            aims.all_right(wrong).as_json(),
        ],
    }


def _medians(rows: list[dict[str, float]]) -> dict[str, float]:
    return {figure: median(row[figure] for row in rows) for figure in FIGURES}


def print_report(report: dict[str, Any], console: Console) -> None:
    """The tables."""
    options = report["options"]
    table = Table(
        title=f"{options['records']} devices, {options['latency_ms']:g} ms away; {options['dead']:g} % dead, "
        f"{options['slow']:g} % slow ({options['slow_seconds']:g} s), {options['wrong_password']:g} % reject the log-in"
    )
    table.add_column("")
    for title in FIGURES.values():
        table.add_column(title, justify="right")
    for name, figures in report["median"].items():
        table.add_row(name, *(f"{figures[figure]:.1f}" for figure in FIGURES))
    table.add_row("of the healthy fleet", *(f"{report['percent_of_healthy'][figure]:.0f} %" for figure in FIGURES))
    console.print(table, _endings_table(report["endings"]), sep="\n")


def _endings_table(endings: list[dict[str, Any]]) -> Table:
    table = Table(title="How they ended")
    for title in ("fault", "status", "reason"):
        table.add_column(title)
    table.add_column("devices", justify="right")
    for row in endings:
        table.add_row(row["fault"], row["status"], row["reason"], str(row["count"]))
    return table
