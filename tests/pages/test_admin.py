"""The operator console."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from django_q.models import Failure, OrmQ, Schedule, Success
from knox.models import AuthToken

from backups.models import Backup, Job
from credentials.models import Credential
from devices.models import Device, Tag
from tests.pages.conftest import MakeUser, Network, make_backup, make_network

Login = Callable[..., Client]
LISTS = [
    "devices_device",
    "devices_platform",
    "devices_tag",
    "devices_gateway",
    "devices_hostkey",
    "backups_backup",
    "backups_job",
    "backups_workerprocess",
    "backups_channel",
    "backups_delivery",
    "audit_auditentry",
    "credentials_credential",
    "scheduling_schedule",
    "knox_authtoken",
    "auth_user",
    "auth_group",
]


@pytest.fixture
def root(login: Login) -> Client:
    return login("superuser")


def operate(client: Client, devices: list[Device], **more: str) -> Any:
    """Choose the action "Back up now" for devices in the list."""
    form = {
        "action": "back_up_selected",
        "index": "0",
        "_selected_action": [str(device.pk) for device in devices],
    } | more
    return client.post(reverse("admin:devices_device_changelist"), form, follow=True)


@pytest.mark.parametrize("name", LISTS)
def test_every_list_opens_empty_and_full(name: str, root: Client) -> None:
    url = reverse(f"admin:{name}_changelist")
    assert root.get(url).status_code == 200
    network = make_network()
    Credential.objects.create(name="lab", username="backup")
    AuthToken.objects.create(user=root.get(url).wsgi_request.user)
    network.device.tags.add(Tag.objects.create(name="second"))
    assert root.get(url).status_code == 200
    assert root.get(url, {"q": "core"}).status_code == 200


def test_every_model_of_ours_is_in_the_list_above() -> None:
    registered = {f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry}
    assert registered == set(LISTS)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("devices_device", b"Add the first device"),
        ("devices_hostkey", b"No host keys yet"),
        ("backups_backup", b"No backups yet"),
        ("backups_job", b"No jobs yet"),
    ],
)
def test_empty_lists_say_what_to_do_next(name: str, hint: bytes, root: Client) -> None:
    url = reverse(f"admin:{name}_changelist")
    assert hint in root.get(url).content
    make_network()
    assert hint not in root.get(url).content


def test_the_device_list_answers_what_failed_and_why(network: Network, root: Client) -> None:
    text = root.get(reverse("admin:devices_device_changelist")).content.decode()
    assert '<span class="nr-badge nr-failed"><span aria-hidden="true">✕</span> Failed</span>' in text
    assert "Incomplete configuration" in text
    assert f'<a href="{reverse("pages:backup", args=[network.new.pk])}"><time' in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("last_status__exact=failed", True),
        ("last_status__exact=completed", False),
        ("reason=incomplete", True),
        ("reason=timeout", False),
        ("enabled__exact=0", False),
        ("q=192.0.2.1", True),
        ("q=elsewhere", False),
    ],
)
def test_devices_are_filtered_and_searched(query: str, found: bool, network: Network, root: Client) -> None:
    answer = root.get(f"{reverse('admin:devices_device_changelist')}?{query}")
    assert answer.status_code == 200
    assert (f">{network.device.hostname}</a>" in answer.content.decode()) is found


def test_back_up_now_for_selected_devices_leads_to_the_job(network: Network, root: Client) -> None:
    second = make_network("core2").device
    answer = operate(root, [network.device, second])
    job = Job.objects.get(trigger=Job.Trigger.ADMIN)
    assert answer.redirect_chain[-1][0] == reverse("pages:job", args=[job.pk])
    assert b"Backup of 2 devices requested." in answer.content
    assert job.backups.filter(status="pending").count() == 2


def test_back_up_now_on_all_pages_of_a_filtered_list_takes_the_filter(network: Network, root: Client) -> None:
    make_network("core2")
    url = f"{reverse('admin:devices_device_changelist')}?q=core2&tags__id__exact={Tag.objects.get().pk}"
    form = {
        "action": "back_up_selected",
        "index": "0",
        "_selected_action": [str(network.device.pk)],
        "select_across": "1",
    }
    root.post(url, form)
    assert [backup.device.hostname for backup in Backup.objects.active()] == ["core2"]


def test_back_up_now_twice_gives_the_one_under_way(network: Network, root: Client) -> None:
    operate(root, [network.device])
    answer = operate(root, [network.device])
    assert b"1 device is being backed up already." in answer.content
    assert answer.redirect_chain[-1][0] == reverse("pages:job", args=[Backup.objects.active().get().job_id])


def test_back_up_now_with_nothing_selected_says_so(network: Network, root: Client) -> None:
    assert b"Items must be selected" in operate(root, []).content
    assert not Backup.objects.active().exists()


def test_back_up_now_of_disabled_devices_says_so(network: Network, root: Client) -> None:
    second = make_network("core2").device
    Device.objects.filter(pk=second.pk).update(enabled=False)
    assert b"core2: disabled, so not backed up. Enable it first." in operate(root, [second]).content
    assert b"1 disabled, so not backed up." in operate(root, [second, network.device]).content


def test_the_button_on_a_device_page_backs_it_up(network: Network, root: Client) -> None:
    page = root.get(reverse("admin:devices_device_change", args=[network.device.pk])).content.decode()
    button = reverse("admin:devices_device_backup", args=[network.device.pk])
    assert f'action="{button}"' in page
    answer = root.post(button, follow=True)
    assert b"Backup of 1 device requested." in answer.content
    assert root.get(button).status_code == 405


def test_without_permission_there_is_neither_button_nor_action(network: Network, login: Login) -> None:
    client = login("viewer", "devices.change_device", staff=True)
    page = client.get(reverse("admin:devices_device_change", args=[network.device.pk])).content.decode()
    assert "Back up now" not in page
    assert "back_up_selected" not in client.get(reverse("admin:devices_device_changelist")).content.decode()
    answer = client.post(reverse("admin:devices_device_backup", args=[network.device.pk]), follow=True)
    assert b"You may not run backups." in answer.content
    operate(client, [network.device])
    assert not Backup.objects.active().exists()


def test_who_may_back_up_but_not_see_jobs_stays_in_the_console(network: Network, login: Login) -> None:
    client = login("nobody", "devices.view_device", "backups.run_backup", staff=True)
    answer = operate(client, [network.device])
    assert answer.status_code == 200
    assert b"Backup of 1 device requested." in answer.content


def test_restricted_devices_are_nowhere_in_the_console(network: Network, login: Login) -> None:
    tag = Tag.objects.create(name="restricted")
    tag.groups.add(Group.objects.create(name="others"))
    network.device.tags.add(tag)
    client = login("operator", "devices.change_device", staff=True)
    for name in ("devices_device", "devices_hostkey", "backups_backup", "backups_job"):
        assert b"core1" not in client.get(reverse(f"admin:{name}_changelist")).content
    for name, pk in (
        ("devices_device", network.device.pk),
        ("devices_hostkey", network.offered_key.pk),
        ("backups_backup", network.new.pk),
        ("backups_job", network.job.pk),
    ):
        answer = client.get(reverse(f"admin:{name}_change", args=[pk]), follow=True)
        assert b"core1" not in answer.content
    assert client.post(reverse("admin:devices_device_backup", args=[network.device.pk])).status_code == 404
    operate(client, [network.device])
    assert not Backup.objects.active().exists()


def test_facts_are_shown_and_cannot_be_edited(network: Network, root: Client) -> None:
    Device.objects.update(serial_number="SN-1")
    url = reverse("admin:devices_device_change", args=[network.device.pk])
    assert b"SN-1" in root.get(url).content
    form = {
        "hostname": "renamed",
        "address": "192.0.2.1",
        "platform": network.device.platform_id,
        "serial_number": "forged",
    }
    assert root.post(url, form).status_code == 302
    network.device.refresh_from_db()
    assert (network.device.hostname, network.device.serial_number) == ("renamed", "SN-1")


def test_who_may_not_see_credentials_cannot_choose_one(network: Network, login: Login) -> None:
    secret = Credential.objects.create(name="domain admin", username="root")
    client = login("operator", "devices.change_device", staff=True)
    form = {
        "hostname": "core1",
        "address": "192.0.2.66",
        "platform": network.device.platform_id,
        "credential": secret.pk,
    }
    client.post(reverse("admin:devices_device_change", args=[network.device.pk]), form)
    network.device.refresh_from_db()
    assert (network.device.address, network.device.credential) == ("192.0.2.66", None)


def test_a_device_with_history_cannot_be_deleted(network: Network, root: Client) -> None:
    url = reverse("admin:devices_device_delete", args=[network.device.pk])
    assert root.post(url, {"post": "yes"}).status_code == 403
    assert b"cannot be deleted" in root.get(reverse("admin:devices_device_change", args=[network.device.pk])).content
    assert b"delete_selected" not in root.get(reverse("admin:devices_device_changelist")).content
    bare = Device.objects.create(hostname="bare", address="192.0.2.2", platform=network.device.platform)
    root.post(reverse("admin:devices_device_delete", args=[bare.pk]), {"post": "yes"})
    assert list(Device.objects.all()) == [network.device]


@pytest.mark.parametrize("name", ["backups_backup", "backups_job"])
def test_records_of_the_past_cannot_be_touched(name: str, network: Network, root: Client) -> None:
    pk = network.new.pk if name == "backups_backup" else network.job.pk
    assert root.get(reverse(f"admin:{name}_add")).status_code == 403
    assert root.post(reverse(f"admin:{name}_delete", args=[pk]), {"post": "yes"}).status_code == 403
    assert root.post(reverse(f"admin:{name}_change", args=[pk]), {"status": "failed"}).status_code == 403
    listed = root.get(reverse(f"admin:{name}_changelist")).content
    assert b"delete_selected" not in listed
    assert (b"cancel_selected" in listed) is (name == "backups_job")
    network.new.refresh_from_db()
    assert network.new.status == "completed"


def test_selected_jobs_are_cancelled_and_those_that_cannot_be_are_named(network: Network, root: Client) -> None:
    waiting = Job.objects.create(trigger="page")
    Backup.objects.create(job=waiting, device=network.device)
    form = {"action": "cancel_selected", "index": "0", "_selected_action": [str(waiting.pk), str(network.job.pk)]}
    text = root.post(reverse("admin:backups_job_changelist"), form, follow=True).content.decode()
    assert "1 job cancelled." in text
    assert f"{network.job}: This job has ended already: failed." in text
    assert Job.objects.get(pk=waiting.pk).status == "cancelled"


def test_jobs_are_cancelled_by_those_who_may_run_backups_only(network: Network, login: Login) -> None:
    url = reverse("admin:backups_job_changelist")
    assert b"cancel_selected" in login("operator", staff=True).get(url).content
    assert b"cancel_selected" not in login("reader", staff=True).get(url).content


def test_the_job_list_counts_with_one_query_and_only_where_there_is_something_to_count(
    network: Network, root: Client
) -> None:
    url = reverse("admin:backups_job_changelist")
    root.get(url)
    Job.objects.create(job_type="orphans", trigger="system", status="completed")
    with CaptureQueriesContext(connection) as few:
        text = root.get(url).content.decode()
    assert '<td class="field-failed">2</td>' in text
    assert '<td class="field-failed">–</td>' in text
    for number in range(5):
        make_network(f"more{number}")
    with CaptureQueriesContext(connection) as many:
        root.get(url)
    assert len(many) == len(few)


def test_a_backup_page_leads_to_its_text_and_tells_its_log(network: Network, root: Client) -> None:
    text = root.get(reverse("admin:backups_backup_change", args=[network.incomplete.pk])).content.decode()
    for page in ("backup", "download", "accept"):
        assert reverse(f"pages:{page}", args=[network.incomplete.pk]) in text
    assert reverse("pages:diff", args=[network.new.pk, network.incomplete.pk]) in text
    assert text.count("its last line is “hostname half”") == 2
    text = root.get(reverse("admin:backups_backup_change", args=[network.failed.pk])).content.decode()
    assert reverse("pages:download", args=[network.failed.pk]) not in text


def test_a_job_page_shows_a_bounded_part_and_leads_to_the_rest(network: Network, root: Client) -> None:
    for number in range(60):
        make_backup(network.job, network.device, f"{number}\n", minutes_ago=5, version=1, changed=True)
    text = root.get(reverse("admin:backups_job_change", args=[network.job.pk])).content.decode()
    assert "Show all 62" in text
    rest = f"{reverse('pages:job', args=[network.job.pk])}?show=completed"
    assert rest in text
    assert root.get(rest).status_code == 200


@pytest.mark.parametrize("name", ["devices_device", "devices_hostkey", "backups_backup", "backups_job"])
def test_lists_ask_the_database_no_more_for_more_rows(
    name: str, network: Network, root: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        make_network(f"more{number}")
    with django_assert_max_num_queries(16):
        root.get(reverse(f"admin:{name}_changelist"))


@pytest.mark.parametrize("model", [Schedule, Success, Failure, OrmQ])
def test_nobody_can_enter_a_function_for_the_queue(model: Any, root: Client) -> None:
    assert not admin.site.is_registered(model)
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:django_q_{model._meta.model_name}_changelist")
    assert root.get("/admin/django_q/schedule/add/").status_code == 404


def test_tokens_are_listed_without_digest_and_can_only_be_taken_away(root: Client, make_user: MakeUser) -> None:
    record, token = AuthToken.objects.create(user=make_user("nobody"))
    listed = root.get(reverse("admin:knox_authtoken_changelist")).content.decode()
    shown = root.get(reverse("admin:knox_authtoken_change", args=[record.pk])).content.decode()
    assert token[:8] in listed
    for text in (listed, shown):
        assert token not in text
        assert record.token_key not in text
    assert ">" + record.digest not in listed
    assert root.get(reverse("admin:knox_authtoken_add")).status_code == 403
    root.post(reverse("admin:knox_authtoken_delete", args=[record.pk]), {"post": "yes"})
    assert not AuthToken.objects.exists()
