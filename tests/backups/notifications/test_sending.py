"""Deliveries: each is sent once, tried again when it fails, and closed."""

import hashlib
import json
import logging
from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.utils import timezone
from pytest_django import Settings

from backups.exceptions import RequestRefused
from backups.models import Channel, Delivery, DeliveryItem, Job
from backups.notifications import sending
from backups.notifications.channels import send_again, send_test
from backups.notifications.duty import notify
from backups.notifications.noticing import look
from backups.notifications.outcome import Outcome
from backups.notifications.sending import send_due
from credentials.fields import Ciphertext
from devices.models import Device
from tests.backups.notifications.conftest import SECRET, MailServer, MakeChannel, Receiver, end, make_device

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

PASSWORD = "Kx83-hunter2-Secret"
OLD = f"hostname core1\nusername anna password 0 {PASSWORD}\nsnmp-server community {PASSWORD}1 RO\nend\n"
NEW = OLD.replace("hostname core1", "hostname core2").replace(f"{PASSWORD}1", f"{PASSWORD}2")


def change(device: Device | None = None) -> Device:
    device = device or make_device()
    end(device, OLD)
    end(device, NEW)
    return device


def make_due() -> None:
    Delivery.objects.filter(status="pending").update(next_try_at=timezone.now())


def test_a_change_arrives_signed_with_a_masked_diff(make_channel: MakeChannel, receiver: Receiver) -> None:
    channel = make_channel("changed")
    change()
    assert notify() == {"looked_at": 2, "tried": 1}
    (message,) = receiver.posted
    delivery = Delivery.objects.get()
    assert message.headers["webhook-id"] == str(delivery.pk)
    assert message.json["type"] == "device.changed"
    data = message.json["data"]
    assert data["counts"] == {"changed": 1, "failed": 0, "recovered": 0, "stale": 0}
    (event,) = data["events"]
    assert event["url"] == f"https://netraven.example.net/backups/{event['backup']}/"
    assert (event["version"], event["lines_added"], event["lines_removed"]) == (2, 2, 2)
    assert "-hostname core1" in event["diff"]
    assert "+hostname core2" in event["diff"]
    assert event["diff"].count("<secret:") >= 2, "another community is another marker"
    assert PASSWORD not in message.body.decode()
    assert (delivery.status, delivery.http_status, delivery.answer) == ("sent", 204, "HTTP 204")
    assert delivery.payload_digest == hashlib.sha256(message.body).hexdigest()
    assert notify() == {"looked_at": 0, "tried": 0}
    assert channel.secret == SECRET


def test_without_the_diff_only_its_size_is_told(make_channel: MakeChannel, receiver: Receiver) -> None:
    make_channel("changed", "failed", with_diff=False, mode="job")
    core = change()
    end(core, reason="incomplete", error="The last line is “hostname half of it”.")
    notify()
    text = b"".join(message.body for message in receiver.posted).decode()
    assert '"lines_added": 2' in text
    assert "hostname" not in text.replace('"hostname"', "")
    assert "not a whole configuration" in text


def test_a_long_diff_is_cut_and_a_long_digest_counts_the_rest(make_channel: MakeChannel, receiver: Receiver) -> None:
    make_channel("changed", "failed", mode="job")
    core, job = make_device("wide1"), Job.objects.create(trigger="schedule", status="failed")
    end(core, "hostname wide1\n")
    end(core, "hostname wide1\n" + "".join(f"line {number} {'x' * 300}\n" for number in range(5000)), job=job)
    for number in range(120):
        end(make_device(f"core{number}"), reason="timeout", job=job)
    look()
    send_due()
    (message,) = receiver.posted
    assert len(message.body) < 120_000
    assert (message.json["data"]["omitted"], len(message.json["data"]["events"])) == (21, 100)
    assert message.json["data"]["counts"]["failed"] == 120
    assert message.json["type"] == "digest"


def test_a_diff_that_is_cut_says_so(make_channel: MakeChannel, receiver: Receiver) -> None:
    make_channel("changed")
    core = make_device()
    end(core, "hostname core1\n")
    end(core, "hostname core1\n" + "".join(f"line {number}\n" for number in range(5000)))
    notify()
    (event,) = receiver.posted[0].json["data"]["events"]
    assert event["diff_cut"]
    assert event["lines_added"] == 5000
    assert len(event["diff"].splitlines()) <= 200


def test_failures_are_tried_again_later_and_later_and_then_given_up(
    make_channel: MakeChannel, receiver: Receiver
) -> None:
    channel = make_channel("changed", path="/500")
    change()
    look()
    waits = []
    for _ in range(5):
        assert send_due() == 1
        assert send_due() == 0, "not at once"
        delivery = Delivery.objects.get()
        if delivery.next_try_at:
            waits.append(delivery.next_try_at - timezone.now())
        make_due()
    assert len(waits) == 4
    assert waits == sorted(waits)
    assert waits[0] > timedelta(seconds=30)
    assert waits[3] > timedelta(hours=2)
    assert (delivery.status, delivery.attempts, delivery.http_status) == ("failed", 5, 500)
    assert {message.headers["webhook-id"] for message in receiver.posted} == {str(delivery.pk)}
    assert len({message.body for message in receiver.posted}) == 1
    channel.refresh_from_db()
    assert channel.failing_since

    Channel.objects.update(url=receiver.url("/204"))
    copy = send_again(delivery)
    assert send_due() == 1
    assert receiver.posted[-1].headers["webhook-id"] == str(copy.pk)
    assert receiver.posted[-1].events == receiver.posted[0].events
    channel.refresh_from_db()
    assert channel.failing_since is None


def test_a_receiver_that_is_gone_or_fails_for_days_is_switched_off(make_channel: MakeChannel) -> None:
    gone, failing = make_channel("changed", path="/410"), make_channel("changed", path="/503")
    change()
    change(make_device("core9"))
    look()
    assert send_due() == 2
    gone.refresh_from_db()
    assert not gone.enabled
    assert "410" in gone.disabled_reason
    assert set(gone.deliveries.values_list("status", flat=True)) == {"failed"}
    assert set(failing.deliveries.values_list("status", flat=True)) == {"pending"}
    Channel.objects.filter(pk=failing.pk).update(failing_since=timezone.now() - timedelta(days=4, hours=1))
    make_due()
    assert send_due() == 1
    failing.refresh_from_db()
    assert failing.disabled_reason.startswith("For 4 days nothing could be delivered.")
    assert not Delivery.objects.filter(status="pending").exists()


def test_one_that_hangs_does_not_hold_up_the_others(
    make_channel: MakeChannel, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backups.notifications.webhook.SECONDS", 1.0)
    make_channel("changed", path="/hang")
    quick = make_channel("changed")
    for number in range(4):
        change(make_device(f"core{number}"))
    look()
    assert send_due() == 5
    assert set(quick.deliveries.values_list("status", flat=True)) == {"sent"}


def test_a_channel_that_was_switched_off_is_told_nothing(make_channel: MakeChannel, receiver: Receiver) -> None:
    make_channel("changed")
    change()
    look()
    Channel.objects.update(enabled=False)
    send_due()
    assert not receiver.posted
    assert Delivery.objects.get().answer == "Not sent: the channel was switched off."


def test_what_a_dead_process_had_claimed_is_sent_by_another_with_the_same_id(
    make_channel: MakeChannel, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_channel("changed")
    change()
    look()
    (delivery,) = Delivery.objects.due()
    assert sending._claim(delivery)  # and then it dies
    assert send_due() == 0
    stale = Delivery.objects.get()
    assert not sending._claim(Delivery(pk=stale.pk, attempts=0)), "its row is another one by now"
    make_due()
    assert send_due() == 1
    assert [message.headers["webhook-id"] for message in receiver.posted] == [str(delivery.pk)]
    sending._settle(delivery, Outcome(False, "late"), last=True)
    assert Delivery.objects.get().status == "sent", "the first one has nothing to say any more"


def test_one_that_kills_whoever_sends_it_is_given_up(make_channel: MakeChannel, receiver: Receiver) -> None:
    make_channel("changed")
    change()
    look()
    Delivery.objects.update(attempts=5)
    send_due()
    assert not receiver.posted
    assert Delivery.objects.get().answer == "Given up: the last of 5 attempts never ended."


def test_a_secret_that_no_key_fits_is_told(make_channel: MakeChannel) -> None:
    make_channel("changed")
    change()
    look()
    Channel.objects.update(secret=Ciphertext("gAAAAA"))
    send_due()
    assert "NETRAVEN_FIELD_KEYS" in Delivery.objects.get().answer


def test_a_test_message_is_sent_at_once_and_never_again(make_channel: MakeChannel, receiver: Receiver) -> None:
    channel = make_channel("changed", enabled=False)
    delivery, outcome = send_test(channel)
    assert outcome.sent
    assert receiver.posted[0].json["type"] == "test"
    with pytest.raises(RequestRefused):
        send_test(channel)
    Delivery.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    Channel.objects.update(url=receiver.url("/500"))
    channel.refresh_from_db()
    delivery, outcome = send_test(channel)
    assert outcome.answer == "HTTP 500"
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("failed", 1)
    with pytest.raises(RequestRefused):
        send_again(delivery)


def test_a_mail_tells_the_same(make_channel: MakeChannel, mail_server: MailServer) -> None:
    make_channel("changed", "failed", mode="job", addresses="anna@example.net\nnoc@example.net")
    core = change()
    end(core, reason="timeout", error=f"<b>no answer</b> password {PASSWORD}")
    notify()
    changed, failed = sorted(mail_server.mails, key=lambda mail: "backup failed" in mail[1])
    delivery = Delivery.objects.get(items__kind="changed")
    assert changed[0] == ["anna@example.net", "noc@example.net"]
    assert f"Message-ID: <{delivery.pk}@netraven.example.net>" in changed[1]
    assert "Subject: [NetRaven] core1: configuration changed, version 2" in changed[1]
    assert "+hostname core2" in changed[1]
    assert "&lt;b&gt;no answer" in failed[1]
    assert PASSWORD not in changed[1] + failed[1]
    assert set(Delivery.objects.values_list("status", "answer")) == {("sent", "Accepted by the mail server")}


def test_what_a_mail_server_says_is_kept_and_no_name_breaks_a_header(
    make_channel: MakeChannel, mail_server: MailServer, settings: Settings
) -> None:
    settings.EMAIL_HOST_PASSWORD = PASSWORD
    mail_server.refuse = f"550 no such user here, {PASSWORD}"
    make_channel("changed", addresses="anna@example.net")
    change(make_device("core1\r\nBcc: eve@example.net"))
    notify()
    assert Delivery.objects.get().answer == "Refused: 550 no such user here, …"
    mail_server.refuse = ""
    make_due()
    send_due()
    (recipients, text), *others = mail_server.mails
    assert (recipients, others) == (["anna@example.net"], [])
    assert "\nBcc:" not in text.partition("\r\n\r\n")[0]
    settings.NETRAVEN = settings.NETRAVEN | {"MAIL_IS_SET": False}
    _, outcome = send_test(Channel.objects.get())
    assert outcome.answer.startswith("Not sent: no mail server is set.")
    assert not outbox.outbox


def test_no_secret_is_in_any_row_or_log(
    make_channel: MakeChannel, receiver: Receiver, mail_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    make_channel("changed", "failed", path=f"/500?token={PASSWORD}")
    make_channel("changed", "failed", addresses="anna@example.net")
    core = change()
    end(core, reason="incomplete", error=f"It stops at “username x password {PASSWORD}”.")
    notify()
    rows = [*Delivery.objects.values(), *DeliveryItem.objects.values()]
    assert len(rows) == 8
    told = json.dumps(rows, default=str) + caplog.text + "".join(text for _, text in mail_server.mails)
    told += b"".join(message.body for message in receiver.posted).decode()
    assert "<secret:" in told
    for secret in (PASSWORD, SECRET, SECRET.removeprefix("whsec_"), "signing-key-of-the-tests"):
        assert secret not in told
