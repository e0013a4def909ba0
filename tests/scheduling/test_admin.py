"""Schedules in the operator console."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backups.models import Job
from devices.models import Device, Platform, Tag
from scheduling.models import Schedule, ScheduleRun
from scheduling.targets import Targets
from tests.pages.conftest import login, make_backup, make_user  # noqa: F401 (fixtures)
from tests.scheduling.conftest import AddDevices, local, make_schedule

Login = Callable[..., Client]
LIST, ADD = "/admin/scheduling/schedule/", "/admin/scheduling/schedule/add/"
EDITOR = (
    "scheduling.view_schedule",
    "scheduling.add_schedule",
    "scheduling.change_schedule",
    "devices.view_device",
    "devices.view_tag",
    "devices.view_platform",
)
VALID = {
    "name": "nightly",
    "enabled": "on",
    "schedule_type": "daily",
    "time_zone": "Europe/Berlin",
    "time": "02:30",
    "day_rule": "day",
    "start_at_0": "2026-12-01",
    "start_at_1": "00:00",
    "spread_minutes": "0",
    "all_devices": "on",
    "tag_match": "any",
    "missed": "run_once",
    "overlap": "join",
}


@pytest.fixture
def root(login: Login) -> Client:  # noqa: F811
    return login("superuser")


@pytest.fixture
def editor(login: Login) -> Client:  # noqa: F811
    return login("nobody", *EDITOR, staff=True)


def change(schedule: Schedule) -> str:
    return reverse("admin:scheduling_schedule_change", args=[schedule.pk])


def button(name: str, schedule: Schedule) -> str:
    return reverse(f"admin:scheduling_schedule_{name}", args=[schedule.pk])


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def filled(client: Client, url: str, **more: Any) -> dict[str, Any]:
    """What a browser without JavaScript would send of this page, if more is filled in; None leaves a field out."""
    form = client.get(url).context["adminform"].form
    data: dict[str, Any] = {}
    for field in form:
        value = field.value()
        if field.name in ("start_at", "end_at"):
            for number, part in enumerate(field.field.widget.decompress(value)):
                data[f"{field.name}_{number}"] = str(part or "")
        elif isinstance(value, (list, tuple)):
            offered = {str(choice.pk) for choice in getattr(field.field, "queryset", [])}
            data[field.name] = [str(getattr(one, "pk", one)) for one in value]
            if hasattr(field.field, "queryset"):
                data[field.name] = [one for one in data[field.name] if one in offered]
        elif value or (value is not False and value == 0):
            data[field.name] = "on" if value is True else str(value)
    return {name: value for name, value in (data | more).items() if value is not None}


def errors(client: Client, url: str, data: dict[str, Any]) -> dict[str, list[str]]:
    answer = client.post(url, data)
    assert answer.status_code == 200, "it was saved"
    found = answer.context["adminform"].form.errors
    return {name: list(told) for name, told in found.items()}


def hide(*devices: Device) -> None:
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    theirs.devices.add(*devices)


# --- the form -----------------------------------------------------------------------------------------------------


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


# --- the preview ----------------------------------------------------------------------------------------------------


def test_a_preview_saves_nothing(root: Client, add_devices: AddDevices) -> None:
    add_devices("r1", "r2")
    answer = root.post(ADD, VALID | {"_preview": "Preview"})
    text = answer.content.decode()
    assert not Schedule.objects.exists()
    assert "Nothing is saved yet. With this, it runs: Every day at 02:30 (Europe/Berlin)." in text
    assert text.count("02:30 <span") == 10
    assert 'datetime="2026-12-02T01:30:00Z">Wed 2026-12-02 01:30</time>' in text
    assert "2 devices now" in text
    assert 'value="nightly"' in text, "what was filled in stays"


def test_a_preview_of_a_stored_schedule_leaves_it_as_it_is(root: Client, add_devices: AddDevices) -> None:
    add_devices("r1", "r2")
    schedule = make_schedule()
    data = filled(root, change(schedule), time="05:00", all_devices=None, hostnames="r2", _preview="Preview")
    text = root.post(change(schedule), data).content.decode()
    assert "Every day at 05:00" in text
    assert "<strong>1 device now</strong>" in text
    schedule.refresh_from_db()
    assert (str(schedule.time), schedule.all_devices) == ("02:30:00", True)
    assert not schedule.devices.exists()


def test_a_preview_of_what_is_wrong_says_so_at_the_field(root: Client) -> None:
    assert list(errors(root, ADD, VALID | {"time": "", "_preview": "Preview"})) == ["time"]
    text = root.post(ADD, VALID | {"schedule_type": "once", "_preview": "Preview"}).content.decode()
    assert "It has no time to come: it would never run." in text


def test_the_page_shows_the_next_ten_runs_across_a_change_of_clocks(root: Client) -> None:
    schedule = make_schedule(start_at=local("2027-03-26 00:00"))
    text = text_of(root, change(schedule))
    assert 'Sat 2027-03-27 02:30 <span class="nr-quiet">UTC+01:00</span>' in text
    assert 'Sun 2027-03-28 03:00 <span class="nr-quiet">UTC+02:00</span>' in text
    assert 'datetime="2027-03-28T01:00:00Z">Sun 2027-03-28 01:00</time>' in text


def test_the_devices_of_a_schedule_are_listed_as_far_as_the_user_sees_them(
    editor: Client, add_devices: AddDevices
) -> None:
    devices = add_devices(*(f"r{number:02}" for number in range(60)))
    hide(*devices[:3])
    text = text_of(editor, change(make_schedule()))
    assert "<strong>60 devices now</strong>, 3 of which you do not see" in text
    assert "r00" not in text
    assert "r52" in text
    assert "r53" not in text
    assert "and 7 more" in text
    assert '<td class="field-devices_now">57</td>' in text_of(editor, LIST)


# --- buttons and actions --------------------------------------------------------------------------------------------


def test_run_now_leads_to_the_job(root: Client, add_devices: AddDevices) -> None:
    add_devices("r1", "r2")
    schedule = make_schedule()
    answer = root.post(button("run", schedule), follow=True)
    run = ScheduleRun.objects.get()
    assert answer.redirect_chain == [(reverse("pages:job", args=[run.job_id]), 302)]
    assert "“nightly” runs now: 2 devices." in answer.content.decode()
    assert run.cause == "manual"
    user = answer.wsgi_request.user.get_username()
    page = text_of(root, change(schedule))
    assert f"Asked for by {user}." in page
    assert reverse("pages:job", args=[run.job_id]) in page
    assert "Run by hand." in text_of(root, reverse("admin:scheduling_schedule_history", args=[schedule.pk]))


def test_running_without_devices_says_so(root: Client) -> None:
    schedule = make_schedule()
    text = root.post(button("run", schedule), follow=True).content.decode()
    assert "“nightly” did not run: " in text
    assert "No enabled device matches." in text


def test_pause_resume_and_duplicate(root: Client) -> None:
    schedule = make_schedule()
    assert "is paused" in root.post(button("pause", schedule), follow=True).content.decode()
    schedule.refresh_from_db()
    assert (schedule.enabled, schedule.next_run_at) == (False, None)
    assert "is enabled" in root.post(button("resume", schedule), follow=True).content.decode()
    schedule.refresh_from_db()
    assert schedule.next_run_at == local("2026-12-02 02:30")
    answer = root.post(button("duplicate", schedule), follow=True)
    copy = Schedule.objects.get(name="nightly (copy)")
    assert answer.redirect_chain == [(change(copy), 302)]
    assert not copy.enabled


def test_the_actions_of_the_list_do_the_same(root: Client, add_devices: AddDevices) -> None:
    add_devices("r1")
    schedules = [make_schedule("one"), make_schedule("two")]

    def act(name: str) -> str:
        data = {"action": name, "_selected_action": [str(schedule.pk) for schedule in schedules]}
        return root.post(LIST, data, follow=True).content.decode()

    assert "“one” is paused" in act("pause_selected")
    assert not Schedule.objects.filter(enabled=True).exists()
    assert "nothing to do" in act("pause_selected")
    assert "“two” is enabled" in act("resume_selected")
    assert "“two” runs now: 1 device." in act("run_selected")
    assert ScheduleRun.objects.count() == 2
    assert "“two (copy)” was made" in act("duplicate_selected")
    assert Schedule.objects.count() == 4


@pytest.mark.parametrize("name", ["run", "pause", "resume", "duplicate"])
def test_buttons_need_a_post_its_token_and_the_permission(name: str, root: Client, login: Login) -> None:  # noqa: F811
    schedule = make_schedule()
    assert root.get(button(name, schedule)).status_code == 405
    viewer = login("nobody", "scheduling.view_schedule", staff=True)
    assert viewer.post(button(name, schedule)).status_code == 403
    assert button(name, schedule) not in text_of(viewer, change(schedule))
    assert login("nobody", staff=True).post(button(name, schedule)).status_code == 403
    root.handler.enforce_csrf_checks = True
    assert root.post(button(name, schedule)).status_code == 403
    schedule.refresh_from_db()
    assert schedule.enabled
    assert not ScheduleRun.objects.exists()
    assert Schedule.objects.count() == 1


def test_running_needs_the_permission_to_back_up(editor: Client, login: Login) -> None:  # noqa: F811
    schedule = make_schedule()
    assert button("run", schedule) not in text_of(editor, change(schedule))
    assert editor.post(button("run", schedule)).status_code == 403
    operator = login("operator", *EDITOR, staff=True)
    assert button("run", schedule) in text_of(operator, change(schedule))


def test_an_unknown_schedule_is_not_found(root: Client) -> None:
    schedule = make_schedule()
    url = button("run", schedule)
    schedule.delete()
    assert root.post(url).status_code == 404


def test_who_may_only_look_sees_no_form_and_no_name_of_an_unseen_device(
    login: Login,  # noqa: F811
    add_devices: AddDevices,
) -> None:
    seen, unseen = add_devices("seen1", "unseen1")
    hide(unseen)
    tag = Tag.objects.create(name="core")
    schedule = make_schedule(targets=Targets(devices=[seen.pk, unseen.pk], tags=[tag.pk]))
    viewer = login("nobody", "scheduling.view_schedule", staff=True)
    text = text_of(viewer, change(schedule))
    assert "seen1" in text
    assert "unseen1" not in text
    assert "Any of the tags: core" in text
    assert "_preview" not in text
    assert viewer.post(change(schedule), VALID).status_code == 403
    assert viewer.get(ADD).status_code == 403


def test_a_schedule_is_deleted_without_listing_its_history(root: Client) -> None:
    schedule = make_schedule()
    ScheduleRun.objects.create(schedule=schedule, due_at=timezone.now(), outcome="empty", message="Nothing there.")
    url = reverse("admin:scheduling_schedule_delete", args=[schedule.pk])
    assert "2026-12-01 12:00" not in text_of(root, url)
    root.post(url, {"post": "yes"})
    assert not Schedule.objects.exists()
    assert not ScheduleRun.objects.exists()


# --- the list and the history -----------------------------------------------------------------------------------------


def add_run(schedule: Schedule, device: Device, hours_ago: int, status: str = "completed") -> ScheduleRun:
    moment = timezone.now() - timedelta(hours=hours_ago)
    times = {"created_at": moment, "started_at": moment, "finished_at": moment + timedelta(minutes=3)}
    job = Job.objects.create(trigger="schedule", status=status, **times)
    if status == "completed":
        make_backup(job, device, "hostname r1\n", minutes_ago=60 * hours_ago, version=1, changed=True)
    else:
        make_backup(job, device, minutes_ago=60 * hours_ago, status="failed", failure_reason="timeout", error="Slow.")
    return ScheduleRun.objects.create(
        schedule=schedule, due_at=moment, created_at=moment, outcome="started", job=job, message=f"run {hours_ago}"
    )


def test_the_list_tells_what_is_next_and_what_was_last(root: Client, add_devices: AddDevices) -> None:
    (device,) = add_devices("r1")
    schedule = make_schedule()
    add_run(schedule, device, 30)
    run = add_run(schedule, device, 3, "failed")
    text = text_of(root, LIST)
    assert "Every day at 02:30 (Europe/Berlin)" in text
    assert "Wed 2026-12-02 01:30 UTC</time>" in text
    assert '<span class="nr-quiet">Wed 2026-12-02 02:30 Europe/Berlin</span>' in text
    assert '<span class="nr-badge nr-failed">' in text
    assert f'<a href="{reverse("pages:job", args=[run.job_id])}"><time' in text
    assert "3 hours ago" in text.replace("\xa0", " ")


def test_the_history_counts_the_backups_of_each_run(root: Client, add_devices: AddDevices) -> None:
    (device,) = add_devices("r1")
    schedule = make_schedule()
    for hours in range(1, 31):
        add_run(schedule, device, hours, "failed" if hours == 1 else "completed")
    ScheduleRun.objects.create(schedule=schedule, due_at=timezone.now(), outcome="missed", message="Nobody was there.")
    text = text_of(root, change(schedule))
    assert "Skipped: missed" in text
    assert "Nobody was there." in text
    assert '<td class="nr-number">0</td><td class="nr-number">1</td><td class="nr-number">0</td>' in text
    assert "3 min 0 s" in text
    assert "run 19<" in text
    assert "run 20<" not in text
    assert "The newest 20 are shown." in text


def test_jobs_and_devices_of_others_are_not_shown(editor: Client, add_devices: AddDevices) -> None:
    (device,) = add_devices("unseen1")
    hide(device)
    schedule = make_schedule()
    run = add_run(schedule, device, 1)
    for url in (LIST, change(schedule)):
        assert str(run.job_id) not in text_of(editor, url)


@pytest.mark.parametrize("page", ["list", "one"])
def test_pages_take_the_same_queries_for_many(
    page: str, root: Client, add_devices: AddDevices, django_assert_max_num_queries: Any
) -> None:
    devices = add_devices(*(f"r{number}" for number in range(40)), tags=("core",))
    tag = Tag.objects.get(name="core")
    schedules = [
        make_schedule(f"s{number}", targets=Targets(tags=[tag.pk], excluded_devices=[devices[number].pk]))
        for number in range(30)
    ]
    for schedule in schedules:
        for hours in range(3):
            add_run(schedule, devices[hours], hours)
    with django_assert_max_num_queries(18 if page == "list" else 45):
        text = text_of(root, LIST if page == "list" else change(schedules[0]))
    assert (">39<" if page == "list" else "39 devices now") in text


def test_the_list_is_filtered_and_searched(root: Client) -> None:
    make_schedule("alpha", comments="for the audit")
    make_schedule("beta", enabled=False)
    make_schedule("gamma", enabled=False)
    Schedule.objects.filter(name="gamma").update(disabled_reason="Broken.")

    def names(**query: str) -> list[str]:
        return [schedule.name for schedule in root.get(LIST, query).context["cl"].result_list]

    assert names() == ["alpha", "beta", "gamma"]
    assert names(state="enabled") == ["alpha"]
    assert names(state="paused") == ["beta"]
    assert names(state="disabled") == ["gamma"]
    assert names(q="audit") == ["alpha"]
    assert names(schedule_type__exact="weekly") == []
    for order in ("2", "-4"):
        assert root.get(LIST, {"o": order}).status_code == 200


def test_an_empty_list_says_what_to_do(root: Client, login: Login) -> None:  # noqa: F811
    assert "Add the first one" in text_of(root, LIST)
    assert "Ask somebody who may add schedules" in text_of(
        login("nobody", "scheduling.view_schedule", staff=True), LIST
    )


def test_the_search_for_devices_finds_those_that_the_user_sees(editor: Client, add_devices: AddDevices) -> None:
    _, unseen = add_devices("seen1", "unseen1")
    hide(unseen)
    query = {"app_label": "scheduling", "model_name": "schedule", "field_name": "devices", "term": "seen"}
    found = editor.get(reverse("admin:autocomplete"), query).json()["results"]
    assert [row["text"] for row in found] == ["seen1"]


def test_platforms_and_tags_are_chosen_by_check_boxes_and_lists(root: Client) -> None:
    tag = Tag.objects.create(name="core")
    platform = Platform.objects.get(slug="ios")
    fields = {"tags": [str(tag.pk)], "platforms": [str(platform.pk)], "tag_match": "all"}
    root.post(ADD, {name: value for name, value in (VALID | fields).items() if name != "all_devices"})
    schedule = Schedule.objects.get()
    assert (list(schedule.tags.all()), list(schedule.platforms.all())) == ([tag], [platform])
    assert (schedule.tag_match, schedule.all_devices) == ("all", False)
