"""How an operator comes from a failed backup to the two keys, and decides."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from credentials.models import Credential
from devices.models import Device, Gateway, HostKey, Tag
from tests.devices.test_host_keys import decisions
from tests.pages.conftest import Network, make_backup, make_key, make_network

Login = Callable[..., Client]
State = HostKey.State
NOWHERE = "00000000-0000-4000-8000-000000000000"


def page_of(*keys: HostKey) -> str:
    return f"{reverse('pages:host-keys')}?{'&'.join(f'key={key.pk}' for key in keys)}"


def decide(client: Client, decision: str, *keys: HostKey) -> Any:
    form = {"decision": decision, "key": [str(key.pk) for key in keys]}
    return client.post(reverse("pages:host-keys"), form, follow=True)


def state_of(key: HostKey) -> str:
    return HostKey.objects.get(pk=key.pk).state


@pytest.fixture
def refused(network: Network) -> str:
    """The page of a backup that failed because of the changed key."""
    error = f"core1 shows another host key than before: {network.offered_key}, where {network.known_key} is known."
    backup = make_backup(
        network.job, network.device, minutes_ago=1, status="failed", failure_reason="security", error=error
    )
    return reverse("pages:backup", args=[backup.pk])


def test_a_refused_backup_shows_both_keys_and_leads_to_the_decision(
    network: Network, refused: str, login: Login
) -> None:
    text = login("operator").get(refused).content.decode()
    assert network.known_key.fingerprint in text
    assert network.offered_key.fingerprint in text
    assert f'<a href="{page_of(network.offered_key)}">Compare and decide</a>' in text
    assert "Host key changed" in text


def test_every_page_of_the_device_leads_there_until_it_is_decided(network: Network, refused: str, login: Login) -> None:
    root = login("superuser")
    pages = [
        refused,
        reverse("pages:device", args=[network.device.pk]),
        reverse("admin:devices_device_change", args=[network.device.pk]),
        reverse("admin:devices_hostkey_change", args=[network.offered_key.pk]),
        reverse("admin:backups_backup_change", args=[refused.strip("/").split("/")[-1]]),
    ]
    link = page_of(network.offered_key)
    assert [url for url in pages if link not in root.get(url).content.decode()] == []
    decide(root, "accept", network.offered_key)
    assert [url for url in pages if link in root.get(url).content.decode()] == []


def test_another_failed_backup_says_nothing_of_keys(network: Network, login: Login) -> None:
    text = login("operator").get(reverse("pages:backup", args=[network.failed.pk])).content.decode()
    assert page_of(network.offered_key) not in text


def test_a_first_key_that_waits_is_called_so(network: Network, login: Login) -> None:
    network.known_key.delete()
    client = login("operator")
    text = client.get(reverse("pages:device", args=[network.device.pk])).content.decode()
    assert "The first SSH host key of core1 waits for somebody to accept it." in text
    assert "None: no log-in was ever sent to it." in client.get(page_of(network.offered_key)).content.decode()


def test_who_may_not_see_keys_is_told_nothing_of_them(network: Network, refused: str, login: Login) -> None:
    client = login("nobody", "devices.view_device", "backups.view_backup", staff=True)
    for url in (refused, reverse("pages:device", args=[network.device.pk])):
        assert b"/host-keys/" not in client.get(url).content
    assert client.get(reverse("admin:devices_hostkey_changelist")).status_code == 403


def test_the_page_shows_both_fingerprints_and_asks(network: Network, login: Login) -> None:
    text = login("operator").get(page_of(network.offered_key)).content.decode()
    assert text.index(network.known_key.fingerprint) < text.index(network.offered_key.fingerprint)
    assert "Accept the new key?" in text
    assert 'value="accept"' in text
    assert 'value="dismiss"' in text


def test_accepting_is_confirmed_and_audited(network: Network, login: Login) -> None:
    answer = decide(login("operator"), "accept", network.offered_key)
    assert f"core1: {network.offered_key.fingerprint} is trusted now." in answer.content.decode()
    assert answer.redirect_chain == [(page_of(network.offered_key), 302)]
    assert (state_of(network.offered_key), state_of(network.known_key)) == (State.TRUSTED, State.RETIRED)
    (entry,) = decisions()
    assert f"by {entry.actor}" in answer.content.decode()
    assert b'value="accept"' not in answer.content
    history = login("superuser").get(reverse("admin:devices_hostkey_history", args=[network.offered_key.pk]))
    assert f"retired: {network.known_key.fingerprint}" in history.content.decode()


def test_dismissing_leaves_the_known_key(network: Network, login: Login) -> None:
    answer = decide(login("operator"), "dismiss", network.offered_key)
    assert "is dismissed now." in answer.content.decode()
    assert (state_of(network.offered_key), state_of(network.known_key)) == (State.DISMISSED, State.TRUSTED)


def test_pressing_twice_accepts_once(network: Network, login: Login) -> None:
    client = login("operator")
    for _ in range(2):
        assert b"is trusted now." in decide(client, "accept", network.offered_key).content
    assert len(decisions()) == 1


def test_a_key_that_another_took_the_place_of_is_not_accepted(network: Network, login: Login) -> None:
    seen = HostKey(pk=network.offered_key.pk)
    network.offered_key.delete()
    newer = make_key(network.device, "newer", State.OFFERED)
    answer = decide(login("operator"), "accept", seen)
    assert b"Another key has been shown since" in answer.content
    assert state_of(newer) == State.OFFERED


def test_a_decision_that_was_made_otherwise_meanwhile_stands(network: Network, login: Login) -> None:
    client = login("operator")
    decide(client, "dismiss", network.offered_key)
    assert b"not offered any more" in decide(client, "accept", network.offered_key).content
    assert state_of(network.offered_key) == State.DISMISSED


def test_only_who_may_decide_is_asked_and_obeyed(network: Network, login: Login) -> None:
    viewer = login("viewer", staff=True)
    text = viewer.get(page_of(network.offered_key)).content.decode()
    assert network.offered_key.fingerprint in text
    assert "You may not decide on host keys" in text
    assert 'value="accept"' not in text
    assert decide(viewer, "accept", network.offered_key).status_code == 403
    assert b"accept_selected" not in viewer.get(reverse("admin:devices_hostkey_changelist")).content
    assert state_of(network.offered_key) == State.OFFERED


def test_keys_of_hidden_devices_are_neither_shown_nor_accepted(network: Network, login: Login) -> None:
    tag = Tag.objects.create(name="restricted")
    tag.groups.add(Group.objects.create(name="others"))
    network.device.tags.add(tag)
    client = login("operator")
    assert client.get(page_of(network.offered_key)).status_code == 404
    assert network.offered_key.fingerprint.encode() not in decide(client, "accept", network.offered_key).content
    assert state_of(network.offered_key) == State.OFFERED


def test_deciding_needs_a_decision_and_the_csrf_token(network: Network, login: Login) -> None:
    client = login("operator")
    for nonsense in ("", "perhaps"):
        assert decide(client, nonsense, network.offered_key).status_code == 400
    client.handler.enforce_csrf_checks = True
    assert decide(client, "accept", network.offered_key).status_code == 403
    assert state_of(network.offered_key) == State.OFFERED


@pytest.mark.parametrize("query", ["key=", "key=x", f"key={NOWHERE}", "key=%00"])
def test_no_key_is_not_found(query: str, network: Network, login: Login) -> None:
    assert login("operator").get(f"{reverse('pages:host-keys')}?{query}").status_code == 404


def test_the_key_of_a_gateway_is_decided_on_alike(network: Network, login: Login) -> None:
    credential = Credential.objects.create(name="jump", username="jump")
    gateway = Gateway.objects.create(name="jump1", address="192.0.2.2", credential=credential)
    key = gateway.host_keys.create(kind="ssh", text="ssh-rsa AA==", fingerprint="of-the-gateway", state="offered")
    client = login("superuser")
    assert b"jump1 (gateway)" in client.get(page_of(key)).content
    assert b"jump1 (gateway)" in client.get(reverse("admin:devices_hostkey_changelist")).content
    assert b"jump1: of-the-gateway is trusted now." in decide(client, "accept", key).content


def choose(client: Client, keys: list[HostKey]) -> Any:
    """The action "Accept new key" for keys in the list."""
    form = {"action": "accept_selected", "index": "0", "_selected_action": [str(key.pk) for key in keys]}
    return client.post(reverse("admin:devices_hostkey_changelist"), form, follow=True)


def test_several_keys_are_chosen_in_the_console_and_confirmed_together(network: Network, login: Login) -> None:
    second = make_network("core2")
    root = login("superuser")
    answer = choose(root, [network.offered_key, second.offered_key, second.known_key])
    text = answer.content.decode()
    assert "Accept the new keys?" in text
    for each in (network, second):
        assert each.known_key.fingerprint in text
        assert each.offered_key.fingerprint in text
    assert state_of(network.offered_key) == State.OFFERED  # only asked so far
    decide(root, "accept", network.offered_key, second.offered_key)
    assert {state_of(each.offered_key) for each in (network, second)} == {State.TRUSTED}


def test_keys_that_do_not_wait_and_too_many_at_once_are_not_asked_about(network: Network, login: Login) -> None:
    root = login("superuser")
    assert b"None of these keys waits for a decision." in choose(root, [network.known_key]).content
    platform = network.device.platform
    many = [
        Device.objects.create(hostname=f"d{number}", address="192.0.2.1", platform=platform) for number in range(51)
    ]
    answer = choose(root, [make_key(device, "new", State.OFFERED) for device in many])
    assert b"Choose at most 50 keys at once" in answer.content


def test_keys_are_filtered_and_searched_in_the_console(network: Network, login: Login) -> None:
    root = login("superuser")
    url = reverse("admin:devices_hostkey_changelist")
    text = root.get(url, {"state__exact": "offered"}).content.decode()
    assert network.offered_key.fingerprint in text
    assert network.known_key.fingerprint not in text
    for query, found in (("core1", True), ("SHA256:core1+new", True), ("core9", False)):
        assert (network.offered_key.fingerprint in root.get(url, {"q": query}).content.decode()) is found


def test_keys_cannot_be_entered_changed_or_deleted_by_hand(network: Network, login: Login) -> None:
    root = login("superuser")
    pk = network.offered_key.pk
    assert root.get(reverse("admin:devices_hostkey_add")).status_code == 403
    assert root.post(reverse("admin:devices_hostkey_delete", args=[pk]), {"post": "yes"}).status_code == 403
    assert root.post(reverse("admin:devices_hostkey_change", args=[pk]), {"state": "trusted"}).status_code == 403
    assert state_of(network.offered_key) == State.OFFERED
