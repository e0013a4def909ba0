"""Which backups have a damaged file, as the last verification found it.

What a verification finds is an entry in the log of the backup: an error, or later that the file is intact again.
"""

import uuid
from collections.abc import Iterable

from django.db.models import Case, OuterRef, Subquery, TextField, Value, When

from backups.models import Backup, BackupQuerySet, JobLog


def with_damage(backups: BackupQuerySet) -> BackupQuerySet:
    """Each with `damage`: what is wrong with its file; empty or None if nothing is known to be."""
    findings = JobLog.objects.filter(backup=OuterRef("pk"), event=JobLog.Event.UPKEEP).order_by("-id")
    is_error = When(level=JobLog.Level.ERROR, then="message")
    newest = findings.values_list(Case(is_error, default=Value(""), output_field=TextField()))[:1]
    return backups.annotate(damage=Subquery(newest))


def damaged_among(backups: Iterable[Backup]) -> set[uuid.UUID]:
    """Keys of those that are known to be damaged, in one query."""
    rows = with_damage(Backup.objects.filter(pk__in=[backup.pk for backup in backups]))
    return {backup.pk for backup in rows.only("pk") if getattr(backup, "damage", "")}
