"""Operator console: schedules."""

from scheduling.admin.schedules import ScheduleAdmin

__all__ = ["ScheduleAdmin"]
