"""The log of a job: one row per event, soon after it happens, and at once a structured line in the process log.

The steps of a backup that goes well are debug lines there: rendering them took as long as reading the facts, and the
rows have them.
"""

import uuid
from collections.abc import Callable
from typing import Any

import structlog

from backups.database import patiently, storable
from backups.models import Backup, JobLog
from backups.secrecy import mask_details, mask_quotation, quotes

logger = structlog.get_logger("netraven.backups")

LEVEL_NUMBERS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
Event = JobLog.Event
STEPS = {Event.BACKUP_START, Event.LOGIN, Event.CONNECT, Event.CONNECT_SUCCESS, Event.COMMAND, Event.RESPONSE}


def save_now(entry: JobLog) -> None:
    """Commit one event at once."""
    patiently(entry.save, force_insert=True)


class JobLogger:
    """Takes the events of one job, or of one backup in it; it is a `devices.connection.SessionLog`.

    `keep` stores an event's row. A worker's threads hand in one that only queues it: its own thread alone talks to the
    database.
    """

    def __init__(
        self, job_id: uuid.UUID, backup: Backup | None = None, keep: Callable[[JobLog], None] = save_now
    ) -> None:
        self.job_id = job_id
        self.backup = backup
        self._keep = keep
        self._process_log = logger.bind(job_id=str(job_id))
        if backup:
            self._process_log = self._process_log.bind(backup_id=str(backup.pk), device=backup.device.hostname)

    def __call__(self, event: str, message: str, *, level: str = "info", **details: Any) -> None:
        """Record one event; `details` are JSON values.

        Whoever logs keeps secrets out: sessions scrub their log-in from what they say. What they quote may hold
        secrets of a configuration, which are masked here.
        """
        if quotes(details.get("reason")):
            message = mask_quotation(message)
        message, details = storable(message), mask_details(details)
        details = {key: storable(value) if isinstance(value, str) else value for key, value in details.items()}
        process_level = "debug" if level == "info" and event in STEPS else level
        self._process_log.log(LEVEL_NUMBERS[process_level], message, log_event=event, **details)
        self._keep(
            JobLog(job_id=self.job_id, backup=self.backup, event=event, level=level, message=message, details=details)
        )
