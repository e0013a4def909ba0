"""What Prometheus is told."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import django
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

import netraven
from backups import heartbeat
from backups.models import Backup, Job
from devices.models import Device, Platform, Tag
from netraven.metrics.exposition import expose
from netraven.metrics.outcomes import KEY, LAG
from tests.pages.conftest import make_network
from tests.scheduling.conftest import make_schedule

TOKEN = "metrics-token-for-tests"


@pytest.fixture(autouse=True)
def fresh_cache() -> Iterator[None]:
    cache.delete(KEY)
    yield
    cache.delete(KEY)


@pytest.fixture
def devices(db: None) -> list[Device]:
    platform = Platform.objects.get(slug="ios")
    names = [f"core{number}" for number in range(4)]
    return [Device.objects.create(hostname=name, address="192.0.2.1", platform=platform) for name in names]


def told(accept: str = "") -> dict[str, float]:
    """Samples as `name{label=value,...}`, labels in the order of their names."""
    content, _ = expose(accept)
    read = read_openmetrics if accept else read_text
    samples = [sample for family in read(content.decode()) for sample in family.samples]
    return {sample.name + labels_of(sample.labels): sample.value for sample in samples}


def labels_of(labels: dict[str, str]) -> str:
    return "{" + ",".join(f"{name}={value}" for name, value in sorted(labels.items())) + "}" if labels else ""


def end(device: Device, *, seconds_ago: float, took: float = 3, **fields: Any) -> Backup:
    finished = timezone.now() - timedelta(seconds=seconds_ago)
    good = {"status": "completed", "version": 1, "file_path": "x", "content_hash": "y"}
    job, _ = Job.objects.get_or_create(trigger="command", status="completed")
    times = {"started_at": finished - timedelta(seconds=took), "finished_at": finished}
    return Backup.objects.create(device=device, job=job, **(good | times | fields))


def test_ended_backups_are_counted_once_from_the_first_scrape_on(devices: list[Device]) -> None:
    end(devices[0], seconds_ago=300)
    assert told()["netraven_backups_total{reason=,status=completed}"] == 0, "what was before nobody has watched"
    totals = cache.get(KEY)
    totals.until -= timedelta(hours=1)  # as if that had been an hour ago
    cache.set(KEY, totals)
    end(devices[1], seconds_ago=200, took=45)
    end(devices[2], seconds_ago=100, status="failed", failure_reason="timeout", version=None, took=61)
    end(devices[3], seconds_ago=LAG.seconds / 2)
    for _ in range(2):
        found = told()
        assert found["netraven_backups_total{reason=,status=completed}"] == 2
        assert found["netraven_backups_total{reason=timeout,status=failed}"] == 1
        assert found["netraven_backups_total{reason=unreachable,status=failed}"] == 0
        assert found["netraven_backup_duration_seconds_sum{status=completed}"] == pytest.approx(48)
        assert found["netraven_backup_duration_seconds_count{status=completed}"] == 2
        assert found["netraven_backup_duration_seconds_bucket{le=5.0,status=completed}"] == 1
        assert found["netraven_backup_duration_seconds_bucket{le=60.0,status=failed}"] == 0
        assert found["netraven_backup_duration_seconds_bucket{le=120.0,status=failed}"] == 1


def test_the_queue_the_workers_and_the_schedules_are_told(devices: list[Device]) -> None:
    job = Job.objects.create(trigger="command", status="running")
    now = timezone.now()
    Backup.objects.create(device=devices[0], job=job, created_at=now - timedelta(minutes=7))
    Backup.objects.create(device=devices[1], job=job, not_before=now + timedelta(hours=1))
    late = now - timedelta(seconds=5)
    Backup.objects.create(device=devices[2], job=job, status="running", lease_expires_at=late)
    heartbeat.beat(busy=1)
    make_schedule("late")
    type(make_schedule("coming")).objects.filter(name="late").update(next_run_at=now - timedelta(minutes=3))
    found = told()
    assert (found["netraven_backups_pending"], found["netraven_backups_delayed"]) == (1, 1)
    assert found["netraven_backup_oldest_pending_seconds"] == pytest.approx(420, abs=10)
    assert (found["netraven_backups_running"], found["netraven_backup_leases_expired"]) == (1, 1)
    assert (found["netraven_jobs_active"], found["netraven_task_queue_up"]) == (1, 1)
    assert (found["netraven_worker_processes"], found["netraven_worker_threads_busy"]) == (1, 1)
    assert found["netraven_worker_threads"] == 25
    assert (found["netraven_schedules{enabled=true}"], found["netraven_schedules_late"]) == (2, 1)
    assert found["netraven_storage_size_bytes"] > found["netraven_storage_free_bytes"] > 0


def test_devices_are_told_by_their_last_backup_and_their_objective(devices: list[Device]) -> None:
    tag = Tag.objects.create(name="core", max_age_hours=24)
    moment = timezone.now() - timedelta(hours=48)
    Device.objects.filter(pk=devices[0].pk).update(last_status="completed", last_success_at=moment)
    Device.objects.filter(pk=devices[1].pk).update(last_status="failed", last_failure_reason="gateway")
    Device.objects.filter(pk=devices[3].pk).update(enabled=False)
    for device in devices[:2]:
        device.tags.add(tag)
    found = told()
    assert (found["netraven_devices{enabled=true}"], found["netraven_devices{enabled=false}"]) == (3, 1)
    assert found["netraven_devices_with_good_backup"] == 1
    assert found["netraven_devices_without_good_backup"] == 2
    assert found["netraven_devices_last_backup{reason=gateway,status=failed}"] == 1
    assert found["netraven_devices_last_backup{reason=,status=never}"] == 1
    assert (found["netraven_devices_with_objective"], found["netraven_devices_stale"]) == (2, 1)
    assert found["netraven_good_backup_oldest_timestamp_seconds"] == pytest.approx(moment.timestamp())


def test_no_number_of_backups_makes_more_queries_and_none_reads_all(devices: list[Device]) -> None:
    told()
    with CaptureQueriesContext(connection) as few:
        told()
    for number in range(40):
        end(devices[number % 4], seconds_ago=3600 + number)
    with CaptureQueriesContext(connection) as many:
        told()
    assert len(many) == len(few) <= 16


def test_every_metric_is_named_and_explained_as_is_customary(db: None) -> None:
    content, content_type = expose()
    assert content_type.startswith("text/plain; version=")
    families = list(read_text(content.decode()))
    assert all(family.name.startswith("netraven_") and family.documentation.endswith(".") for family in families)
    assert f'netraven_build_info{{django="{django.get_version()}"' in content.decode()
    assert f'version="{netraven.__version__}"' in content.decode()
    assert set(told("application/openmetrics-text; version=1.0.0")) >= set(told())


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_metrics_are_for_those_who_bring_the_token(settings: Any) -> None:
    make_network()
    client = Client(headers={"host": "10.1.2.3:8000"})
    assert client.get("/metrics").status_code == 404, "off as it comes"
    settings.NETRAVEN = settings.NETRAVEN | {"METRICS_TOKEN": TOKEN}
    for wrong in ({}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}, {"authorization": f"Basic {TOKEN}"}):
        answer = client.get("/metrics", headers=wrong)
        assert (answer.status_code, "netraven_" in answer.content.decode()) == (401, False)
        assert answer["WWW-Authenticate"].startswith("Bearer")
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    text = answer.content.decode()
    assert "netraven_devices" in text
    assert "core1" not in text, "numbers, no names"
    assert client.post("/metrics").status_code == 405
