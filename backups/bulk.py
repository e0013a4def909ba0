"""Many rows at once, by statements whose text costs nothing to write.

Django writes the text of an UPDATE or INSERT anew each time, which takes a worker several times as long as the
database needs to carry it out.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model

Fields = Sequence["Field[Any, Any]"]
AT_ONCE = 500  # rows in one INSERT: databases count its values


def insert_rows(rows: Sequence[Model]) -> None:
    """Insert rows of one model, whose keys the database gives; the objects do not get to know them."""
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        model, fields = type(some[0]), _fields(type(some[0]))
        with connection.cursor() as cursor:
            cursor.execute(_insert(model, len(some)), [value for row in some for value in _values(row, fields)])


def update_rows(rows: Sequence[Model], names: tuple[str, ...]) -> None:
    """Write these fields of rows of one model, each found by its key."""
    if rows:
        model, fields = type(rows[0]), _named(type(rows[0]), names)
        with connection.cursor() as cursor:
            cursor.executemany(_update(model, names), [_values(row, fields) for row in rows])


def _values(row: Model, fields: Fields) -> list[Any]:
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]


def _fields(model: type[Model]) -> Fields:
    return [field for field in model._meta.concrete_fields if not field.primary_key]


def _named(model: type[Model], names: tuple[str, ...]) -> Fields:
    """The fields of these names, and last the key."""
    by_name = {field.name: field for field in model._meta.concrete_fields}
    return [*(by_name[name] for name in names), by_name[model._meta.pk.name]]


def _insert(model: type[Model], rows: int) -> str:
    columns = [_quoted(field) for field in _fields(model)]
    marks = ", ".join([f"({', '.join(['%s'] * len(columns))})"] * rows)
    return f"INSERT INTO {_table(model)} ({', '.join(columns)}) VALUES {marks}"  # noqa: S608  # names of our own


@cache
def _update(model: type[Model], names: tuple[str, ...]) -> str:
    *columns, key = [f"{_quoted(field)} = %s" for field in _named(model, names)]
    return f"UPDATE {_table(model)} SET {', '.join(columns)} WHERE {key}"  # noqa: S608  # names of our own


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _quoted(field: "Field[Any, Any]") -> str:
    return connection.ops.quote_name(str(field.column))
