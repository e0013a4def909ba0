"""Log-ins in the operator console: how they fared, trying one, backing up with another one."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from backups.models import Backup, Job, LoginAttempt
from credentials.models import Credential
from devices.models import Device, Tag, TagCredential
from netraven.lab import Fault
from tests.conftest import MakeDevice
from tests.pages.conftest import MakeUser, Network, make_network

Login = Callable[..., Client]
LISTS = {"credential": "admin:credentials_credential_changelist", "tag": "admin:devices_tag_changelist"}
PAGES = {"credential": "admin:credentials_credential_change", "tag": "admin:devices_tag_change"}
TEST = "admin:credentials_credential_test"
TESTER = ("credentials.view_credential", "backups.run_backup")


@pytest.fixture
def root(login: Login) -> Client:
    return login("superuser")


@pytest.fixture
def credential(db: None) -> Credential:
    return Credential.objects.create(name="shared", username="netraven", password="s3cret", enable_secret="s3cret-2")


@pytest.fixture
def tag(credential: Credential) -> Tag:
    tag = Tag.objects.create(name="emergency")
    TagCredential.objects.create(tag=tag, credential=credential)
    return tag


def add_attempts(network: Network, credential: Credential, tag: Tag | None = None) -> None:
    for accepted in (True, True, True, False, False):
        LoginAttempt.objects.create(
            credential=credential, device=network.device, backup=network.new, accepted=accepted, tag=tag
        )


def hide(device: Device) -> None:
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    device.tags.add(theirs)


@pytest.mark.parametrize("kind", ["credential", "tag"])
def test_lists_say_how_log_ins_fared(
    kind: str, network: Network, credential: Credential, tag: Tag, root: Client
) -> None:
    url = reverse(LISTS[kind])
    assert '<td class="field-last_used">–</td>' in root.get(url).content.decode()
    add_attempts(network, credential, tag)
    text = root.get(url).content.decode()
    assert '<td class="field-accepted">3</td><td class="field-rejected">2</td>' in text
    assert '<td class="field-last_used"><time' in text
    for order in ("5", "-5", "6.5"):
        assert root.get(url, {"o": order}).status_code == 200


@pytest.mark.parametrize("kind", ["credential", "tag"])
def test_lists_cost_no_more_queries_for_more_rows(
    kind: str, network: Network, root: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        made = Credential.objects.create(name=f"c{number}", username="u"), Tag.objects.create(name=f"t{number}")
        add_attempts(network, *made)
    with django_assert_max_num_queries(8):
        root.get(reverse(LISTS[kind]))


@pytest.mark.parametrize("kind", ["credential", "tag"])
def test_a_page_lists_the_newest_attempts(
    kind: str, network: Network, credential: Credential, tag: Tag, root: Client, django_assert_max_num_queries: Any
) -> None:
    url = reverse(PAGES[kind], args=[credential.pk if kind == "credential" else tag.pk])
    assert "No device has been asked yet" in root.get(url).content.decode()
    for _ in range(5):
        add_attempts(network, credential, tag)
    with django_assert_max_num_queries(24):
        text = root.get(url).content.decode()
    assert text.count("nr-accepted") + text.count("nr-rejected") == 20
    assert "<dt>Accepted, last 30 days</dt><dd>15</dd>" in text
    assert "<dt>Rejected, last 30 days</dt><dd>10</dd>" in text
    assert reverse("admin:backups_backup_change", args=[network.new.pk]) in text
    assert ("tag emergency" if kind == "credential" else "<td>shared</td>") in text
    assert "s3cret" not in text


def test_a_new_credential_and_a_new_tag_have_no_attempts_to_show(root: Client) -> None:
    for name in ("credentials_credential", "devices_tag"):
        answer = root.get(reverse(f"admin:{name}_add"))
        assert answer.status_code == 200
        assert "How its log-ins fared" not in answer.content.decode()


@pytest.mark.parametrize("kind", ["credential", "tag"])
def test_devices_that_the_user_does_not_see_are_not_named(
    kind: str, network: Network, credential: Credential, tag: Tag, login: Login
) -> None:
    add_attempts(network, credential, tag)
    hide(network.device)
    client = login("operator", "credentials.view_credential", "devices.view_tag", staff=True)
    text = client.get(reverse(PAGES[kind], args=[credential.pk if kind == "credential" else tag.pk])).content.decode()
    assert text.count("one that you do not see") == 5
    for secret in ("core1", str(network.device.pk), str(network.new.pk)):
        assert secret not in text


def test_a_test_is_told_from_a_backup(
    network: Network, credential: Credential, root: Client, make_user: MakeUser
) -> None:
    user = make_user("operator")
    LoginAttempt.objects.create(credential=credential, device=network.device, accepted=True, tested_by=user)
    text = root.get(reverse(PAGES["credential"], args=[credential.pk])).content.decode()
    assert f"a test by {user.get_username()}" in text


def test_who_may_not_see_log_ins_cannot_give_one_to_a_tag(credential: Credential, login: Login) -> None:
    tag = Tag.objects.create(name="mine")
    rights = ["devices.view_tag", "devices.change_tag", "devices.add_tagcredential", "devices.view_tagcredential"]
    form = {
        "name": "mine",
        "color": "#112233",
        "tag_credentials-TOTAL_FORMS": "1",
        "tag_credentials-INITIAL_FORMS": "0",
        "tag_credentials-0-credential": str(credential.pk),
        "tag_credentials-0-priority": "1",
        "tag_credentials-0-tag": str(tag.pk),
    }
    url = reverse(PAGES["tag"], args=[tag.pk])
    assert login("nobody", *rights, staff=True).post(url, form).status_code == 302
    assert not TagCredential.objects.exists()
    assert login("nobody", *rights, "credentials.view_credential", staff=True).post(url, form).status_code == 302
    assert TagCredential.objects.get().credential == credential


def test_a_credential_of_a_tag_cannot_be_deleted(credential: Credential, tag: Tag, root: Client) -> None:
    url = reverse("admin:credentials_credential_delete", args=[credential.pk])
    for answer in (root.get(url), root.post(url, {"post": "yes"})):
        assert b"1 tag logs in with this: choose another credential there first." in answer.content
    TagCredential.objects.all().delete()
    assert root.post(url, {"post": "yes"}).status_code == 302
    assert not Credential.objects.exists()


def test_a_credential_is_deleted_without_a_look_at_its_attempts(
    network: Network, credential: Credential, root: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        add_attempts(network, credential)
    url = reverse("admin:credentials_credential_delete", args=[credential.pk])
    with django_assert_max_num_queries(9):
        assert b"core1" not in root.get(url).content
    assert root.post(url, {"post": "yes"}).status_code == 302
    assert not LoginAttempt.objects.exists()
    assert Backup.objects.filter(pk=network.new.pk).exists()


# --- trying one -----------------------------------------------------------------------------------------------------


def test_pages_of_credentials_and_devices_lead_to_the_test(
    network: Network, credential: Credential, root: Client, login: Login
) -> None:
    pages = {
        reverse(PAGES["credential"], args=[credential.pk]): f"{reverse(TEST)}?credential={credential.pk}",
        reverse("admin:devices_device_change", args=[network.device.pk]): f"{reverse(TEST)}?device={network.device.pk}",
    }
    without = login("viewer", "credentials.view_credential", staff=True)
    for page, link in pages.items():
        assert f'href="{link}"' in root.get(page).content.decode()
        assert reverse(TEST) not in without.get(page).content.decode()
        assert "selected>" in root.get(link).content.decode()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize(
    ("fault", "word", "recorded"),
    [
        (Fault.NONE, "Accepted", [True]),
        (Fault.WRONG_PASSWORD, "Rejected", [False]),
        (Fault.REFUSES, "Unreachable", []),
    ],
)
def test_the_page_says_what_the_device_said(
    make_device: MakeDevice, login: Login, fault: Fault, word: str, recorded: list[bool]
) -> None:
    device, credential = make_device("ios", fault), Credential.objects.get()
    client = login("nobody", *TESTER, staff=True)
    answer = client.post(reverse(TEST), {"credential": str(credential.pk), "device": str(device.pk)})
    assert answer.status_code == 200
    assert f"<strong>{word}</strong> after" in answer.content.decode()
    assert "lab-password" not in answer.content.decode()
    assert list(LoginAttempt.objects.values_list("accepted", flat=True)) == recorded
    assert not Job.objects.exists()


def test_too_many_tests_are_refused_on_the_page(network: Network, credential: Credential, root: Client) -> None:
    Device.objects.update(address="127.0.0.1", port=1)
    form = {"credential": str(credential.pk), "device": str(network.device.pk)}
    texts = [root.post(reverse(TEST), form).content.decode() for _ in range(6)]
    assert ["Unreachable" in text for text in texts] == [True] * 5 + [False]
    assert "5 tests of one credential on one device a minute are enough" in texts[-1]


@pytest.mark.parametrize("missing", TESTER)
def test_the_test_needs_both_permissions(
    missing: str, network: Network, credential: Credential, login: Login, client: Client
) -> None:
    form = {"credential": str(credential.pk), "device": str(network.device.pk)}
    half = login("nobody", "devices.view_device", *(set(TESTER) - {missing}), staff=True)
    assert half.get(reverse(TEST)).status_code == half.post(reverse(TEST), form).status_code == 403
    assert client.post(reverse(TEST), form).status_code == 302


def test_the_test_takes_no_device_that_the_user_does_not_see_and_no_rubbish(
    network: Network, credential: Credential, login: Login
) -> None:
    hide(network.device)
    client = login("nobody", *TESTER, staff=True)
    for value in (str(network.device.pk), str(uuid.uuid4()), "no id", ""):
        answer = client.post(reverse(TEST), {"credential": str(credential.pk), "device": value})
        assert (answer.status_code, list(answer.context["form"].errors)) == (200, ["device"])
        assert "core1" not in answer.content.decode()
        assert "core1" not in client.get(reverse(TEST), {"device": value}).content.decode()
    assert not LoginAttempt.objects.exists()


# --- backing up with another one ------------------------------------------------------------------------------------


def choose(client: Client, devices: list[Device], query: str = "", **more: str) -> Any:
    """The action in the list; with a choice, the page that follows it."""
    form: dict[str, Any] = {"action": "back_up_with", "_selected_action": [str(device.pk) for device in devices]}
    form |= more if "chosen" in more else {"index": "0"} | more
    return client.post(reverse("admin:devices_device_changelist") + query, form, follow=True)


def test_selected_devices_are_backed_up_with_a_credential(
    network: Network, credential: Credential, root: Client
) -> None:
    second = make_network("core2").device
    page = choose(root, [network.device, second]).content.decode()
    assert "2 devices: core1, core2" in page
    assert page.count('name="_selected_action"') == 2
    answer = choose(root, [network.device, second], chosen="yes", credential=str(credential.pk))
    job = Job.objects.get(trigger=Job.Trigger.ADMIN)
    assert answer.redirect_chain[-1][0] == reverse("pages:job", args=[job.pk])
    assert "the credential “shared”" in answer.content.decode()
    assert (job.credential, job.tag, job.backups.count()) == (credential, None, 2)
    assert "the credential “shared”" in root.get(reverse("admin:backups_job_change", args=[job.pk])).content.decode()


def test_all_devices_of_a_filtered_list_are_backed_up_with_the_log_ins_of_a_tag(
    network: Network, tag: Tag, root: Client
) -> None:
    second = make_network("core2").device
    make_network("edge1")
    page = choose(root, [second], "?q=core", select_across="1").content.decode()
    assert "2 devices: core1, core2" in page
    assert '<input type="hidden" name="select_across" value="1">' in page
    assert 'action="/admin/devices/device/?q=core"' in page
    choose(root, [second], "?q=core", select_across="1", chosen="yes", tag=str(tag.pk))
    job = Job.objects.get(trigger=Job.Trigger.ADMIN)
    assert job.tag == tag
    assert sorted(backup.device.hostname for backup in job.backups.all()) == ["core1", "core2"]


def test_one_log_in_has_to_be_chosen(network: Network, credential: Credential, tag: Tag, root: Client) -> None:
    answers = {
        "Choose a log-in.": choose(root, [network.device], chosen="yes"),
        "Choose a credential or a tag, not both.": choose(
            root, [network.device], chosen="yes", credential=str(credential.pk), tag=str(tag.pk)
        ),
        "is not a valid UUID": choose(root, [network.device], chosen="yes", credential="no id"),
    }
    for sentence, answer in answers.items():
        assert sentence in answer.content.decode()
    assert not Backup.objects.active().exists()


def test_only_what_the_user_may_choose_is_offered(
    network: Network, credential: Credential, tag: Tag, login: Login
) -> None:
    client = login("operator", "devices.view_tag", staff=True)
    page = choose(client, [network.device]).content.decode()
    assert ('name="tag"' in page, 'name="credential"' in page) == (True, False)
    choose(client, [network.device], chosen="yes", credential=str(credential.pk))
    assert not Backup.objects.active().exists()
    neither = login("operator", staff=True)
    assert "back_up_with" not in neither.get(reverse("admin:devices_device_changelist")).content.decode()
    choose(neither, [network.device], chosen="yes", tag=str(tag.pk))
    assert not Backup.objects.active().exists()
    choose(client, [network.device], chosen="yes", tag=str(tag.pk))
    assert Backup.objects.active().get().job.tag == tag
