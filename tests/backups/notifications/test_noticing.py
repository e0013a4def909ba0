"""What is news, for which channels, and in which message."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from backups.models import Backup, Channel, Delivery, DeliveryItem, Job, Lookout, StaleNotice
from backups.notifications import noticing
from backups.notifications.digests import next_digest
from backups.notifications.noticing import look
from backups.recording import accept
from devices.models import Device, Tag
from tests.backups.notifications.conftest import MakeChannel, end, make_device

pytestmark = pytest.mark.django_db

ALL = ("changed", "failed", "recovered", "stale")


def news() -> list[str]:
    """What the next look finds: `core1 failed`."""
    before = set(DeliveryItem.objects.values_list("pk", flat=True))
    look()
    new = DeliveryItem.objects.exclude(pk__in=before).select_related("device").order_by("pk")
    return [f"{item.device} {item.kind}" for item in new]


def look_for_stale() -> list[str]:
    Lookout.objects.update(stale_looked_at=None)
    return news()


def test_each_kind_of_news_is_told_once(make_channel: MakeChannel) -> None:
    make_channel(*ALL)
    core = make_device()
    end(core, "hostname a\n")
    assert news() == [], "a first configuration is no change"
    end(core, "hostname a\n")
    assert news() == []
    end(core, "hostname b\n")
    assert news() == ["core1 changed"]
    end(core, reason="timeout")
    assert news() == ["core1 failed"]
    end(core, reason="timeout")
    assert news() == [], "it fails as before"
    end(core, reason="authentication")
    assert news() == ["core1 failed"]
    end(core, "hostname c\n")
    assert news() == ["core1 recovered", "core1 changed"]
    assert news() == []


def test_a_device_that_fails_from_the_first_is_news(make_channel: MakeChannel) -> None:
    make_channel(*ALL)
    end(make_device(), reason="unreachable")
    assert news() == ["core1 failed"]


def test_every_failure_is_told_to_who_asks_for_it(make_channel: MakeChannel) -> None:
    channel = make_channel("failed", every_failure=True)
    make_channel("failed")
    core = make_device()
    for _ in range(3):
        end(core, reason="timeout")
    assert len(news()) == 4
    assert DeliveryItem.objects.filter(delivery__channel=channel).count() == 3


def test_what_somebody_cancelled_is_no_news_and_hides_none(make_channel: MakeChannel) -> None:
    make_channel(*ALL)
    core = make_device()
    end(core, "hostname a\n")
    end(core, reason="cancelled")
    end(core, "hostname a\n")
    assert news() == []
    end(core, reason="timeout")
    end(core, reason="cancelled")
    end(core, reason="timeout")
    assert news() == ["core1 failed"]
    end(core, reason="cancelled")
    end(core, "hostname a\n")
    assert news() == ["core1 recovered"]


def test_one_that_is_accepted_is_good_news(make_channel: MakeChannel) -> None:
    make_channel(*ALL)
    core = make_device()
    end(core, "hostname a\n")
    good = end(core, "hostname a\nend\n")
    incomplete = {"status": "failed", "failure_reason": "incomplete", "version": None, "changed": None}
    Backup.objects.filter(pk=good.pk).update(**incomplete)
    assert news() == ["core1 failed"]
    accept(Backup.objects.get(pk=good.pk), User.objects.create_user("anna"))
    assert news() == ["core1 recovered", "core1 changed"]


def test_a_missed_objective_is_told_once_until_it_is_met(make_channel: MakeChannel) -> None:
    make_channel(*ALL)
    core = make_device(hours=24)
    make_device("never", hours=1)
    end(core, "hostname a\n")
    assert look_for_stale() == []
    long_ago = timezone.now() - timedelta(days=3)
    Device.objects.update(created_at=long_ago)
    Device.objects.filter(pk=core.pk).update(last_success_at=long_ago)
    assert look_for_stale() == ["core1 stale", "never stale"]
    assert look_for_stale() == []
    end(core, "hostname a\n")
    assert look_for_stale() == ["core1 recovered"], "although no backup had failed"
    Device.objects.filter(pk=core.pk).update(last_success_at=long_ago + timedelta(hours=1))
    assert look_for_stale() == ["core1 stale"], "again, and so it is news again"


def test_an_objective_that_is_changed_is_no_news_and_missing_it_again_is(make_channel: MakeChannel) -> None:
    make_channel(*ALL)
    core = make_device(hours=24)
    Device.objects.update(created_at=timezone.now() - timedelta(hours=30))
    assert look_for_stale() == ["core1 stale"]
    Tag.objects.update(max_age_hours=48)
    assert look_for_stale() == []
    assert not StaleNotice.objects.exists()
    Tag.objects.update(max_age_hours=24)
    assert look_for_stale() == ["core1 stale"]
    Device.objects.filter(pk=core.pk).update(enabled=False)
    assert look_for_stale() == []
    assert not StaleNotice.objects.exists()


def test_many_that_become_stale_are_told_in_parts(make_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch) -> None:
    make_channel("stale", mode="job")
    for number in range(5):
        make_device(f"core{number}", hours=1)
    Device.objects.update(created_at=timezone.now() - timedelta(hours=2))
    monkeypatch.setattr(noticing, "BATCH", 2)
    assert sorted(look_for_stale()) == [f"core{number} stale" for number in range(5)]
    assert Delivery.objects.count() == 1
    assert look_for_stale() == []


def test_stale_devices_are_looked_for_once_a_minute(make_channel: MakeChannel, django_assert_num_queries: Any) -> None:
    make_device(hours=1)
    look()
    Device.objects.update(created_at=timezone.now() - timedelta(hours=2))
    with django_assert_num_queries(3):
        look()
    assert not StaleNotice.objects.exists()


def test_a_channel_hears_of_devices_with_its_tags_only(make_channel: MakeChannel) -> None:
    of_core, of_both = make_channel("failed", tags=("core",)), make_channel("failed", tags=("core", "edge"))
    of_all, of_none = make_channel("failed"), make_channel("failed", tags=("gone",))
    Tag.objects.get(name="gone").delete()
    off = make_channel("failed", enabled=False)
    deaf = make_channel("changed", "recovered", "stale")
    for name, *tags in (("core1", "core"), ("edge1", "edge"), ("both1", "core", "edge"), ("bare1",)):
        end(make_device(name, *tags), reason="timeout")
    look()
    heard = {
        channel: sorted(
            DeliveryItem.objects.filter(delivery__channel=channel).values_list("device__hostname", flat=True)
        )
        for channel in Channel.objects.all()
    }
    assert heard == {
        of_core: ["both1", "core1"],
        of_both: ["both1", "core1", "edge1"],
        of_all: ["bare1", "both1", "core1", "edge1"],
        of_none: [],
        off: [],
        deaf: [],
    }


def test_what_happened_before_there_was_a_channel_is_no_news(make_channel: MakeChannel) -> None:
    end(make_device(), reason="timeout")
    look()
    make_channel(*ALL)
    assert news() == []


def test_a_digest_per_job_waits_for_its_end_and_for_all_its_backups(make_channel: MakeChannel) -> None:
    make_channel("failed", mode="job")
    running, other = (Job.objects.create(trigger="schedule", status="running") for _ in range(2))
    for number in range(3):
        end(make_device(f"core{number}"), reason="timeout", job=running)
        assert look() == 1
    end(make_device("edge1"), reason="timeout", job=other)
    Job.objects.filter(pk=other.pk).update(status="failed")
    look()
    digest, ended = Delivery.objects.order_by("created_at")
    assert (digest.job_id, digest.items.count(), digest.next_try_at) == (running.pk, 3, None)
    assert (ended.job_id, ended.items.count()) == (other.pk, 1)
    assert list(Delivery.objects.due()) == [ended]
    Job.objects.filter(pk=running.pk).update(status="failed")
    look()
    assert set(Delivery.objects.due()) == {digest, ended}


def test_digests_by_time_collect_until_they_are_due(make_channel: MakeChannel) -> None:
    daily = make_channel("failed", mode="daily", digest_time=time(7), time_zone="Europe/Berlin")
    for number in range(3):
        end(make_device(f"core{number}"), reason="timeout")
        look()
    delivery = Delivery.objects.get()
    assert delivery.items.count() == 3
    assert delivery.next_try_at == next_digest(daily, delivery.created_at)


@pytest.mark.parametrize(
    ("mode", "zone", "at", "now", "due"),
    [
        ("hourly", "UTC", time(7), "2026-11-24T10:20", "2026-11-24T11:00"),
        ("daily", "Europe/Berlin", time(7), "2026-11-24T05:59", "2026-11-24T06:00"),
        ("daily", "Europe/Berlin", time(7), "2026-11-24T06:00", "2026-11-25T06:00"),
        ("daily", "Europe/Berlin", time(7), "2026-10-24T12:00", "2026-10-25T06:00"),
        ("daily", "Europe/Berlin", time(2, 30), "2026-03-29T00:00", "2026-03-29T01:30"),  # there is no 02:30
        ("daily", "Europe/Berlin", time(2, 30), "2026-10-25T00:00", "2026-10-25T00:30"),  # the first of two
        ("daily", "Europe/Berlin", time(2, 30), "2026-10-25T00:45", "2026-10-26T01:30"),
        ("daily", "Mars/Olympus", time(7), "2026-11-24T10:20", "2026-11-25T07:00"),
    ],
)
def test_a_digest_is_due_at_its_time_of_day(mode: str, zone: str, at: time, now: str, due: str) -> None:
    channel = Channel(mode=mode, time_zone=zone, digest_time=at)
    moment, expected = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, due))
    assert next_digest(channel, moment) == expected


def test_many_backups_take_few_statements(
    make_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    make_channel("failed", tags=("core",))
    make_channel("failed", mode="job")
    job = Job.objects.create(trigger="schedule", status="failed")
    for number in range(60):
        end(make_device(f"core{number}", "core"), reason="timeout", job=job)
    look()
    Backup.objects.update(noticed=False)
    monkeypatch.setattr(noticing, "BATCH", 30)
    with django_assert_max_num_queries(2 * 15 + 8):
        look()
    assert DeliveryItem.objects.count() == 240
    assert not Backup.objects.unnoticed().exists()
