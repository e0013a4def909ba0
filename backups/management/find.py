"""Records that a command line names."""

from typing import TypeVar

from django.core.management.base import CommandError
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def find(rows: QuerySet[Row], **name: str) -> Row:
    """The row with this name: `find(Device.objects.all(), hostname="core1")`. Raises CommandError if there is none."""
    found = rows.filter(**name).first()
    if found is None:
        raise CommandError(f"No such {rows.model._meta.verbose_name}: {', '.join(name.values())}")
    return found
