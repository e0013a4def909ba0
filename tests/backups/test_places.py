"""Who takes a place in a worker, by the state of its sessions."""

import uuid

import pytest
from pytest_django import Settings

from backups.assignments import Assignment
from backups.models import Backup
from backups.places import Places
from devices.login import LogIns


@pytest.fixture
def now() -> list[float]:
    """A clock that the test sets: `now[0] = 5`."""
    return [0.0]


@pytest.fixture
def places(settings: Settings, now: list[float]) -> Places:
    """Of a worker with ten threads for sessions that work, twenty at the very most; slow means three seconds."""
    settings.NETRAVEN = settings.NETRAVEN | {"THREADS": 10, "MAX_THREADS": 20, "SLOW": 3}
    return Places(clock=lambda: now[0])


def begin(places: Places, count: int) -> list[uuid.UUID]:
    begun = [Backup(pk=uuid.uuid4()) for _ in range(count)]
    for backup in begun:
        places.take(Assignment(backup, LogIns([]), None))
    return [backup.pk for backup in begun]


def test_a_session_takes_a_place_until_it_ends(places: Places) -> None:
    assert places.free() == 10
    first, *_ = begin(places, 10)
    assert (places.free(), places.free_for_first()) == (0, 0)
    places.leave(first)
    assert (places.free(), len(places)) == (1, 9)


def test_a_slow_session_takes_no_place(places: Places, now: list[float]) -> None:
    begin(places, 6)
    now[0] = 2.9
    begin(places, 2)
    assert places.free() == 2
    now[0] = 3.0
    assert (places.free(), len(places)) == (8, 8)


def test_there_is_an_end_to_slow_sessions_but_the_first_of_a_job_still_finds_a_place(
    places: Places, now: list[float]
) -> None:
    slow = begin(places, 10)
    now[0] = 3
    slow += begin(places, places.free())
    now[0] = 6
    assert (len(places), places.free(), places.free_for_first()) == (18, 0, 2)
    begin(places, 2)
    assert (places.free(), places.free_for_first()) == (0, 0)
    for pk in slow[:5]:
        places.leave(pk)
    assert (places.free(), places.free_for_first()) == (3, 5)


@pytest.mark.parametrize(("threads", "most", "free"), [(1, 1, 1), (1, 4, 1), (5, 3, 5), (10, 10, 10)])
def test_odd_settings_leave_places(settings: Settings, threads: int, most: int, free: int) -> None:
    settings.NETRAVEN = settings.NETRAVEN | {"THREADS": threads, "MAX_THREADS": most}
    places = Places()
    assert (places.free(), places.most) == (free, max(threads, most))
    begin(places, free)
    assert places.free() == 0


def test_sessions_are_told_by_their_age(places: Places, now: list[float]) -> None:
    begin(places, 1)
    now[0] = 100
    young = begin(places, 1)
    assert places.begun_since(50) == young


def test_on_a_busy_machine_slow_sessions_keep_their_places(places: Places, now: list[float]) -> None:
    begin(places, 6)
    for _ in range(40):
        now[0] += 0.1
        places.note_round()
    assert places.free() == 10
    for _ in range(40):
        now[0] += 0.6
        places.note_round()
    assert places.free() == 4
