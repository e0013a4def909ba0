"""What logs in with a credential, and so keeps it from being deleted."""

from collections.abc import Collection

from django.db.models import PROTECT

from credentials.models import Credential


def count_uses(credentials: Collection[Credential]) -> dict[str, int]:
    """How many devices, tags and so on have one of them, by what a person calls those: {"device": 2, "tag": 1}.

    Who they are is not told: the user may not see them all.
    """
    counts = {}
    relations = Credential._meta.related_objects
    through = {relation.through for relation in relations if relation.many_to_many}  # type: ignore[attr-defined]
    for relation in relations:
        protects = getattr(relation, "on_delete", None) is PROTECT and relation.related_model not in through
        if relation.many_to_many or protects:
            users = relation.related_model._default_manager.filter(**{f"{relation.field.name}__in": credentials})
            if number := users.distinct().count():
                counts[str(relation.related_model._meta.verbose_name)] = number
    return counts


def in_words(counts: dict[str, int]) -> str:
    """`1 device`, `2 devices and 1 tag`, `2 devices, 1 gateway and 3 tags`."""
    *parts, last = [f"{number} {name}{'s' if number > 1 else ''}" for name, number in sorted(counts.items())]
    return f"{', '.join(parts)} and {last}" if parts else last
