"""What housekeeping did and found, on the pages of jobs, devices and backups."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backups import storage
from backups.housekeeping.policy import Policy
from backups.housekeeping.retention import Retention
from backups.housekeeping.runs import Run, begin
from backups.housekeeping.verification import Verification
from backups.models import Backup, Job
from devices.models import Tag
from tests.backups.housekeeping.conftest import carry_out
from tests.pages.conftest import Network, make_network
from tests.pages.test_pages import text_of

Login = Callable[..., Client]
DAMAGED = "SHA-256 differs"


@pytest.fixture
def damaged(network: Network) -> Network:
    """Its newest good file is damaged, and a verification has found it."""
    with open(storage.config_storage().path(network.new.file_path), "w") as file:
        file.write("something else")
    carry_out(Verification())
    return network


def verification() -> Job:
    return Job.objects.get(job_type="verification")


def test_the_page_of_a_run_has_its_counts_and_its_log_and_no_backups(damaged: Network, login: Login) -> None:
    text = text_of(login("reader"), "job", verification().pk)
    assert "Verification" in text
    assert "<dt>Looked at</dt><dd>3</dd>" in text
    assert "<dt>Problems</dt><dd>1</dd>" in text
    assert "1 of 3 backups are damaged." in text
    assert DAMAGED in text
    assert "core1" in text
    assert "<h2>Backups</h2>" not in text
    assert "progress" not in text.split("<main")[1].split("</main>")[0]


def test_the_page_of_a_run_names_no_device_that_the_user_does_not_see(damaged: Network, login: Login) -> None:
    tag = Tag.objects.create(name="restricted")
    tag.groups.create(name="others")
    damaged.device.tags.add(tag)
    text = text_of(login("reader"), "job", verification().pk)
    assert "1 of 3 backups are damaged." in text
    assert "core1" not in text
    assert "core1" in text_of(login("superuser"), "job", verification().pk)


def test_a_run_that_is_under_way_shows_how_far_it_is(network: Network, login: Login) -> None:
    run = Run.claim(begin(Verification(), Job.Trigger.SYSTEM), Verification())
    assert run
    assert not run.work(until=0)
    text = text_of(login("reader"), "job", verification().pk)
    assert "<dt>Looked at</dt><dd>3</dd>" in text
    assert 'http-equiv="refresh"' in text
    assert "holder" not in text.replace("placeholder", "")


def test_a_damaged_file_is_told_in_the_history_and_on_the_page_of_its_backup(damaged: Network, login: Login) -> None:
    viewer = login("viewer")
    assert text_of(viewer, "device", damaged.device.pk).count("File damaged") == 1
    assert DAMAGED in text_of(viewer, "backup", damaged.new.pk), "for those, too, who may not read configurations"
    assert DAMAGED not in text_of(viewer, "backup", damaged.old.pk)
    reader = login("reader")
    answer = reader.get(reverse("pages:backup", args=[damaged.new.pk]))
    assert (answer.status_code, answer.content.decode().count(DAMAGED)) == (409, 1)


def test_the_console_shows_runs_and_damage(damaged: Network, login: Login) -> None:
    root = login("superuser")
    jobs = root.get(reverse("admin:backups_job_changelist"), {"job_type__exact": "verification"}).content.decode()
    assert f"Verification {str(verification().pk)[:8]}" in jobs
    assert "Backup of" not in jobs.split("results")[1]
    page = root.get(reverse("admin:backups_job_change", args=[verification().pk])).content.decode()
    assert "<dt>Problems</dt><dd>1</dd>" in page
    assert "<h2>Backups</h2>" not in page
    assert "File damaged" in root.get(reverse("admin:backups_backup_changelist")).content.decode()
    assert DAMAGED in root.get(reverse("admin:backups_backup_change", args=[damaged.new.pk])).content.decode()


@pytest.mark.parametrize("page", ["device", "job"])
def test_pages_ask_the_database_no_more_for_more_damage(
    page: str, login: Login, django_assert_max_num_queries: Callable[..., object]
) -> None:
    networks = [make_network(f"core{number}") for number in range(12)]
    for network in networks:
        storage.config_storage().delete(network.new.file_path)
    carry_out(Verification())
    Backup.objects.update(device=networks[0].device)
    client = login("reader")
    pk = {"device": networks[0].device.pk, "job": verification().pk}[page]
    with django_assert_max_num_queries(18):  # type: ignore[attr-defined]
        assert "damaged" in text_of(client, page, pk)


def test_pages_cope_with_versions_that_are_gone(network: Network, login: Login) -> None:
    carry_out(Retention(Policy(1, 0, 0, timezone.get_default_timezone())))
    assert not Backup.objects.filter(pk=network.old.pk).exists()
    reader = login("reader")
    versions, _, attempts = text_of(reader, "device", network.device.pk).partition('<h2 id="attempts">')
    assert [part.count('<td class="nr-number">2</td>') for part in (versions, attempts)] == [1, 1]
    assert '<td class="nr-number">1</td>' not in versions + attempts
    assert "Diff with the one before" not in text_of(reader, "backup", network.new.pk)
    answer = reader.get(reverse("pages:diff-with-previous", args=[network.new.pk]), follow=True)
    assert b"There is no earlier configuration to compare with." in answer.content
    assert "staff of core1" in text_of(reader, "diff", network.new.pk, network.incomplete.pk)
    assert reader.get(reverse("pages:backup", args=[network.old.pk])).status_code == 404
