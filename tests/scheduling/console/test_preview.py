"""What a schedule would do, shown before it is saved."""

from django.test import Client

from scheduling.models import Schedule
from tests.scheduling.conftest import AddDevices, local, make_schedule
from tests.scheduling.console.forms import ADD, LIST, VALID, change, errors, filled, hide, text_of


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
