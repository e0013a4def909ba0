"""When backups run by themselves, and what came of it."""

from scheduling.models.run import ScheduleRun, last_run
from scheduling.models.schedule import Schedule, ScheduleQuerySet

__all__ = ["Schedule", "ScheduleQuerySet", "ScheduleRun", "last_run"]
