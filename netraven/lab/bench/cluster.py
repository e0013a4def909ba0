"""The same backups through a real django-q2 cluster with its own worker processes."""

import sys
import time
from pathlib import Path

from netraven.lab import playground
from netraven.lab.bench.meter import Usage, session_cpu_seconds, session_peak_memory

JOB_SECONDS = 300


def measure_cluster(folder: Path) -> Usage:
    """The second of two jobs over all devices: after the first every worker process is warm.

    Time runs from the request to the end of the job. The processor time is that of the whole cluster, the memory that
    of its largest process.
    """
    with playground.worker(folder) as cluster:
        _run_job(folder)
        cpu = session_cpu_seconds(cluster.pid)
        devices, seconds = _run_job(folder)
        return Usage(devices, seconds, session_cpu_seconds(cluster.pid) - cpu, session_peak_memory(cluster.pid))


def _run_job(folder: Path) -> tuple[int, float]:
    """How many devices, and how many seconds."""
    from backups.models import Job
    from backups.services import request_backups
    from devices.models import Device

    job = request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.COMMAND, comments="bench").job
    give_up = time.monotonic() + JOB_SECONDS
    while job.finished_at is None:
        if time.monotonic() > give_up:
            sys.exit(f"netraven: the job did not end in {JOB_SECONDS} s; see {folder / 'worker.log'}")
        time.sleep(0.1)
        job.refresh_from_db()
    if job.status != Job.Status.COMPLETED:
        sys.exit(f"netraven: not every backup succeeded; see {folder / 'worker.log'}")
    return job.backups.count(), (job.finished_at - job.created_at).total_seconds()
