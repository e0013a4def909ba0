"""What has changed: as it is written into the trail, and as it is read from it."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import models

from credentials.fields import SecretField
from devices.models import Device

# By the name of the field: the old and the new value, or what was linked: {"added": [{"id": …, "name": …}], "of": …}
Changes = Mapping[str, Any]
EMPTY: tuple[object, ...] = (None, "", [], {})
MOST_LINKED = 1000  # records that one entry names


@dataclasses.dataclass(frozen=True)
class Change:
    """Of one field. `hidden` is how many names the reader is not told."""

    field: str
    old: Any = None
    new: Any = None
    added: list[str] = dataclasses.field(default_factory=list)
    removed: list[str] = dataclasses.field(default_factory=list)
    hidden: int = 0


def with_names(record: models.Model, changes: Changes) -> dict[str, Any]:
    """Names in place of the keys of other records, and nothing of fields that were empty and are so still."""
    worth_telling = {
        name: what if isinstance(what, dict) else list(what)
        for name, what in changes.items()
        if isinstance(what, dict) or not all(value in EMPTY for value in what)
    }
    for leading in record._meta.concrete_fields:
        if isinstance(leading, models.ForeignKey) and (pair := worth_telling.get(leading.name)):
            names = _names(record, leading, {str(key) for key in pair if key is not None})
            worth_telling[leading.name] = [None if key is None else names.get(str(key), str(key)) for key in pair]
    return worth_telling


def describe_linked(
    instance: models.Model, linked: models.QuerySet[Any], field_name: str, *, added: bool
) -> dict[str, Any]:
    """What was linked with a record. Seen from the other side, the field is named after what is there."""
    if _lacks(instance, field_name):
        field_name = str(linked.model._meta.verbose_name_plural)
    if not linked.query.where:  # all were taken away, and the library does not know which
        return {field_name: {"cleared": True}}
    rows = list(without_secrets(linked)[:MOST_LINKED])
    return {field_name: linked_rows(rows, added=added)} if rows else {}


def linked_rows(linked: Sequence[models.Model], *, added: bool) -> dict[str, Any]:
    """What is written down of records that were linked with another one, or are not any more."""
    rows = [{"id": str(row.pk), "name": str(row)} for row in linked]
    return {"added" if added else "removed": rows, "of": linked[0]._meta.label}


def without_secrets(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """The same; naming a record decrypts nothing."""
    secrets = [each.name for each in rows.model._meta.local_fields if isinstance(each, SecretField)]
    return rows.defer(*secrets) if secrets else rows


class Reader:
    """Tells a user what the entries of a page say. Devices that the user does not see are counted, not named."""

    def __init__(self, entries: Iterable[Any], user: User | AnonymousUser) -> None:
        named = {row["id"] for entry in entries for row in _devices_in(entry.changes or {})}
        visible = Device.objects.visible_to(user).filter(pk__in=named).values_list("pk", flat=True) if named else []
        self._visible = {str(pk) for pk in visible}

    def changes(self, entry: Any) -> list[Change]:
        """By field, in alphabetical order."""
        return [self._change(name, what) for name, what in sorted((entry.changes or {}).items())]

    def _change(self, name: str, what: Any) -> Change:
        if not isinstance(what, dict):
            return Change(name, *what)
        if what.get("cleared"):
            return Change(name, removed=["all"])
        rows = _rows_of(what)
        names = [row["name"] for row in rows if what["of"] != Device._meta.label or row["id"] in self._visible]
        return Change(name, **{"added" if "added" in what else "removed": names}, hidden=len(rows) - len(names))


def _devices_in(changes: Changes) -> Iterable[dict[str, str]]:
    for what in changes.values():
        if isinstance(what, dict) and what.get("of") == Device._meta.label:
            yield from _rows_of(what)


def _rows_of(what: dict[str, Any]) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = what["added"] if "added" in what else what["removed"]
    return rows


def _names(record: models.Model, leading: "models.ForeignKey[Any, Any]", keys: set[str]) -> dict[str, str]:
    """Of the records with these keys; the one that is at hand is not read again."""
    at_hand = leading.get_cached_value(record, default=None)
    if at_hand is not None and keys == {str(at_hand.pk)}:
        return {str(at_hand.pk): str(at_hand)}
    rows = without_secrets(leading.related_model._default_manager.filter(pk__in=keys))
    return {str(row.pk): str(row) for row in rows}


def _lacks(instance: models.Model, name: str) -> bool:
    return name not in {each.name for each in instance._meta.many_to_many}
