"""What the pages say."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backups import storage
from backups.models import Backup, Job, JobLog
from devices.models import Device, Tag
from devices.text import encode
from tests.pages.conftest import Network, make_backup, make_network

Login = Callable[..., Client]
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def reader(login: Login) -> Client:
    return login("reader")


@pytest.fixture
def operator(login: Login) -> Client:
    return login("operator")


def text_of(client: Client, page: str, *args: Any, **query: str) -> str:
    answer = client.get(reverse(f"pages:{page}", args=args), query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_device_list_shows_how_the_last_backup_went(network: Network, reader: Client) -> None:
    text = text_of(reader, "devices")
    assert "Failed" in text
    assert "Incomplete configuration" in text
    assert "30\xa0minutes ago" in text
    assert reverse("pages:device", args=[network.device.pk]) in text


@pytest.mark.parametrize("query", ["core", "192.0.2.1", "branch", "SN-1"])
def test_devices_are_found_by_name_address_tag_and_serial(query: str, network: Network, reader: Client) -> None:
    Device.objects.update(serial_number="SN-1")
    make_network("other").device.tags.clear()
    Device.objects.filter(hostname="other").update(address="192.0.2.9", serial_number="X")
    text = text_of(reader, "devices", q=query)
    assert "core1" in text
    assert ">other<" not in text


@pytest.mark.parametrize("query", ["\x00", "'", "%", "\ud800", "x" * 5000, "no such device"])
def test_odd_searches_find_nothing_or_something_but_never_fail(query: str, network: Network, reader: Client) -> None:
    escaped = "".join(f"%{byte:02x}" for byte in query.encode("utf-8", "surrogatepass"))
    answer = reader.get(f"{reverse('pages:devices')}?q={escaped}")
    assert answer.status_code == 200


def test_empty_lists_say_what_to_do_next(login: Login) -> None:
    client = login("superuser")
    assert "Add the first device" in text_of(client, "devices")
    assert "No device matches" in text_of(client, "devices", q="x")
    device = make_network().device
    bare = Device.objects.create(hostname="bare", address="192.0.2.2", platform=device.platform)
    assert "makes the first one" in text_of(client, "device", bare.pk)


def test_a_history_tells_versions_reasons_and_sizes(network: Network, reader: Client) -> None:
    text = text_of(reader, "device", network.device.pk)
    assert text.index(str(network.incomplete.pk)) < text.index(str(network.old.pk))
    for expected in ("Unreachable.", "refused the connection", "First version", "Changed", "bytes", "UTC"):
        assert expected in text
    assert "Back up now" not in text


def test_a_disabled_device_says_so_and_has_no_button(network: Network, operator: Client) -> None:
    assert "Back up now" in text_of(operator, "device", network.device.pk)
    Device.objects.update(enabled=False)
    text = text_of(operator, "device", network.device.pk)
    assert "disabled" in text
    assert "Back up now" not in text
    answer = operator.post(reverse("pages:back-up", args=[network.device.pk]), follow=True)
    assert b"core1: disabled, so not backed up." in answer.content


def test_picking_two_backups_leads_to_their_diff(network: Network, reader: Client) -> None:
    url = reverse("pages:compare", args=[network.device.pk])
    answer = reader.get(url, {"old": str(network.old.pk), "new": str(network.new.pk)})
    assert answer["Location"] == reverse("pages:diff", args=[network.old.pk, network.new.pk])
    assert (
        b"Pick two different backups"
        in reader.get(url, {"old": str(network.old.pk), "new": str(network.old.pk)}, follow=True).content
    )
    assert b"Pick two backups" in reader.get(url, {"old": "x"}, follow=True).content


def test_a_download_is_the_exact_bytes(network: Network, login: Login) -> None:
    reader = login("reader", "backups.view_secrets")
    odd = "hostname x\r\n banner \x1b[1m \ud800\n"
    backup = make_backup(network.job, network.device, odd, minutes_ago=1, version=3, changed=True)
    answer = reader.get(reverse("pages:download", args=[backup.pk]), {"secrets": "1"})
    assert answer.content == encode(odd)
    assert re.fullmatch(r'attachment; filename="core1_\d{8}_\d{6}\.txt"', answer["Content-Disposition"])
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "banner ␛[1m " in re.sub(r"</?span[^>]*>", "", text_of(reader, "backup", backup.pk))


def test_a_backup_without_content_has_nothing_to_download_or_compare(network: Network, reader: Client) -> None:
    assert reader.get(reverse("pages:download", args=[network.failed.pk])).status_code == 404
    assert reader.get(reverse("pages:diff", args=[network.old.pk, network.failed.pk])).status_code == 404
    assert "ended without a configuration" in text_of(reader, "backup", network.failed.pk)


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_file_is_told_and_never_shown(damage: str, network: Network, reader: Client) -> None:
    file = storage.config_storage().path(network.new.file_path)
    with open(file, "w") as stored:
        stored.write("something else")
    if damage == "missing":
        storage.config_storage().delete(network.new.file_path)
    for page, args in (
        ("backup", [network.new.pk]),
        ("download", [network.new.pk]),
        ("diff", [network.old.pk, network.new.pk]),
    ):
        answer = reader.get(reverse(f"pages:{page}", args=args))
        assert answer.status_code == 409
        assert ("is missing" if damage == "missing" else "SHA-256 differs") in answer.content.decode()
        assert b"something else" not in answer.content


def test_an_incomplete_configuration_is_accepted_by_a_post_only(network: Network, operator: Client) -> None:
    url = reverse("pages:accept", args=[network.incomplete.pk])
    assert b"Yes, it is complete" in operator.get(url).content
    network.incomplete.refresh_from_db()
    assert network.incomplete.status == "failed"
    answer = operator.post(url, follow=True)
    assert b"this is now the last good configuration of core1" in answer.content
    network.incomplete.refresh_from_db()
    assert network.incomplete.status == "completed"
    assert b"There is nothing to accept" in operator.get(url).content
    assert b"can be accepted" in operator.post(url, follow=True).content


def test_a_job_page_renews_itself_only_until_the_job_has_ended(network: Network, reader: Client) -> None:
    Job.objects.update(finished_at=timezone.now() - timedelta(minutes=1))
    assert "http-equiv" not in text_of(reader, "job", network.job.pk)
    Job.objects.update(status="running", finished_at=None)
    assert '<meta http-equiv="refresh" content="3">' in text_of(reader, "job", network.job.pk)
    assert "http-equiv" not in text_of(reader, "job", network.job.pk, renew="no")


def test_a_job_is_cancelled_after_a_question(network: Network, login: Login) -> None:
    waiting = Job.objects.create(trigger="page", metadata={"devices": 1})
    Backup.objects.create(job=waiting, device=network.device)
    operator = login("operator")
    question = reverse("pages:cancel", args=[waiting.pk])
    assert question in text_of(operator, "job", waiting.pk)
    assert question not in text_of(login("reader"), "job", waiting.pk)
    assert "1 of its backups wait" in text_of(operator, "cancel", waiting.pk)
    answer = operator.post(question, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("pages:job", args=[waiting.pk])
    text = answer.content.decode()
    assert '<span class="nr-badge nr-cancelled"><span aria-hidden="true">■</span> Cancelled</span>' in text
    assert "<strong>Cancelled.</strong>" in text
    assert question not in text, "there is nothing left to cancel"
    assert "There is nothing to cancel: the job has ended." in text_of(operator, "cancel", waiting.pk)


def test_a_job_that_is_being_cancelled_says_so(network: Network, operator: Client) -> None:
    running = Job.objects.create(trigger="page", status="running")
    Backup.objects.create(job=running, device=network.device, status="running")
    text = operator.post(reverse("pages:cancel", args=[running.pk]), follow=True).content.decode()
    assert "What runs is being cut." in text
    assert "being cancelled" in text


def test_cancelling_a_job_that_has_ended_is_refused_in_words(network: Network, operator: Client) -> None:
    answer = operator.post(reverse("pages:cancel", args=[network.job.pk]), follow=True)
    assert "This job has ended already: failed." in answer.content.decode()


def test_a_job_of_upkeep_has_a_log_and_no_backups(login: Login) -> None:
    job = Job.objects.create(job_type="verification", trigger="system", status="running")
    JobLog.objects.create(job=job, event="upkeep", message="4711 files were read")
    text = text_of(login("superuser"), "job", job.pk)
    assert "4711 files were read" in text
    assert "Backups</h2>" not in text
    assert "<progress" not in text
    assert reverse("pages:cancel", args=[job.pk]) not in text


def test_a_job_page_counts_and_logs_what_the_user_sees_only(network: Network, login: Login) -> None:
    other = make_network("hidden1")
    tag = Tag.objects.create(name="restricted")
    tag.groups.create(name="others")
    other.device.tags.add(tag)
    Backup.objects.filter(device=other.device).update(job=network.job)
    JobLog.objects.filter(job=other.job).update(job=network.job)
    text = text_of(login("operator"), "job", network.job.pk)
    assert "4 of 4" in text
    assert "hidden1" not in text
    assert "hidden1" in text_of(login("superuser"), "job", network.job.pk)


def test_what_devices_say_is_escaped_everywhere(login: Login) -> None:
    network = make_network(SCRIPT, error=SCRIPT)
    Device.objects.update(os_version=SCRIPT, serial_number=SCRIPT, model=SCRIPT, description=SCRIPT)
    Backup.objects.update(os_version=SCRIPT, serial_number=SCRIPT, comments=SCRIPT, error=SCRIPT)
    Tag.objects.update(name=SCRIPT)
    client = login("superuser")
    urls = [reverse("pages:devices"), reverse("pages:devices") + f"?q={SCRIPT}"]
    urls += [reverse("pages:device", args=[network.device.pk]), reverse("pages:job", args=[network.job.pk])]
    urls += [reverse("pages:backup", args=[backup.pk]) for backup in Backup.objects.all()]
    urls += [reverse("pages:diff", args=[network.old.pk, network.new.pk])]
    urls += [reverse("pages:accept", args=[network.incomplete.pk])]
    urls += [reverse(f"admin:{name}_changelist") for name in ("devices_device", "backups_backup", "backups_job")]
    urls += [reverse("admin:devices_device_change", args=[network.device.pk])]
    urls += [reverse("admin:backups_backup_change", args=[network.failed.pk])]
    urls += [reverse("admin:backups_job_change", args=[network.job.pk])]
    for url in urls:
        answer = client.get(url)
        assert answer.status_code == 200, url
        assert SCRIPT not in answer.content.decode(), url
    assert "&lt;script&gt;alert(1)" in text_of(client, "diff", network.old.pk, network.new.pk)


@pytest.mark.parametrize("page", ["devices", "device", "job"])
def test_pages_ask_the_database_no_more_for_more_rows(
    page: str, network: Network, reader: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        device = make_network(f"more{number}").device if page != "device" else network.device
        make_backup(network.job, device, f"config {number}\nend\n", minutes_ago=5, version=1, changed=True)
    args = {"devices": [], "device": [network.device.pk], "job": [network.job.pk]}[page]
    with django_assert_max_num_queries(18):
        text_of(reader, page, *args)


def test_the_error_pages_stand_in_the_same_shell(network: Network, login: Login) -> None:
    client = login("nobody")
    assert b"Your account" in client.get(reverse("pages:devices")).content
    from django.views.defaults import server_error

    answer = server_error(client.get("/").wsgi_request)
    assert answer.status_code == 500
    assert b"Something went wrong" in answer.content
