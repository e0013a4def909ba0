"""Jobs at the same time never mix."""

import json

import pytest

from backups.models import JobLog
from netraven.lab import Fault, Lab
from tests.system.installation import Installation

pytestmark = pytest.mark.worker


def test_two_jobs_at_once_keep_their_logs_apart(installation: Installation, lab: Lab) -> None:
    devices = [lab.add("ios", fault=Fault.SLOW, delay=4), lab.add("junos", fault=Fault.SLOW, delay=4)]
    installation.record(*devices)
    jobs = [installation.request(device) for device in devices]
    worker = installation.start_worker(NETRAVEN_WORKERS="2", NETRAVEN_LOG_LEVEL="DEBUG")
    first, second = installation.wait_until_ended(*devices)
    assert [first.job_id, second.job_id] == [job.pk for job in jobs]
    starts, ends = [str(first.started_at), str(second.started_at)], [str(first.finished_at), str(second.finished_at)]
    assert max(starts) < min(ends), "one ran after the other, not beside it"

    for entry in JobLog.objects.using(installation.alias).exclude(backup=None).select_related("backup"):
        assert entry.backup
        assert entry.job_id == entry.backup.job_id
    for backup in (first, second):
        recorded = list(installation.entries(backup).values_list("message", flat=True))
        printed = [line for line in json_lines(worker.log_lines()) if line.get("backup_id") == str(backup.pk)]
        assert {(line["job_id"], line["device"]) for line in printed} == {(str(backup.job_id), backup.device.hostname)}
        assert [line["event"] for line in printed] == recorded


def json_lines(lines: list[str]) -> list[dict[str, object]]:
    """Every line of a process log is a JSON object."""
    return [json.loads(line) for line in lines if line]
