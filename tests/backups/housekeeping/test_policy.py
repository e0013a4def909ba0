"""What is kept, against a slow and simple statement of the same rules."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from backups.housekeeping.policy import FailedOnes, GoodOnes, Policy

# Clocks that jump by an hour, by half an hour, at midnight, by a whole day; and one that never does
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"]
NOW = datetime(2026, 11, 2, 3, 40, tzinfo=UTC)

zones = st.sampled_from([ZoneInfo(name) for name in ZONES])
policies = st.builds(Policy, st.integers(0, 8), st.integers(0, 12), st.integers(0, 60), zones)
moments = st.datetimes(datetime(2011, 12, 1), datetime(2026, 11, 5)).map(lambda moment: moment.replace(tzinfo=UTC))
# Minutes apart, the same instant, days apart, years apart
gaps = st.one_of(st.just(0), st.integers(1, 90), st.integers(1, 60 * 24 * 9), st.just(60 * 24 * 500))
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy


@st.composite
def histories(draw: st.DrawFn) -> list[datetime]:
    """Times, newest first; the newest may be ahead of the clock."""
    moment, found = draw(moments), []
    for gap in draw(st.lists(gaps, max_size=60)):
        moment -= timedelta(minutes=gap)
        found.append(moment)
    return found


def kept_good(history: list[datetime], policy: Policy, now: datetime) -> list[bool]:
    good = GoodOnes(policy, now)
    return [good.keeps(moment) for moment in history]


def kept_failed(history: list[tuple[datetime, bool]], policy: Policy, now: datetime) -> list[bool]:
    failed = FailedOnes(policy, now)
    return [failed.keeps(moment, waiting=waiting) for moment, waiting in history]


def local_day(moment: datetime, policy: Policy) -> date:
    return moment.astimezone(policy.zone).date()


def in_days(moment: datetime, policy: Policy, now: datetime) -> bool:
    return local_day(moment, policy) > local_day(now, policy) - timedelta(days=policy.days)


def in_weeks(moment: datetime, policy: Policy, now: datetime) -> bool:
    today, day = local_day(now, policy), local_day(moment, policy)
    monday = today - timedelta(days=today.weekday())
    return bool(policy.weeks) and day >= monday - timedelta(weeks=policy.weeks - 1)


def stated_good(history: list[datetime], policy: Policy, now: datetime) -> list[bool]:
    """The rules, one after the other, each looking at the whole history."""
    kept = set(range(min(policy.last, len(history))))
    kept |= {index for index, moment in enumerate(history) if moment == history[0]}
    for index, moment in enumerate(history):
        newer = history[:index]
        day, week = local_day(moment, policy), local_day(moment, policy).isocalendar()[:2]
        if in_days(moment, policy, now) and day not in {local_day(other, policy) for other in newer}:
            kept.add(index)
        weeks = {local_day(other, policy).isocalendar()[:2] for other in newer}
        if in_weeks(moment, policy, now) and week not in weeks:
            kept.add(index)
    return [index in kept for index in range(len(history))]


def stated_failed(history: list[tuple[datetime, bool]], policy: Policy, now: datetime) -> list[bool]:
    waiting = [index for index, (_, waits) in enumerate(history) if waits]
    return [
        index < max(policy.last, 1)
        or index in waiting[:1]
        or in_days(moment, policy, now)
        or in_weeks(moment, policy, now)
        for index, (moment, _) in enumerate(history)
    ]


@unhurried
@given(histories(), policies, moments)
def test_good_backups_are_kept_as_the_rules_say(history: list[datetime], policy: Policy, now: datetime) -> None:
    assert kept_good(history, policy, now) == stated_good(history, policy, now)


@unhurried
@given(histories(), st.data(), policies, moments)
def test_failed_backups_are_kept_as_the_rules_say(
    history: list[datetime], data: st.DataObject, policy: Policy, now: datetime
) -> None:
    failed = [(moment, data.draw(st.booleans())) for moment in history]
    assert kept_failed(failed, policy, now) == stated_failed(failed, policy, now)


@unhurried
@given(histories(), policies, moments)
def test_what_is_kept_is_kept_again(history: list[datetime], policy: Policy, now: datetime) -> None:
    left = [moment for moment, kept in zip(history, kept_good(history, policy, now), strict=True) if kept]
    assert all(kept_good(left, policy, now))
    assert left[:1] == history[:1], "the last good one"


@unhurried
@given(histories(), policies)
def test_no_more_is_kept_than_the_policy_has_room_for(history: list[datetime], policy: Policy) -> None:
    history = [moment for moment in history if moment <= NOW]
    kept = kept_good(history, policy, NOW)
    ties = sum(moment == history[0] for moment in history)
    assert sum(kept) <= policy.last + policy.days + policy.weeks + ties


def test_a_policy_of_noughts_keeps_everything() -> None:
    assert Policy(0, 0, 0, UTC).keeps_everything
    assert not any(
        policy.keeps_everything for policy in (Policy(1, 0, 0, UTC), Policy(0, 1, 0, UTC), Policy(0, 0, 1, UTC))
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+00:00")


@pytest.mark.parametrize(
    ("zone", "kept"),
    [
        ("UTC", [True, True, False, True, False]),
        # Berlin's clocks go back on 25 October: it has 25 hours there, from 22:00 UTC of the day before to 23:00 UTC
        ("Europe/Berlin", [True, False, True, False, True]),
    ],
)
def test_a_day_is_the_day_on_the_wall(zone: str, kept: list[bool]) -> None:
    history = [at("10-26T22:30"), at("10-25T23:10"), at("10-25T22:50"), at("10-24T22:10"), at("10-24T21:50")]
    expected = dict(zip(history, kept, strict=True))
    policy = Policy(0, 30, 0, ZoneInfo(zone))
    assert dict(zip(history, kept_good(history, policy, NOW), strict=True)) == expected


def test_a_week_begins_on_monday() -> None:
    sunday, monday, tuesday = at("11-01T12:00"), at("11-02T12:00"), at("11-03T12:00")
    policy = Policy(0, 0, 2, ZoneInfo("UTC"))
    assert kept_good([tuesday, monday, sunday], policy, at("11-04T00:00")) == [True, False, True]
    assert kept_good([tuesday, monday, sunday], Policy(0, 0, 1, UTC), at("11-04T00:00")) == [True, False, False]


def test_the_policy_comes_from_the_settings(settings: Settings) -> None:
    settings.NETRAVEN = django_settings.NETRAVEN | {"KEEP_LAST": 3, "KEEP_DAILY": 14, "KEEP_WEEKLY": 52}
    settings.TIME_ZONE = "Europe/Berlin"
    assert Policy.from_settings() == Policy(3, 14, 52, ZoneInfo("Europe/Berlin"))
    assert str(Policy.from_settings()) == "the last 3, one a day for 14 days, one a week for 52 weeks"
