"""Backups that run by themselves: schedules are to come."""
