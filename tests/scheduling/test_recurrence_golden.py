"""A whole year of each type, to read with one's own eyes: each line is what the clock shows, its offset, and UTC.

The files were made by the oracle beside this file, which shares no code with the recurrences. 2025: in Berlin clocks
were changed on 30 March and 26 October, in New York on 9 March and 2 November, on Lord Howe on 6 April and 5 October
by half an hour, and in Casablanca on 23 February and 6 April, around Ramadan.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduling.recurrence import LAST, Recurrence, occurrences
from tests.scheduling.conftest import local, recurrence

GOLDEN = Path(__file__).parent / "golden"
YEAR = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
TEN_YEARS = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
SUNDAY = 6
PLACES = {
    "berlin": "Europe/Berlin",
    "new-york": "America/New_York",
    "lord-howe": "Australia/Lord_Howe",
    "casablanca": "Africa/Casablanca",
}

RULES: dict[str, Recurrence] = {
    "once": recurrence("once", start=local("2025-10-26 02:15")),
    "every-24-hours-berlin": recurrence("interval", minutes=24 * 60, start=local("2024-12-31 02:15")),
    "monthly-31st-berlin": recurrence("monthly", time="02:15", day=31),
    "monthly-last-day-new-york": recurrence("monthly", "America/New_York", time="23:45", day_rule="last_day"),
    "monthly-last-sunday-berlin": recurrence(
        "monthly", time="02:15", day_rule="weekday", ordinal=LAST, ordinal_weekday=SUNDAY
    ),
    "monthly-first-sunday-lord-howe": recurrence(
        "monthly", "Australia/Lord_Howe", time="02:15", day_rule="weekday", ordinal=1, ordinal_weekday=SUNDAY
    ),
    "yearly-29-february-berlin": recurrence("yearly", time="02:15", month=2, day=29, start=LONG_AGO),
    "yearly-last-sunday-of-march-berlin": recurrence(
        "yearly", time="02:15", month=3, day_rule="weekday", ordinal=LAST, ordinal_weekday=SUNDAY, start=LONG_AGO
    ),
    "cron-every-half-hour-berlin": recurrence("cron", cron="*/30 * * 3,10 sun"),
    "cron-every-half-hour-lord-howe": recurrence("cron", "Australia/Lord_Howe", cron="*/30 * * 4,10 sun"),
    **{f"daily-{place}": recurrence("daily", zone, time="02:15") for place, zone in PLACES.items()},
    **{
        f"weekly-{place}": recurrence("weekly", zone, time="01:45", weekdays=frozenset({2, SUNDAY}))
        for place, zone in PLACES.items()
    },
    **{f"cron-{place}": recurrence("cron", zone, cron="15,45 1,2 * * sun") for place, zone in PLACES.items()},
}


@pytest.mark.parametrize("name", RULES)
def test_a_whole_year_is_as_it_was_read_and_found_right(name: str) -> None:
    rule = RULES[name]
    start, end = TEN_YEARS if name.startswith("yearly") else YEAR
    ending = Recurrence(**{**vars(rule), "end": end - timedelta(microseconds=1)})
    lines = [line_of(moment, rule.zone) for moment in occurrences(ending, start - timedelta(microseconds=1))]
    assert lines == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def test_each_golden_list_is_used() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(RULES)


def line_of(moment: datetime, zone: ZoneInfo) -> str:
    """`Sun 2025-03-30 03:00+02:00  2025-03-30T01:00Z`."""
    shown = moment.astimezone(zone)
    return f"{shown:%a} {shown.isoformat(' ', 'minutes')}  {moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
