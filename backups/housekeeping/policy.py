"""Which backups of a device are kept. Pure: times and a policy go in, decisions come out.

A day and a week are those of NetRaven's time zone; weeks begin on Monday. A backup belongs to the day on which it
finished, by the clock on the wall.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.conf import settings
from django.utils import timezone


@dataclass(frozen=True)
class Policy:
    """Keep the last so many, the newest of each of so many days, the newest of each of so many weeks."""

    last: int
    days: int
    weeks: int
    zone: tzinfo

    @classmethod
    def from_settings(cls) -> "Policy":
        """As NETRAVEN_KEEP_LAST, NETRAVEN_KEEP_DAILY, NETRAVEN_KEEP_WEEKLY and NETRAVEN_TIME_ZONE say."""
        config = settings.NETRAVEN
        zone = timezone.get_default_timezone()
        return cls(config["KEEP_LAST"], config["KEEP_DAILY"], config["KEEP_WEEKLY"], zone)

    @property
    def keeps_everything(self) -> bool:
        """All three are 0: nothing is ever deleted."""
        return not (self.last or self.days or self.weeks)

    def __str__(self) -> str:
        return f"the last {self.last}, one a day for {self.days} days, one a week for {self.weeks} weeks"


class Calendar:
    """How old a moment is in days and in weeks, and how far a policy reaches back: today and this week are number 0."""

    def __init__(self, policy: Policy, now: datetime) -> None:
        self._policy = policy
        self._today = self._number(now)

    def day(self, moment: datetime) -> int | None:
        """Its age in days; None if that is more than the policy has days."""
        age = self._today - self._number(moment)
        return age if age < self._policy.days else None

    def week(self, moment: datetime) -> int | None:
        """Its age in weeks; None if that is more than the policy has weeks."""
        age = self._today // 7 - self._number(moment) // 7
        return age if age < self._policy.weeks else None

    def _number(self, moment: datetime) -> int:
        """Of a day; a Monday's is a multiple of 7."""
        return moment.astimezone(self._policy.zone).toordinal() - 1


class GoodOnes:
    """Decides over the good backups of one device, told newest first: what is kept, and what may go.

    The newest is always kept, and whatever finished in the same instant: it is the last good one, which the next backup
    is compared with. What is left of a history is kept by the same policy again: a second run deletes nothing more.
    """

    def __init__(self, policy: Policy, now: datetime) -> None:
        self._last, self._calendar = policy.last, Calendar(policy, now)
        self._newest: datetime | None = None
        self._number = 0
        self._days: set[int | None] = {None}
        self._weeks: set[int | None] = {None}

    def keeps(self, finished_at: datetime) -> bool:
        """Whether the next older one is kept."""
        day, week = self._calendar.day(finished_at), self._calendar.week(finished_at)
        first_of_period = day not in self._days or week not in self._weeks
        self._days.add(day)
        self._weeks.add(week)
        self._newest = self._newest or finished_at
        self._number += 1
        return first_of_period or self._number <= self._last or finished_at == self._newest


class FailedOnes:
    """Decides over the failed backups of one device, told newest first.

    They are kept as far back as the policy's days and weeks reach, and the last so many in any case; the newest always.
    So is the newest one that waits to be accepted: it may be all there is of a device's present configuration.
    """

    def __init__(self, policy: Policy, now: datetime) -> None:
        self._last, self._calendar = max(policy.last, 1), Calendar(policy, now)
        self._number = 0
        self._one_waits = False

    def keeps(self, finished_at: datetime, *, waiting: bool) -> bool:
        """Whether the next older one is kept; `waiting` is one that an operator may still accept."""
        newest_waiting = waiting and not self._one_waits
        self._one_waits |= waiting
        self._number += 1
        recent = self._calendar.day(finished_at) is not None or self._calendar.week(finished_at) is not None
        return recent or newest_waiting or self._number <= self._last
