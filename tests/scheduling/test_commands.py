"""The commands as an operator calls them; tests/system/test_schedules.py has them as processes."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from backups.models import Job
from scheduling.models import Schedule
from scheduling.tick import tick
from tests.scheduling.conftest import AddDevices, local, make_schedule

pytestmark = pytest.mark.django_db


def output_of(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def line_with(name: str, text: str) -> list[str]:
    """The cells of a row of a table."""
    (line,) = [line for line in text.splitlines() if name in line]
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_the_list_tells_when_they_run_and_what_came_of_it(add_devices: AddDevices) -> None:
    add_devices("a")
    make_schedule("nightly")
    make_schedule("weekly [b]", schedule_type="weekly", weekdays=["mon"], enabled=False)
    make_schedule("gone")
    tick(local("2026-12-02 02:30"))
    Schedule.objects.filter(name="gone").update(time_zone="Europe/Atlantis")
    tick(local("2026-12-03 02:30"))
    listed = output_of("list_schedules")
    assert line_with("nightly", listed) == [
        *("nightly", "Every day at 02:30 (Europe/Berlin)", "2026-12-04 01:30", "2026-12-03 01:30", "joined"),
    ]
    assert line_with("weekly", listed)[:4] == [
        *("weekly [b]", "Every Monday at 02:30 (Europe/Berlin)", "disabled", "–"),
    ]
    assert line_with("gone", listed)[2:] == [
        *("disabled: There is no time zone “Europe/Atlantis”.", "2026-12-03 01:30", "broken"),
    ]
    assert "weekly" not in output_of("list_schedules", "--enabled")


def test_a_schedule_is_run_by_name(add_devices: AddDevices) -> None:
    add_devices("a", "b")
    make_schedule("nightly", enabled=False)
    told = output_of("run_schedule", "nightly")
    job = Job.objects.get()
    assert told == f"Job {job.pk}: 2 devices.\n"
    assert job.progress()["pending"] == 2


def test_what_cannot_be_run_is_one_line(add_devices: AddDevices) -> None:
    with pytest.raises(CommandError, match="No such schedule: nightly"):
        output_of("run_schedule", "nightly")
    make_schedule("nightly")
    with pytest.raises(CommandError, match="nightly: No enabled device matches") as error:
        output_of("run_schedule", "nightly")
    assert error.value.returncode == 1
