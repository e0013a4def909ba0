"""Every address there is, from the URL configuration: a new one is measured without being listed anywhere."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver, get_resolver

from netraven.lab.bench.responses.samples import Samples

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Address:
    """A pattern of the URL configuration; `template` is its path with names such as `<pk>` in it."""

    template: str
    pattern: URLPattern

    @property
    def name(self) -> str:
        """As the URL configuration calls it."""
        return self.pattern.name or ""

    @property
    def view(self) -> Any:
        """The class of a view of the API, None for others."""
        return getattr(self.pattern.callback, "cls", None)

    @property
    def is_api(self) -> bool:
        """Of the REST API."""
        return self.template.startswith("/api/")

    @property
    def reads(self) -> bool:
        """Whether it answers GET, as far as that can be known without asking."""
        if self.view is None:
            return True
        actions = getattr(self.pattern.callback, "actions", None)
        return "get" in actions if actions is not None else hasattr(self.view, "get")

    def parameters(self, samples: Samples) -> dict[str, str] | None:
        """A value for each name in the path; None if there is no record to take one from."""
        found: dict[str, str] = {}
        parts = self.template.split("/")
        for place, part in enumerate(parts):
            if name := PARAMETER.fullmatch(part):
                value = samples.value(name[1], [before for before in parts[:place] if before])
                if value is None:
                    return None
                found[name[1]] = value
        return found

    def path(self, parameters: dict[str, str]) -> str:
        """With the values in their places."""
        return PARAMETER.sub(lambda name: parameters[name[1]], self.template)


def all_addresses() -> list[Address]:
    """Of API, pages and console, each template once."""
    found: dict[str, Address] = {}
    for route, pattern in _walk(get_resolver().url_patterns, ""):
        template = simplify_regex(route)
        found.setdefault(template, Address(template, pattern))
    return list(found.values())


def _walk(patterns: list[Any], before: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route, pattern
