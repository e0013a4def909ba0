"""How changes look in the console."""

from typing import Any

from django import template
from django.template.defaultfilters import truncatechars

from backups.templatetags.records import printable

register = template.Library()

LONGEST = 200  # characters of a value


@register.filter
def words(field: str) -> str:
    """`max_sessions` as `max sessions`."""
    return field.replace("_", " ")


@register.filter
def value(what: Any) -> str:
    """A value as people say it, cut if it is long."""
    match what:
        case None | "" | [] | {}:
            return "nothing"
        case bool():
            return "yes" if what else "no"
        case list():
            return truncatechars(printable(", ".join(map(str, what))), LONGEST)
    return str(truncatechars(printable(str(what)), LONGEST))
