"""The form of a schedule in the console."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from scheduling.models import Schedule
from scheduling.targets import Targets
from tests.scheduling.conftest import AddDevices, local, make_schedule
from tests.scheduling.console.forms import ADD, LIST, VALID, button, change, errors, filled, hide, text_of


def test_a_schedule_is_made_with_its_next_run(root: Client) -> None:
    answer = root.post(ADD, VALID)
    assert answer["Location"] == LIST
    schedule = Schedule.objects.get()
    assert schedule.next_run_at == local("2026-12-02 02:30")
    assert schedule.start_at == local("2026-12-01 00:00"), "its times are those of its own zone"
    assert schedule.created_by == root.get(LIST).wsgi_request.user


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"schedule_type": "interval", "interval_minutes": "90"}, "Every 90 minutes"),
        ({"schedule_type": "weekly", "weekdays": ["fri", "mon"]}, "Every Monday and Friday at 02:30 (Europe/Berlin)"),
        (
            {"schedule_type": "monthly", "day_rule": "day", "day": "3"},
            "On day 3 of each month at 02:30 (Europe/Berlin)",
        ),
        (
            {"schedule_type": "monthly", "day_rule": "weekday", "ordinal": "-1", "ordinal_weekday": "sun"},
            "On the last Sunday of each month at 02:30 (Europe/Berlin)",
        ),
        (
            {"schedule_type": "yearly", "month": "2", "day_rule": "last_day"},
            "Every year on the last day of February at 02:30 (Europe/Berlin)",
        ),
        ({"schedule_type": "cron", "cron": "5 4 * * *"}, "At “5 4 * * *” (Europe/Berlin)"),
        (
            {"schedule_type": "once", "start_at_0": "2027-01-01", "start_at_1": "12:00"},
            "Once, on 1 January 2027 at 12:00 (Europe/Berlin)",
        ),
    ],
)
def test_each_type_is_made_and_stays_the_same_when_it_is_saved_again(
    fields: dict[str, Any], words: str, root: Client
) -> None:
    assert root.post(ADD, VALID | fields)["Location"] == LIST
    schedule = Schedule.objects.get()
    before = Schedule.objects.filter(pk=schedule.pk).values().get()
    assert words in text_of(root, change(schedule))
    data = filled(root, change(schedule))
    assert root.post(change(schedule), data)["Location"] == LIST
    after = Schedule.objects.filter(pk=schedule.pk).values().get()
    assert after | {"updated_at": None} == before | {"updated_at": None}


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"name": ""}, "name", "This field is required."),
        ({"time": ""}, "time", "A schedule of type “Daily” needs this."),
        ({"time": "25:00"}, "time", "Enter a valid time."),
        ({"schedule_type": "weekly"}, "weekdays", "A schedule of type “Weekly” needs this."),
        ({"schedule_type": "weekly", "weekdays": ["nay"]}, "weekdays", "not one of the available choices"),
        ({"schedule_type": "interval"}, "interval_minutes", "needs this"),
        ({"schedule_type": "monthly", "day_rule": "weekday", "ordinal": "1"}, "ordinal_weekday", "needs this"),
        ({"schedule_type": "cron", "cron": "every day"}, "cron", "is no cron expression"),
        ({"schedule_type": "fortnightly"}, "schedule_type", "not one of the available choices"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "is no time zone"),
        ({"start_at_0": "soon"}, "start_at", "Give a date such as 2026-12-31."),
        ({"start_at_1": ""}, "start_at", "required"),
        ({"start_at_0": "0001-01-01"}, "start_at", "The calendar does not reach so far."),
        ({"end_at_0": "2026-01-01", "end_at_1": "00:00"}, "end_at", "The end is not after the start."),
        ({"end_at_0": "2026-12-01", "end_at_1": "14:00"}, "end_at", "No time is left before this end"),
        ({"schedule_type": "once"}, "start_at", "This time has passed"),
        ({"all_devices": ""}, "devices", "Choose devices, tags or platforms, or all devices."),
        ({"devices": ["rubbish"]}, "devices", "“rubbish” is not a valid UUID."),
        ({"hostnames": "r1 nosuch"}, "hostnames", "or you do not see it: “r1”, “nosuch”"),
        ({"max_run_minutes": "5", "spread_minutes": "10"}, "max_run_minutes", "no longer than the spread"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(fields: dict[str, Any], field: str, message: str, root: Client) -> None:
    data = {name: value for name, value in (VALID | fields).items() if value}
    told = errors(root, ADD, data)
    assert list(told) == [field]
    assert message in told[field][0]
    assert not Schedule.objects.exists()


def test_a_name_that_is_taken_is_refused(root: Client) -> None:
    make_schedule("nightly")
    assert list(errors(root, ADD, VALID)) == ["name"]


def test_what_the_type_does_not_use_is_not_looked_at(root: Client) -> None:
    rubbish = {"cron": "rubbish", "weekdays": ["nay"], "interval_minutes": "-1", "day": "99", "end_at_0": "x"}
    assert list(errors(root, ADD, VALID | rubbish)) == ["end_at"]
    once = {"schedule_type": "once", "start_at_0": "2027-01-01", "time": "rubbish"}
    assert root.post(ADD, VALID | rubbish | once)["Location"] == LIST
    schedule = Schedule.objects.get()
    assert (schedule.cron, schedule.weekdays, schedule.day, schedule.time, schedule.end_at) == (
        "",
        [],
        None,
        None,
        None,
    )


def test_a_start_is_the_first_of_two_and_stays_the_second_if_it_is_left_alone(root: Client) -> None:
    fields = {"start_at_0": "2026-10-25", "start_at_1": "02:30"}  # shown twice in Berlin
    root.post(ADD, VALID | fields)
    schedule = Schedule.objects.get()
    assert schedule.start_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    second = datetime(2026, 10, 25, 1, 30, 15, tzinfo=UTC)
    Schedule.objects.update(start_at=second)
    root.post(change(schedule), filled(root, change(schedule), comments="seen"))
    schedule.refresh_from_db()
    assert (schedule.start_at, schedule.comments) == (second, "seen")


def test_another_zone_moves_the_times(root: Client) -> None:
    root.post(ADD, VALID)
    schedule = Schedule.objects.get()
    root.post(change(schedule), filled(root, change(schedule), time_zone="Asia/Tokyo"))
    schedule.refresh_from_db()
    assert schedule.start_at == local("2026-12-01 00:00", "Asia/Tokyo")
    assert schedule.next_run_at == local("2026-12-02 02:30", "Asia/Tokyo")


def test_devices_are_chosen_by_search_or_by_name(root: Client, add_devices: AddDevices) -> None:
    one, two, three = add_devices("r1", "r2", "r3")
    fields = {"devices": [str(one.pk)], "hostnames": "r2\r\nr1\r\n", "excluded_hostnames": "r3"}
    data = {name: value for name, value in (VALID | fields).items() if name != "all_devices"}
    root.post(ADD, data)
    schedule = Schedule.objects.get()
    assert set(schedule.devices.all()) == {one, two}
    assert set(schedule.excluded_devices.all()) == {three}
    assert set(Targets.of(schedule).find()) == {one, two}


def test_who_does_not_see_a_device_neither_finds_nor_loses_it(
    editor: Client, root: Client, add_devices: AddDevices
) -> None:
    seen, unseen = add_devices("seen1", "unseen1")
    hide(unseen)
    schedule = make_schedule(targets=Targets(devices=[seen.pk, unseen.pk], excluded_devices=[unseen.pk]))
    text = text_of(editor, change(schedule))
    assert "unseen1" not in text
    assert str(unseen.pk) not in text
    assert "1 more, which you do not see, stay chosen." in text
    assert "unseen1" in text_of(root, change(schedule))
    assert (
        "or you do not see it"
        in errors(editor, change(schedule), filled(editor, change(schedule), hostnames="unseen1"))["hostnames"][0]
    )
    assert (
        "not one of the available choices"
        in errors(editor, change(schedule), filled(editor, change(schedule), devices=[str(unseen.pk)]))["devices"][0]
    )
    assert editor.post(change(schedule), filled(editor, change(schedule), devices=[]))["Location"] == LIST
    assert list(schedule.devices.all()) == [unseen]
    assert list(schedule.excluded_devices.all()) == [unseen]


def test_more_devices_than_a_form_may_send_are_edited_by_their_names(editor: Client, add_devices: AddDevices) -> None:
    devices = add_devices(*(f"r{number:04}" for number in range(1500)))
    unseen = devices[7]
    hide(unseen)
    schedule = make_schedule(targets=Targets(devices=[device.pk for device in devices]))
    data = filled(editor, change(schedule))
    names = data["hostnames"].split()
    assert (data["devices"], len(names), unseen.hostname in names) == ([], 1499, False)
    data["hostnames"] = "\r\n".join(name for name in names if name != "r0003")
    assert editor.post(change(schedule), data)["Location"] == LIST
    assert set(schedule.devices.all()) == set(devices) - {devices[3]}


def test_a_schedule_that_netraven_disabled_says_why_until_it_is_mended(root: Client) -> None:
    schedule = make_schedule()
    reason = "There is no time zone “Mars/Olympus”."
    Schedule.objects.update(enabled=False, next_run_at=None, disabled_reason=reason, time_zone="Mars/Olympus")
    for url in (LIST, change(schedule)):
        assert reason in text_of(root, url)
    assert "NetRaven disabled this schedule" in text_of(root, change(schedule))
    answer = root.post(button("resume", schedule), follow=True).content.decode()
    assert "cannot run: Time zone: “Mars/Olympus” is no time zone." in answer
    data = filled(root, change(schedule), time_zone="Europe/Berlin", enabled="on")
    assert root.post(change(schedule), data)["Location"] == LIST
    assert reason not in text_of(root, LIST)
