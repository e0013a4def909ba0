"""The page of the coming week, and the schedules on the pages of devices and tags."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.test import Client, override_settings
from django.urls import reverse

from devices.models import Device, Platform, Tag
from scheduling.covering import schedules_covering
from scheduling.models import Schedule
from scheduling.targets import Targets
from scheduling.week import LOADS_SHOWN
from tests.pages.conftest import login, make_user  # noqa: F401 (fixtures)
from tests.scheduling.conftest import NOW, AddDevices, local, make_schedule

Login = Callable[..., Client]
WEEK = "/schedules/week/"
VIEWER = ("devices.view_device", "backups.view_backup", "scheduling.view_schedule")


@pytest.fixture
def viewer(login: Login) -> Client:  # noqa: F811
    return login("nobody", *VIEWER)


def week_of(client: Client, **query: str) -> dict[tuple[str, int], tuple[int, int]]:
    """By day and hour, the runs and the backups that the page shows."""
    answer = client.get(WEEK, query)
    assert answer.status_code == 200
    hours = answer.context["week"].hours
    return {(f"{day:%a %d}", hour): (cell.runs, cell.backups) for (day, hour), cell in hours.items()}


def text_of(client: Client, url: str, **query: str) -> str:
    answer = client.get(url, query)
    assert answer.status_code == 200
    return answer.content.decode()


# --- the week ---------------------------------------------------------------------------------------------------------


def test_only_who_may_see_schedules_sees_the_week(login: Login, client: Client) -> None:  # noqa: F811
    assert client.get(WEEK)["Location"].startswith(reverse("admin:login"))
    assert login("operator").get(WEEK).status_code == 403
    answer = login("nobody", "scheduling.view_schedule").get(WEEK)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert login("superuser").post(WEEK).status_code == 405


def test_the_week_begins_today_and_leaves_out_what_has_passed(viewer: Client, add_devices: AddDevices) -> None:
    add_devices("r1", "r2")
    make_schedule("at ten", time="10:00", time_zone="UTC")  # it is twelve o'clock
    make_schedule("at one", time="13:00", time_zone="UTC")
    found = week_of(viewer)
    assert ("Tue 01", 10) not in found
    assert found["Tue 01", 13] == (1, 2)
    assert found["Mon 07", 10] == (1, 2)
    assert len(found) == 13
    text = text_of(viewer, WEEK)
    assert "in UTC" in text
    assert text.count("at one") == 7


def test_the_next_week_and_back(viewer: Client, add_devices: AddDevices) -> None:
    add_devices("r1")
    make_schedule(schedule_type="once", start_at=local("2026-12-10 08:00", "UTC"), time_zone="UTC")
    assert week_of(viewer) == {}
    assert "Nothing is due in these days." in text_of(viewer, WEEK)
    assert 'href="?start=2026-12-08"' in text_of(viewer, WEEK)
    assert "Previous week" not in text_of(viewer, WEEK)
    assert week_of(viewer, start="2026-12-08") == {("Thu 10", 8): (1, 1)}
    assert 'href="?start=2026-12-01"' in text_of(viewer, WEEK, start="2026-12-08")
    assert 'href="?start=2026-12-01"' in text_of(viewer, WEEK, start="2026-12-04")


@pytest.mark.parametrize("start", ["tomorrow", "2026-13-01", "2026-11-30", "9999-12-31", "\x00", "2"])
def test_a_start_that_cannot_be_is_refused_in_words(start: str, viewer: Client) -> None:
    answer = viewer.get(WEEK, {"start": start}, follow=True)
    assert answer.redirect_chain == [(WEEK, 302)]
    assert "“start”" in answer.content.decode()


def test_the_busiest_hours_are_named_and_darkest(viewer: Client, add_devices: AddDevices) -> None:
    add_devices("r1", "r2", "r3", "r4", tags=("core",))
    add_devices("r5", platform="eos")
    tag = Tag.objects.get(name="core")
    everything = make_schedule("all", schedule_type="once", start_at=local("2026-12-03 04:10", "UTC"), time_zone="UTC")
    core = {"schedule_type": "once", "start_at": local("2026-12-03 04:20", "UTC")}
    make_schedule("core", Targets(tags=[tag.pk]), **core)
    arista = Targets(platforms=[Platform.objects.get(slug="eos").pk])
    make_schedule("arista", arista, schedule_type="once", start_at=local("2026-12-05 05:00", "UTC"))
    answer = viewer.get(WEEK)
    peaks = [(f"{hour.day:%a}", hour.hour, hour.backups) for hour in answer.context["week"].peaks]
    assert peaks == [("Thu", 4, 9), ("Sat", 5, 1)]
    assert [hour.shade for hour in answer.context["week"].peaks] == [4, 1]
    text = answer.content.decode()
    assert "Thu 04–05 h</a> with 9 backups in 2 runs" in text
    assert f"{everything.name}</a>" not in text, "the console is not for this user"


def test_who_works_in_the_console_is_led_there(login: Login, add_devices: AddDevices) -> None:  # noqa: F811
    add_devices("r1")
    schedule = make_schedule()
    text = text_of(login("nobody", *VIEWER, staff=True), WEEK)
    assert reverse("admin:scheduling_schedule_change", args=[schedule.pk]) in text


def test_only_devices_that_the_user_sees_are_counted(viewer: Client, add_devices: AddDevices) -> None:
    add_devices("r1", "r2")
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    theirs.devices.add(Device.objects.get(hostname="r2"))
    make_schedule(time="13:00", time_zone="UTC")
    assert week_of(viewer)["Tue 01", 13] == (1, 1)


@pytest.mark.parametrize(("day", "hours"), [("2026-10-25", 25), ("2027-03-28", 23), ("2027-03-29", 24)])
def test_days_on_which_clocks_are_changed_are_whole(
    day: str,
    hours: int,
    login: Login,  # noqa: F811
    add_devices: AddDevices,
) -> None:
    add_devices("r1")
    with time_machine.travel(local(f"{day} 00:00")), override_settings(TIME_ZONE="Europe/Berlin"):
        make_schedule(schedule_type="interval", interval_minutes=60, start_at=local("2026-01-01 00:05"))
        found = week_of(login("nobody", *VIEWER))
    of_the_day = [runs for (name, _), (runs, _) in found.items() if name.endswith(day[-2:])]
    assert sum(of_the_day) == hours
    assert len({name for name, _ in found}) == 7
    assert sum(runs for runs, _ in found.values()) == 6 * 24 + hours


def test_zones_off_the_hour_have_their_own_hours(viewer: Client, add_devices: AddDevices) -> None:
    add_devices("r1")
    make_schedule(time="18:15", time_zone="Asia/Kolkata")
    with override_settings(TIME_ZONE="Asia/Kolkata"):
        assert week_of(viewer)["Wed 02", 18] == (1, 1)
        assert "in Asia/Kolkata" in text_of(viewer, WEEK)


def test_an_hour_names_the_largest_schedules_and_counts_the_others(
    viewer: Client, add_devices: AddDevices, django_assert_max_num_queries: Any
) -> None:
    add_devices("r1")
    for number in range(LOADS_SHOWN + 5):
        make_schedule(f"s{number:02}", time="13:00", time_zone="UTC")
    with django_assert_max_num_queries(16):
        text = text_of(viewer, WEEK)
    assert text.count("and 5 more schedules") == 7
    assert text.count("<li>13:00") == 7 * LOADS_SHOWN


def test_without_schedules_the_page_says_what_to_do(viewer: Client, login: Login) -> None:  # noqa: F811
    assert "Somebody who may add schedules" in text_of(viewer, WEEK)
    assert reverse("admin:scheduling_schedule_add") in text_of(login("superuser"), WEEK)
    make_schedule(enabled=False)
    assert "1 schedule is paused" in text_of(viewer, WEEK)


def test_the_way_there_is_in_the_navigation(viewer: Client, login: Login) -> None:  # noqa: F811
    assert f'href="{WEEK}"' in text_of(viewer, reverse("pages:devices"))
    assert f'href="{WEEK}"' not in text_of(login("operator"), reverse("pages:devices"))
    assert reverse("admin:scheduling_schedule_changelist") in text_of(login("superuser"), reverse("admin:index"))


# --- devices and tags -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_a_schedule_covers_the_devices_that_it_means(seed: int, add_devices: AddDevices) -> None:
    chance = random.Random(seed)
    devices = add_devices("a", "b", "c", "d") + add_devices("e", "f", platform="eos") + add_devices("g", enabled=False)
    tags = [Tag.objects.create(name=name) for name in "xyz"]
    for device in devices:
        device.tags.set(chance.sample(tags, chance.randint(0, 3)))
    platforms = list(Platform.objects.filter(slug__in=("ios", "eos")))

    def some(records: list[Any], most: int) -> list[Any]:
        return [record.pk for record in chance.sample(records, chance.randint(0, most))]

    for number in range(40):
        targets = Targets(
            all_devices=chance.random() < 0.2,
            devices=[*some(devices, 2), devices[0].pk] if number % 4 == 0 else some(devices, 2),
            tags=some(tags, 2),
            tag_match=chance.choice(["any", "all"]),
            platforms=some(platforms, 1),
            excluded_devices=some(devices, 1),
            excluded_tags=some(tags, 1),
        )
        if targets.name_something:
            make_schedule(f"s{number}", targets)
    meant = {schedule.pk: set(Targets.of(schedule).find()) for schedule in Schedule.objects.all()}
    for device in devices:
        covering = {pk for pk, found in meant.items() if device in found}
        assert set(schedules_covering(device).values_list("pk", flat=True)) == covering, device.hostname
    assert any(meant.values())


def test_a_device_page_lists_its_schedules_the_next_one_first(
    viewer: Client, add_devices: AddDevices, django_assert_max_num_queries: Any
) -> None:
    device, other = add_devices("r1", "r2")
    make_schedule("later", time="05:00")
    make_schedule("sooner", time="02:00")
    make_schedule("asleep", enabled=False)
    make_schedule("others", Targets(devices=[other.pk]))
    url = reverse("pages:device", args=[device.pk])
    text = text_of(viewer, url)
    places = [text.index(name) for name in ("sooner", "later", "asleep")]
    assert places == sorted(places)
    assert "others" not in text
    assert 'datetime="2026-12-02T01:00:00Z">Wed 2026-12-02 01:00</time>' in text
    for number in range(30):
        make_schedule(f"more{number}")
    with django_assert_max_num_queries(16):
        text = text_of(viewer, url)
    assert "More than these 20" in text


def test_a_device_without_schedules_says_so(viewer: Client, login: Login, add_devices: AddDevices) -> None:  # noqa: F811
    (device,) = add_devices("r1")
    (disabled,) = add_devices("r2", enabled=False)
    url = reverse("pages:device", args=[device.pk])
    assert "No schedule backs this device up." in text_of(viewer, url)
    make_schedule("nightly")
    assert "nightly" in text_of(viewer, url)
    assert "leave disabled devices out" in text_of(viewer, reverse("pages:device", args=[disabled.pk]))
    assert "nightly" not in text_of(login("operator"), url), "they may not see schedules"


def test_a_tag_page_lists_the_schedules_that_name_it(login: Login) -> None:  # noqa: F811
    tag = Tag.objects.create(name="core")
    url = reverse("admin:devices_tag_change", args=[tag.pk])
    root = login("superuser")
    assert "No schedule names this tag." in text_of(root, url)
    make_schedule("nightly core", Targets(tags=[tag.pk]))
    assert "nightly core" in text_of(root, url)
    assert "nightly core" not in text_of(login("nobody", "devices.view_tag", staff=True), url)
    assert root.get(reverse("admin:devices_tag_add")).status_code == 200


def test_what_people_write_is_escaped(login: Login, add_devices: AddDevices) -> None:  # noqa: F811
    script = "<script>alert(1)</script>"
    (device,) = add_devices("r1")
    schedule = make_schedule(script, comments=script)
    root = login("superuser")
    assert NOW - timedelta(days=1) < schedule.created_at
    for url in (
        WEEK,
        reverse("pages:device", args=[device.pk]),
        reverse("admin:scheduling_schedule_changelist"),
        reverse("admin:scheduling_schedule_change", args=[schedule.pk]),
    ):
        assert script not in text_of(root, url), url
