"""The list of jobs, and a job as it runs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backups.advice import ADVICE, advice_for
from backups.models import Backup, Job, JobLog
from backups.services import close_job
from backups.staleness import REASONS
from devices.models import Device
from tests.pages.conftest import Network

Login = Callable[..., Client]


def jobs_of(client: Client, **query: str) -> list[str]:
    answer = client.get(reverse("pages:jobs"), query)
    assert answer.status_code == 200
    return [str(job.pk) for job, _ in answer.context["rows"]]


def make_job(network: Network, number: int = 0, **fields: Any) -> Job:
    moment = timezone.now() - timedelta(minutes=number + 5)
    job = Job.objects.create(**({"trigger": "api", "status": "completed", "created_at": moment} | fields))
    good = {"status": "completed", "version": 2, "changed": True, "file_path": "x", "content_hash": "y"}
    Backup.objects.create(job=job, device=network.device, finished_at=moment, **good)
    return job


def running_job(network: Network, devices: int) -> Job:
    """Its first backup runs, its last one has failed."""
    job = Job.objects.create(trigger="page", status="running", metadata={"devices": devices})
    platform = network.device.platform
    made = Device.objects.bulk_create(
        Device(hostname=f"edge{number:05}", address="192.0.2.7", platform=platform) for number in range(devices)
    )
    backups = [Backup(job=job, device=device, position=place) for place, device in enumerate(made)]
    backups[0].status, backups[0].started_at = "running", timezone.now()
    backups[-1].status, backups[-1].failure_reason, backups[-1].error = "failed", "authentication", "Rejected."
    Backup.objects.bulk_create(backups)
    JobLog.objects.create(job=job, event="session_start", message="Job started")
    return job


def test_jobs_are_filtered_and_told_with_what_came_of_them(network: Network, login: Login) -> None:
    client = login("reader")
    mine = make_job(network, requested_by=client.get("/devices/").wsgi_request.user)
    old = make_job(network, trigger="schedule", status="failed", created_at=timezone.now() - timedelta(days=40))
    assert set(jobs_of(client)) == {str(network.job.pk), str(mine.pk), str(old.pk)}
    assert jobs_of(client, trigger="schedule") == [str(old.pk)]
    assert jobs_of(client, status="completed") == [str(mine.pk)]
    assert jobs_of(client, who=mine.requested_by.get_username().upper()) == [str(mine.pk)]  # type: ignore[union-attr]
    assert set(jobs_of(client, who="NetRaven")) == {str(network.job.pk), str(old.pk)}
    day = f"{timezone.now() - timedelta(days=40):%Y-%m-%d}"
    assert jobs_of(client, since=day, until=day) == [str(old.pk)]
    assert len(jobs_of(client, status="x", since="2026-13-45", until="9999-12-31", before="x,y")) == 3
    text = client.get(reverse("pages:jobs")).content.decode()
    assert f"{reverse('pages:job', args=[network.job.pk])}?show=failed" in text
    assert "No job matches" in client.get(reverse("pages:jobs"), {"who": "nobody at all"}).content.decode()


def test_a_long_list_goes_on_where_the_page_before_ended(network: Network, login: Login) -> None:
    client, moment = login("viewer"), timezone.now() - timedelta(hours=1)
    made = {str(make_job(network, created_at=moment).pk) for _ in range(55)}  # all at the same instant
    first = client.get(reverse("pages:jobs"), {"trigger": "api"}).context
    second = jobs_of(client, trigger="api", before=first["page"].older)
    shown = [str(job.pk) for job, _ in first["rows"]] + second
    assert (len(shown), set(shown)) == (55, made)


def test_a_job_that_ended_keeps_its_numbers_so_that_its_backups_are_not_counted(network: Network, login: Login) -> None:
    job = make_job(network, status="running")
    assert close_job(job.pk)
    job.refresh_from_db()
    assert job.metadata["counts"] == {"completed": 1, "failed": 0, "changed": 1}
    Job.objects.filter(pk=network.job.pk).update(metadata={"counts": {"completed": 2, "failed": 2, "changed": 2}})
    client = login("superuser")
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("pages:jobs"))
    assert not [query["sql"] for query in queries if "backups_backup" in query["sql"]]


def test_failures_come_first_with_what_to_do_and_where(network: Network, login: Login) -> None:
    job = running_job(network, 3)
    text = login("superuser").get(reverse("pages:job", args=[job.pk])).content.decode()
    assert advice_for("authentication") in text
    failed = Backup.objects.get(status="failed", job=job)
    assert f'href="{reverse("admin:devices_device_change", args=[failed.device_id])}">Choose its credential' in text
    assert text.index("edge00002") < text.index("edge00000") < text.index("edge00001")
    assert set(ADVICE) == {value for value, _ in REASONS}, "there is advice for every reason"


def test_ten_thousand_devices_are_shown_in_parts_with_few_queries(network: Network, login: Login) -> None:
    job = running_job(network, 2000)
    client, path = login("superuser"), reverse("pages:job", args=[job.pk])
    with CaptureQueriesContext(connection) as queries:
        text = client.get(path).content.decode()
    assert len(queries) <= 14
    assert text.count("<tr") < 60
    assert "Show all 1\N{NARROW NO-BREAK SPACE}998" in text
    text = client.get(path, {"show": "pending", "page": "2"}).content.decode()
    assert "Page 2 of 40" in text
    assert client.get(path, {"q": "edge00017"}).content.decode().count('<th scope="row">') == 2
    assert "No backup matches" in client.get(path, {"q": "none"}).content.decode()


def test_a_running_job_sends_what_is_new_and_only_that(network: Network, login: Login) -> None:
    job = running_job(network, 3)
    client, path = login("operator"), reverse("pages:job-live", args=[job.pk])
    news = client.get(path)
    seen, entry = news.context["seen"], JobLog.objects.get(job=job)
    assert client.get(path, {"seen": seen}).status_code == 204
    JobLog.objects.filter(pk=entry.pk).update(time=timezone.now() - timedelta(minutes=1))
    Backup.objects.filter(job=job).exclude(status="failed").update(status="failed", failure_reason="timeout")
    later = JobLog.objects.create(job=job, event="session_end", message="Job ended")
    text = client.get(path, {"seen": seen, "after": str(entry.pk), "said": "3"}).content.decode()
    assert f'id="l{later.pk}"' in text
    assert f'id="l{entry.pk}"' not in text
    assert "100 % of 3 backups have ended, 3 failed." in text
    assert 'hx-trigger="every 2s"' in text
    assert "said=10" in text
    Job.objects.filter(pk=job.pk).update(status="failed", finished_at=timezone.now() - timedelta(minutes=1))
    text = client.get(path, {"seen": seen, "after": "x"}).content.decode()
    assert "hx-get" not in text, "it has ended, and asks no more"
    assert "Retry 3 failed" in text


def test_a_live_part_never_becomes_the_log_in(network: Network, client: Client) -> None:
    answer = client.get(reverse("pages:job-live", args=[network.job.pk]), headers={"hx-request": "true"})
    assert (answer.status_code, answer["HX-Refresh"], answer.content) == (200, "true", b"")


def test_what_failed_is_asked_for_again_by_a_button(network: Network, login: Login) -> None:
    operator = login("operator")
    path = reverse("pages:retry", args=[network.job.pk])
    assert operator.get(path).status_code == 405
    answer = operator.post(path, follow=True)
    again = Backup.objects.get(status="pending")
    assert answer.redirect_chain == [(reverse("pages:job", args=[again.job_id]), 302)]
    assert reverse("pages:job", args=[network.job.pk]) in answer.content.decode(), "it says which job it repeats"
    text = operator.post(reverse("pages:retry", args=[again.job_id]), follow=True).content.decode()
    assert "This job has not ended yet." in text


def test_the_page_of_a_device_follows_its_backup(network: Network, login: Login) -> None:
    job = Job.objects.create(trigger="page", status="running")
    backup = Backup.objects.create(job=job, device=network.device, status="running", started_at=timezone.now())
    entry = JobLog.objects.create(job=job, backup=backup, event="connect", message="Connecting to core1")
    client, path = login("viewer"), reverse("pages:backup-live", args=[backup.pk])
    text = client.get(reverse("pages:device", args=[network.device.pk])).content.decode()
    assert f'hx-get="{path}?after=0' in text
    assert "Connecting to core1" in text
    assert client.get(path, {"seen": f"running.0.{entry.pk}"}).status_code == 204
    assert b"hx-swap-oob" in client.get(path).content
    Backup.objects.filter(pk=backup.pk).update(status="failed", failure_reason="timeout")
    assert client.get(path)["HX-Refresh"] == "true"


@pytest.mark.django_db
def test_without_jobs_the_list_says_what_makes_one(login: Login) -> None:
    assert "No jobs yet" in login("superuser").get(reverse("pages:jobs")).content.decode()
