"""Many rows at once: COPY where there is one, statements of many rows elsewhere."""

import json
from collections.abc import Iterable
from itertools import islice
from operator import attrgetter
from random import Random
from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import JSONField, Model

AT_ONCE = 2000  # rows of one statement, where there is no COPY

Row = TypeVar("Row", bound=Model)


def write(model: type[Row], rows: Iterable[Row]) -> None:
    """Insert them, in their order; whatever the database itself numbers is left to it."""
    if connection.vendor == "postgresql":
        _copy(model, rows)
        return
    left = iter(rows)
    while batch := list(islice(left, AT_ONCE)):
        model._default_manager.bulk_create(batch)


def new_id(random: Random) -> UUID:
    """An id that follows from the seed."""
    return UUID(int=random.getrandbits(128), version=4)


def tidy() -> None:
    """What the database's own upkeep would have done in the years that are played here."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _copy(model: type[Row], rows: Iterable[Row]) -> None:
    numbered = ("AutoField", "BigAutoField")
    fields = [field for field in model._meta.concrete_fields if field.get_internal_type() not in numbered]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    values_of = attrgetter(*(field.attname for field in fields))
    # To ask every field how to write a value takes longer than everything else together
    documents = [place for place, field in enumerate(fields) if isinstance(field, JSONField)]
    with connection.cursor() as cursor, cursor.copy(f"COPY {quote(model._meta.db_table)} ({columns}) FROM STDIN") as to:
        for row in rows:
            values = list(values_of(row))
            for place in documents:
                values[place] = json.dumps(values[place])
            to.write_row(values)
