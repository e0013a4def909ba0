"""The preview of a platform's patterns: what they would do to stored history, before anything is saved."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from backups.models import Backup
from devices.models import Platform, Tag
from tests.pages.conftest import Network, make_backup, make_network

Login = Callable[..., Client]
EDITOR = ("devices.view_platform", "devices.change_platform")
SECRETS = "backups.view_secrets"
DRIFT = "hostname core1\nntp clock-drift {}\nenable secret {}\nend\n"


@pytest.fixture
def history(network: Network) -> list[Backup]:
    """Beside the change of the network: one of a line that drifts, one of a secret, and one that did not count."""
    rows = [(1, "hunter1", 9, True), (2, "hunter1", 8, True), (2, "hunter2", 7, True)]
    made = [
        make_backup(
            network.job, network.device, DRIFT.format(drift, secret), minutes_ago=ago, version=12 - ago, changed=changed
        )
        for drift, secret, ago, changed in rows
    ]
    text = "! Last configuration change at 12:00:00 UTC\n" + DRIFT.format(2, "hunter2")
    return [*made, make_backup(network.job, network.device, text, minutes_ago=1, version=5, changed=False)]


def preview(client: Client, **new: str) -> str:
    """The answer to the form with these fields changed and the button "Preview"."""
    platform = Platform.objects.get(slug="ios")
    names = ("slug", "name", "driver", "default_port", "volatile_patterns", "secret_patterns", "error_patterns")
    names += ("end_pattern", "max_shrink_percent")  # type: ignore[assignment]
    fields: dict[str, Any] = {name: getattr(platform, name) for name in names} | {"optional_args": "{}"}
    # As a browser sends it
    data = {name: str(text).replace("\n", "\r\n") for name, text in (fields | new).items()}
    url = reverse("admin:devices_platform_change", args=[platform.pk])
    answer = client.post(url, data | {"_preview": "Preview"})
    assert answer.status_code == 200
    platform.refresh_from_db()
    assert all(getattr(platform, name) == fields[name] for name in names), "nothing is saved"
    return " ".join(answer.content.decode().split())


def patterns(more: str) -> str:
    return f"{Platform.objects.get(slug='ios').volatile_patterns}\n{more}"


@pytest.fixture
def editor(login: Login) -> Client:
    return login("reader", *EDITOR, SECRETS, staff=True)


def test_changes_that_would_have_been_silent_are_counted_with_an_example(history: list[Backup], editor: Client) -> None:
    text = preview(editor, volatile_patterns=patterns("^ntp clock-drift"))
    assert "1 of 4 past changes would have been silent" in text
    assert "Of 1 backup in which only volatile lines differed, none would have been a change" in text
    assert 'core1</a></th><td class="nr-number">1<' in text
    assert 'class="nr-text">ntp clock-drift 1<' in text
    assert reverse("pages:diff", args=[history[0].pk, history[1].pk]) in text
    assert "No longer masked" not in text


def test_backups_that_would_have_been_changes_are_counted(history: list[Backup], editor: Client) -> None:
    text = preview(editor, volatile_patterns="")
    assert "0 of 4 past changes would have been silent" in text
    assert "<strong>1 would have been a change</strong>" in text


def test_unchanged_patterns_say_so(history: list[Backup], editor: Client) -> None:
    assert "No pattern has changed" in preview(editor)


def test_bad_patterns_are_an_error_of_the_form(history: list[Backup], editor: Client) -> None:
    for field in ("volatile_patterns", "secret_patterns"):
        text = preview(editor, **{field: "^ok$\n("})
        assert "Line 2 is not a regular expression" in text or "Line 1 has no group" in text
        assert "What these patterns would do" not in text


def test_patterns_that_take_for_ever_are_told(history: list[Backup], network: Network, editor: Client) -> None:
    make_backup(network.job, network.device, "a" * 40 + "!\n", minutes_ago=0, version=6, changed=True)
    assert "These patterns take too long" in preview(editor, volatile_patterns=r"^(a+)+$")


def test_lines_that_would_be_masked_and_that_would_not_are_shown(history: list[Backup], editor: Client) -> None:
    Platform.objects.filter(slug="ios").update(secret_patterns=r"^(?:ntp )(clock\S+)")
    text = preview(editor, secret_patterns=r"^hostname (\S+)")
    assert "1 line would be masked anew, 1 no longer,</strong> in 1 current configuration" in text
    anew, _, no_longer = text.partition("<h3>No longer masked</h3>")
    assert "hostname core1</td>" in anew.partition("<h3>Masked anew</h3>")[2]
    assert "ntp clock-drift 2</td>" in no_longer
    assert "Who may not read secrets would see" in text


def test_who_may_not_read_secrets_learns_none(history: list[Backup], login: Login) -> None:
    """Neither by taking a pattern out, nor by asking which changes a guess would silence."""
    client = login("reader", *EDITOR, staff=True)
    text = preview(client, secret_patterns=r"^nothing (\S+)")
    assert "No pattern has changed" in text, "the field is not theirs"
    right, wrong = (
        preview(client, volatile_patterns=patterns(f"^enable secret {guess}"), secret_patterns="")
        for guess in ("hunter[12]", "zunter[12]")
    )
    assert "Secrets are masked for you, in this comparison too" in right
    for answer in (right, wrong):
        assert "0 of 4 past changes would have been silent" in answer
        assert "hunter1" not in answer
    seer = login("reader", *EDITOR, SECRETS, staff=True)
    assert "1 of 4 past changes" in preview(seer, volatile_patterns=patterns("^enable secret hunter[12]"))
    silent = preview(client, volatile_patterns=patterns("^enable secret"))
    assert "1 of 4 past changes" in silent
    assert "hunter" not in silent


def test_who_may_not_read_configurations_is_shown_none(history: list[Backup], login: Login) -> None:
    text = preview(login("viewer", *EDITOR, SECRETS, staff=True), volatile_patterns="^hostname")
    assert "You may not read configurations" in text
    assert "past change" not in text


def test_devices_that_one_does_not_see_do_not_count(history: list[Backup], login: Login) -> None:
    hidden = make_network("core2").device
    tag = Tag.objects.create(name="restricted")
    tag.groups.add(Group.objects.create(name="insiders"))
    hidden.tags.add(tag)
    client = login("reader", *EDITOR, staff=True)
    assert " of 4 past changes" in preview(client, volatile_patterns="x")
    assert " of 5 past changes" in preview(login("superuser"), volatile_patterns="x")


def test_a_new_platform_has_no_history(login: Login) -> None:
    client = login("superuser")
    fields = {"slug": "mine", "name": "Mine", "driver": "ios", "default_port": "22", "optional_args": "{}"}
    data = fields | {"max_shrink_percent": "50", "volatile_patterns": "x", "_preview": "Preview"}
    answer = client.post(reverse("admin:devices_platform_add"), data)
    assert "No device of this platform has been backed up yet" in answer.content.decode()
    assert not Platform.objects.filter(slug="mine").exists()
