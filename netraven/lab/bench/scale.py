"""`--scale N`: one job over a whole large network, asked for through the API. NetRaven alone: does its memory grow?"""

import argparse
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from netraven.lab.bench import aims, jobs
from netraven.lab.bench.cluster import warm_cluster
from netraven.lab.bench.fleet import simulated_fleet
from netraven.lab.bench.meter import session_memory
from netraven.lab.bench.options import fleet_spec
from netraven.lab.bench.web import Web, web_server

SAMPLE_EVERY = 1000  # backups; ten times at least
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Sample:
    """Memory when so many backups had ended, so many seconds after the request; in MB."""

    ended: int
    seconds: float
    largest_worker: float
    all_workers: float
    web: float


def measure_scale(folder: Path, options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """The report of one job over `options.scale` devices, several of which may be one of the fleet."""
    from backups.models import Job
    from devices.models import Device

    shape = options.netraven[-1]
    with simulated_fleet(folder / "fleet", fleet_spec(options)) as fleet:
        jobs.record_devices(jobs.rows_for(fleet.inventory, options.scale))
        with web_server(folder) as web, warm_cluster(folder, shape, Device.objects.all()) as cluster:
            started = time.monotonic()
            asked = web.post("jobs", {"all": True, "comments": "bench"})
            request_seconds = time.monotonic() - started
            samples = follow(web, cluster, asked["id"], options.scale, console)
        job = Job.objects.get(pk=asked["id"])
        endings = jobs.endings(job)
    return build_report(samples, request_seconds, jobs.wait_until_ended(job), endings)


def follow(web: Web, cluster: int, job_id: str, devices: int, console: Console) -> list[Sample]:
    """Look through the API until the job has ended, as somebody would; memory on the way."""
    started, samples, step = time.monotonic(), list[Sample](), min(SAMPLE_EVERY, devices / 10)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Backing up", total=devices)
        while True:
            job = web.get(f"jobs/{job_id}")
            web.get(f"jobs/{job_id}/backups?page_size=100")
            ended = job["counts"]["completed"] + job["counts"]["failed"]
            progress.update(task, completed=ended)
            if ended >= step * (len(samples) + 1):
                samples.append(take_sample(web, cluster, ended, time.monotonic() - started))
            if job["finished_at"]:
                return samples
            time.sleep(LOOK_SECONDS)


def take_sample(web: Web, cluster: int, ended: int, seconds: float) -> Sample:
    """What the processes hold now."""
    workers = session_memory(cluster)
    return Sample(ended, seconds, max(workers) / 1e6, sum(workers) / 1e6, sum(session_memory(web.session)) / 1e6)


def build_report(
    samples: list[Sample], request_seconds: float, seconds: float, endings: list[jobs.Ending]
) -> dict[str, Any]:
    """Samples, how it ended, and the aims."""
    devices = sum(ending.count for ending in endings)
    wrong = sum(ending.count for ending in endings if not ending.is_right)
    return {
        "samples": [asdict(sample) for sample in samples],
        "request_seconds": request_seconds,
        "seconds": seconds,
        "devices_per_second": devices / seconds,
        "endings": [asdict(ending) for ending in endings],
        "aims": [
            aim.as_json()
            for aim in (
                aims.at_most("The request's answer", request_seconds, aims.REQUEST_SECONDS, " s"),
                aims.all_right(wrong),
                growth("The largest worker", [sample.largest_worker for sample in samples]),
                growth("The web server", [sample.web for sample in samples]),
            )
        ],
    }


def growth(who: str, sizes: list[float]) -> aims.Aim:
    """Whether memory stays as it is: the last sample against the first."""
    percent = 100 * (sizes[-1] / sizes[0] - 1)
    return aims.at_most(f"{who}'s memory, growth since the first sample", percent, aims.MEMORY_GROWTH_PERCENT, " %")


def print_report(report: dict[str, Any], console: Console) -> None:
    """The table of samples, and how fast it went."""
    table = Table(title="Memory while it runs, MB")
    for title in ("backups ended", "seconds", "largest worker", "all of the cluster", "web server"):
        table.add_column(title, justify="right")
    for sample in report["samples"]:
        table.add_row(f"{sample['ended']}", *(f"{value:.0f}" for value in list(sample.values())[1:]))
    console.print(table)
    console.print(
        f"The request was answered after {report['request_seconds']:.2f} s; "
        f"{report['devices_per_second']:.1f} devices/s, {report['seconds']:.0f} s in all."
    )
