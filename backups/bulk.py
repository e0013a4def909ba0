"""Many rows at once, by statements whose text is written once.

Django writes the text of an UPDATE or INSERT anew each time, which takes a worker several times as long as the
database needs to carry it out.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model

Fields = Sequence["Field[Any, Any]"]


def insert_rows(rows: Sequence[Model]) -> None:
    """Insert rows of one model, whose keys the database gives; the objects do not get to know them."""
    if rows:
        fields = _fields(type(rows[0]))
        _execute(_insert(type(rows[0])), [_values(row, fields) for row in rows])


def update_rows(rows: Sequence[Model], names: tuple[str, ...]) -> None:
    """Write these fields of rows of one model, each found by its key."""
    if rows:
        model = type(rows[0])
        _execute(_update(model, names), [_values(row, _named(model, names)) for row in rows])


def _execute(statement: str, values: list[list[Any]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)


def _values(row: Model, fields: Fields) -> list[Any]:
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]


def _fields(model: type[Model]) -> Fields:
    return [field for field in model._meta.concrete_fields if not field.primary_key]


def _named(model: type[Model], names: tuple[str, ...]) -> Fields:
    """The fields of these names, and last the key."""
    by_name = {field.name: field for field in model._meta.concrete_fields}
    return [*(by_name[name] for name in names), by_name[model._meta.pk.name]]


@cache
def _insert(model: type[Model]) -> str:
    columns = [_quoted(field) for field in _fields(model)]
    marks = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {_table(model)} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608  # names of our own


@cache
def _update(model: type[Model], names: tuple[str, ...]) -> str:
    *columns, key = [f"{_quoted(field)} = %s" for field in _named(model, names)]
    return f"UPDATE {_table(model)} SET {', '.join(columns)} WHERE {key}"  # noqa: S608  # names of our own


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _quoted(field: "Field[Any, Any]") -> str:
    return connection.ops.quote_name(str(field.column))
