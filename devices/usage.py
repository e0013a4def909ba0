"""What chooses devices by tags or platforms, and so keeps those from being deleted: it would choose others then."""

from collections.abc import Collection

from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.db.models import Model

from devices.models import Device, Platform, Tag

Asking = PermissionsMixin | AnonymousUser
NAMED = 5


def choosing(records: Collection[Tag] | Collection[Platform], user: Asking) -> str:
    """What names one of them, such as `the schedules “nightly core” and “weekly”`; empty if nothing does.

    Without names for who may not see these.
    """
    found: dict[type[Model], dict[str, None]] = {}
    for relation in next(iter(records))._meta.related_objects if records else ():
        model = relation.related_model
        if relation.many_to_many and model is not Device:
            choosers = model._default_manager.filter(**{f"{relation.field.name}__in": records}).distinct()
            found.setdefault(model, {}).update(dict.fromkeys(map(str, choosers)))
    return " and ".join(_in_words(model, sorted(names), user) for model, names in found.items() if names)


def _in_words(model: type[Model], names: list[str], user: Asking) -> str:
    meta = model._meta
    kind = str(meta.verbose_name if len(names) == 1 else meta.verbose_name_plural)
    if not user.has_perm(f"{meta.app_label}.{get_permission_codename('view', meta)}"):
        return f"{len(names)} {kind}"
    quoted = [f"“{name}”" for name in names[:NAMED]] + (["more"] if len(names) > NAMED else [])
    return f"the {kind} {' and '.join(filter(None, [', '.join(quoted[:-1]), quoted[-1]]))}"
