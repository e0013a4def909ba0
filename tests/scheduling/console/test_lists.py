"""The list of schedules, and what became of their runs."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backups.models import Job
from devices.models import Device, Platform, Tag
from scheduling.models import Schedule, ScheduleRun
from scheduling.targets import Targets
from tests.pages.conftest import make_backup
from tests.scheduling.conftest import AddDevices, make_schedule
from tests.scheduling.console.forms import ADD, LIST, VALID, Login, change, hide, text_of


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


def test_an_empty_list_says_what_to_do(root: Client, login: Login) -> None:
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
