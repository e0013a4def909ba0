"""NetRaven's full path: a job through a real task queue and its worker processes."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from netraven.lab import playground
from netraven.lab.bench import jobs
from netraven.lab.bench.configs import change_configs
from netraven.lab.bench.meter import Usage, own_cpu_seconds, session_cpu_seconds, session_peak_memory
from netraven.lab.bench.reading import Row
from netraven.lab.bench.shape import Shape

if TYPE_CHECKING:
    from backups.models import Job
    from devices.models import DeviceQuerySet


def spend_first_night(folder: Path, shape: Shape) -> None:
    """Back up every device once, as in an installation that has been at work for long: host keys, last good backups."""
    from devices.models import Device

    with _cluster(folder, shape):
        jobs.wait_until_ended(jobs.request(Device.objects.all()))


@contextmanager
def warm_cluster(folder: Path, shape: Shape, devices: "DeviceQuerySet") -> Iterator[int]:
    """The session of a cluster whose workers have all been at work already, on some of the devices that answer."""
    with _cluster(folder, shape) as session:
        some = devices.filter(description="none").values("pk")[: 2 * shape.devices_at_once]
        jobs.wait_until_ended(jobs.request(devices.filter(pk__in=some)))
        yield session


def measure_job(cluster: int, devices: "DeviceQuerySet") -> tuple["Job", Usage]:
    """A job over all of the devices, from the request to the end of the last one.

    Its processor time is that of the whole cluster, and of this process while it asked.
    """
    cpu, own_cpu = session_cpu_seconds(cluster), own_cpu_seconds()
    job = jobs.request(devices)
    own_cpu = own_cpu_seconds() - own_cpu
    seconds = jobs.wait_until_ended(job)
    cpu = session_cpu_seconds(cluster) - cpu
    memory = session_peak_memory(cluster)
    return job, Usage(job.backups.count(), seconds, cpu + own_cpu, max(memory), sum(memory))


def measure_cluster(folder: Path, inventory: list[Row], shape: Shape) -> Usage:
    """All devices, each of which has changed since the cluster warmed up."""
    from devices.models import Device

    with warm_cluster(folder, shape, Device.objects.all()) as cluster:
        change_configs(inventory, time.monotonic_ns())
        job, usage = measure_job(cluster, Device.objects.all())
        jobs.check_endings(job)
        return usage


@contextmanager
def _cluster(folder: Path, shape: Shape) -> Iterator[int]:
    os.environ |= {"NETRAVEN_WORKERS": str(shape.processes), "NETRAVEN_THREADS": str(shape.threads)}
    with playground.worker(folder) as cluster:
        yield cluster.pid
