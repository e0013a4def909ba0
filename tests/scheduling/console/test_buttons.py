"""What is done with a schedule at the press of a button."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from devices.models import Tag
from scheduling.models import Schedule, ScheduleRun
from scheduling.targets import Targets
from tests.scheduling.conftest import AddDevices, local, make_schedule
from tests.scheduling.console.forms import ADD, EDITOR, LIST, VALID, Login, button, change, hide, text_of


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
def test_buttons_need_a_post_its_token_and_the_permission(name: str, root: Client, login: Login) -> None:
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


def test_running_needs_the_permission_to_back_up(editor: Client, login: Login) -> None:
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
    login: Login,
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
