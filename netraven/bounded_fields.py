"""Fields that look at their value only if it is not too long: a request of 2.5 MB must not be a minute's work."""

from typing import Any, ClassVar

from django.db.models import Model
from rest_framework import serializers

MOST_NAMES = 100  # in one list


class BoundedCharField(serializers.CharField):
    """Text that other validators see only if it is not too long: what they look up may take its time."""

    def to_internal_value(self, data: Any) -> str:
        """The text. Raises ValidationError."""
        text = super().to_internal_value(data)
        if self.max_length is not None and len(text.strip()) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return text


class BoundedListField(serializers.ListField):
    """A list whose entries are looked at only if they are not too many: DRF looks at all, and names each wrong one."""

    def to_internal_value(self, data: Any) -> list[Any]:
        """The entries. Raises ValidationError."""
        if self.max_length is not None and isinstance(data, list) and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)


class NamesField(BoundedListField):
    """Names of at most a hundred records, all found with one query."""

    model: ClassVar[type[Model]]
    key: ClassVar[str] = "name"

    def __init__(self, **options: Any) -> None:
        limits: dict[str, Any] = {"max_length": MOST_NAMES, "child": serializers.CharField(max_length=150)}
        super().__init__(**limits | options)

    def to_internal_value(self, data: Any) -> list[Any]:
        """The records. Raises ValidationError for names that are none."""
        names = super().to_internal_value(data)
        records = list(self.model._default_manager.filter(**{f"{self.key}__in": names}))
        if unknown := sorted(set(names) - {getattr(record, self.key) for record in records}):
            raise serializers.ValidationError(f"No such {self.model._meta.verbose_name}: {', '.join(unknown)}.")
        return records

    def to_representation(self, data: Any) -> list[str]:
        """The names of a relation's records."""
        return [getattr(record, self.key) for record in data.all()]
