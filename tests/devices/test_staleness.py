"""Which devices have no good backup within the hours that their tags allow: told from their records alone."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import Device, Platform, Tag
from devices.models.tag import MOST_HOURS

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def tag_of(hours: int | None, name: str = "") -> Tag:
    return Tag.objects.get_or_create(name=name or f"within {hours}", defaults={"max_age_hours": hours})[0]


def add_device(
    hostname: str, *objectives: int | None, good: float | None = None, created: float = 1000, **fields: Any
) -> Device:
    """A device with a tag for each objective; last backed up `good` hours ago, recorded `created` hours ago."""
    device = Device.objects.create(
        hostname=hostname,
        address="192.0.2.1",
        platform=Platform.objects.get(slug="ios"),
        last_success_at=None if good is None else hours_ago(good),
        **fields,
    )
    Device.objects.filter(pk=device.pk).update(created_at=hours_ago(created))
    device.tags.set(tag_of(hours) for hours in objectives)
    return Device.objects.get(pk=device.pk)


def names(devices: Sequence[Device] | Any) -> list[str]:
    return [device.hostname for device in devices]


# objectives of its tags, hours since the last good backup and since it was recorded, enabled:
# the objective, and for how many hours it has been stale (None: it is not)
CASES: dict[str, tuple[tuple[int | None, ...], float | None, float, bool, int | None, float | None]] = {
    "no tag": ((), 1000, 1000, True, None, None),
    "no objective": ((None,), 1000, 1000, True, None, None),
    "in time": ((24,), 23.9, 1000, True, 24, None),
    "as old as it may be": ((24,), 24, 1000, True, 24, None),
    "too old": ((24,), 24.01, 1000, True, 24, 0.01),
    "the strictest tag counts": ((168, 24, None, 48), 30, 1000, True, 24, 6),
    "a looser tag does not": ((168, None), 30, 1000, True, 168, None),
    "never backed up and new": ((24,), None, 23, True, 24, None),
    "never backed up since it was recorded": ((24,), None, 25, True, 24, 1),
    "backed up, and recorded long ago": ((24,), 1, 9000, True, 24, None),
    "disabled": ((24,), 1000, 1000, False, 24, None),
    "disabled before it was ever backed up": ((24,), None, 1000, False, 24, None),
    "the most that a tag may say": ((MOST_HOURS,), MOST_HOURS + 1, MOST_HOURS + 2, True, MOST_HOURS, 1),
}


@pytest.mark.parametrize(("objectives", "good", "created", "enabled", "objective", "stale"), CASES.values(), ids=CASES)
def test_a_device_is_stale_when_its_last_good_backup_is_older_than_its_strictest_tag_allows(
    objectives: tuple[int | None, ...],
    good: float | None,
    created: float,
    enabled: bool,
    objective: int | None,
    stale: float | None,
) -> None:
    device = add_device("core1", *objectives, good=good, created=created, enabled=enabled)
    with time_machine.travel(NOW, tick=False):
        assert device.objective_hours == objective
        assert [tag.max_age_hours for tag in device.objective_tags] == ([] if objective is None else [objective])
        assert device.stale_since == (None if stale is None else hours_ago(stale))
        assert device.is_stale is (stale is not None)
        everything = Device.objects.all()
        assert everything.stale().exists() is (stale is not None)
        assert everything.with_objective().exists() is (objective is not None)
        assert everything.in_time().exists() is (enabled and objective is not None and stale is None)


def test_the_moment_can_be_another_than_now() -> None:
    add_device("core1", 24, good=20)
    assert not Device.objects.stale(NOW + timedelta(hours=4)).exists()
    assert Device.objects.stale(NOW + timedelta(hours=4, seconds=1)).exists()
    assert Device.objects.in_time(NOW + timedelta(hours=4)).exists()


def test_queries_and_rows_say_the_same_at_every_moment() -> None:
    """The query asks whether any tag's hours have passed, the row looks at the fewest."""
    for number in range(30):
        objectives = [hours for place, hours in enumerate((1, 5, 24, None)) if number >> place & 1]
        add_device(f"core{number:02}", *objectives, good=number / 2 if number % 3 else None, created=number)
    shown = Device.objects.prefetch_related("tags")
    seen = set()
    for later in range(-30, 30):
        with time_machine.travel(NOW + timedelta(hours=later, minutes=1), tick=False):
            by_rows = {device.hostname for device in shown if device.is_stale}
            assert set(names(Device.objects.stale())) == by_rows
        seen.add(len(by_rows))
    assert min(seen) == 0
    assert max(seen) > 20


def test_the_longest_stale_come_first_and_equals_by_name() -> None:
    add_device("b", 24, good=30)
    add_device("a", 24, good=30)
    add_device("long", 1, good=20)
    add_device("never", 48, created=900)
    add_device("short", 24, 168, good=25)
    ordered = list(Device.objects.stale(NOW).longest_stale_first())
    assert names(ordered) == ["never", "long", "a", "b", "short"]
    with time_machine.travel(NOW, tick=False):
        moments = [device.stale_since for device in ordered if device.stale_since]
    assert moments == sorted(moments)
    assert len(moments) == 5


def test_disabled_devices_are_left_out_and_can_be_counted() -> None:
    add_device("off", 24, good=30, enabled=False)
    add_device("on", 24, good=30)
    assert names(Device.objects.stale(NOW)) == ["on"]
    assert names(Device.objects.filter(enabled=False).missing_objective(NOW)) == ["off"]


def test_all_tags_that_set_the_objective_are_named() -> None:
    device = add_device("core1", 48, good=1)
    device.tags.add(tag_of(24, "zulu"), tag_of(24, "alpha"), tag_of(None, "none"))
    assert [tag.name for tag in device.objective_tags] == ["alpha", "zulu"]


def test_a_changed_tag_takes_effect_at_once() -> None:
    device = add_device("core1", 24, good=30)
    tag = tag_of(24)
    for hours, stale in ((None, False), (48, False), (29, True)):
        tag.max_age_hours = hours
        tag.save()
        assert Device.objects.stale(NOW).exists() is stale, hours
    device.tags.clear()
    assert not Device.objects.stale(NOW).exists()


def test_a_device_with_several_missed_objectives_is_there_once() -> None:
    add_device("core1", 1, 2, 3, good=30)
    assert names(Device.objects.stale(NOW).longest_stale_first()) == ["core1"]
    assert Device.objects.stale(NOW).count() == 1


def test_stale_devices_are_counted_by_their_tags_with_one_query() -> None:
    add_device("core1", 24, 48, good=30)
    add_device("core2", 48, good=30)
    add_device("core3", 48, None, good=60)
    with CaptureQueriesContext(connection) as asked:
        counted = Device.objects.stale(NOW).count_by_tag()
    assert len(asked) == 1
    # core1 is stale because of the first tag: that shows at its second one, too
    assert counted == {tag_of(24).pk: 1, tag_of(48).pk: 2, tag_of(None).pk: 1}


def test_a_user_is_told_of_visible_devices_only() -> None:
    hidden = add_device("hidden", 24, good=30)
    add_device("seen", 24, good=30)
    restricted = Tag.objects.create(name="restricted", max_age_hours=1)
    restricted.groups.add(Group.objects.create(name="others"))
    hidden.tags.add(restricted)
    visible = Device.objects.visible_to(User.objects.create_user("anna"))
    assert names(visible.stale(NOW)) == ["seen"]
    assert visible.stale(NOW).count_by_tag() == {tag_of(24).pk: 1}


def test_rows_with_their_tags_at_hand_ask_nothing_more() -> None:
    for number in range(10):
        add_device(f"core{number}", 24, 48, good=30)
    rows = list(Device.objects.stale(NOW).prefetch_related("tags"))
    with CaptureQueriesContext(connection) as asked:
        told = [(row.objective_hours, row.objective_tags, row.stale_at, row.stale_since, row.is_stale) for row in rows]
    assert (len(asked), len(told)) == (0, 10)


@pytest.mark.parametrize("hours", [0, -1, MOST_HOURS + 1, 2**31])
def test_an_objective_is_an_hour_at_least_and_ten_years_at_most(hours: int) -> None:
    with pytest.raises(ValidationError) as refused:
        Tag(name="core", max_age_hours=hours).full_clean()
    assert list(refused.value.message_dict) == ["max_age_hours"]
    for hours in (1, MOST_HOURS):
        Tag(name="core", max_age_hours=hours).full_clean()
