"""What a cluster does on time, whatever its workers do."""

import threading
from collections.abc import Iterator

import pytest
from django.db import OperationalError

from backups.cluster import clock
from backups.cluster.clock import Clock, keep_on_time
from backups.notifications.duty import notify
from scheduling.tick import tick
from tests.conftest import wait_for

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing to do yet, and often."""
    monkeypatch.setattr(clock, "_duties", [])
    monkeypatch.setattr(clock, "_slow", [])
    monkeypatch.setattr(clock, "INTERVAL", 0.02)


@pytest.fixture
def running() -> Iterator[Clock]:
    thread = Clock()
    thread.start()
    yield thread
    thread.stop()


def test_duties_are_done_again_and_again_whatever_goes_wrong(running: Clock) -> None:
    done: list[str] = []

    def fail() -> None:
        done.append("failed")
        raise LookupError

    def be_away() -> None:
        done.append("away")
        raise OperationalError

    for duty in (fail, be_away, lambda: done.append("done")):
        keep_on_time(duty)
    wait_for(lambda: done.count("done") >= 3, 10, "three rounds")
    assert done[:6] == ["failed", "away", "done"] * 2


def test_a_duty_that_takes_long_holds_up_nothing_else() -> None:
    done: list[str] = []
    go_on = threading.Event()
    keep_on_time(lambda: go_on.wait(10), apart=True)
    keep_on_time(lambda: done.append("done"))
    thread = Clock()
    thread.start()
    wait_for(lambda: len(done) >= 3, 10, "three rounds")
    go_on.set()
    thread.stop()
    assert not thread._others[0].is_alive()


def test_a_stopped_clock_does_nothing_more_and_ends_what_it_has_begun() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def take_long() -> None:
        begun.set()
        go_on.wait(10)
        ended.set()

    keep_on_time(take_long)
    thread = Clock()
    thread.start()
    assert begun.wait(10)
    threading.Timer(0.2, go_on.set).start()
    thread.stop()
    assert ended.is_set()
    assert not thread.is_alive()


def test_a_clock_that_was_never_started_can_be_stopped() -> None:
    Clock().stop()


@pytest.mark.parametrize(("kind", "duty"), [("_duties", tick), ("_slow", notify)])
def test_schedules_and_notifications_are_among_its_duties(
    monkeypatch: pytest.MonkeyPatch, kind: str, duty: clock.Duty
) -> None:
    monkeypatch.undo()
    duties = getattr(clock, kind)
    assert duties.count(duty) == 1
    keep_on_time(duty)
    assert duties.count(duty) == 1, "once is enough"
