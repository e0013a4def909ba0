"""What can be asked of a page: what it offers itself by links and forms, so that nothing is listed by hand."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode

from devices.models import Device, HostKey
from netraven.lab.bench.responses.samples import Samples

MOST = 6  # values of one parameter
LAST_PAGE = 1_000_000
NOTHING = "no-such-thing"


def needed_query(name: str, samples: Samples) -> str:
    """For addresses that say nothing without a query: one line each."""
    queries: dict[str, Callable[[], dict[str, Any]]] = {
        "compare": lambda: {"old": samples.previous.pk, "new": samples.backup.pk},
        "host-keys": lambda: {"key": samples.of(HostKey).pk},
        "autocomplete": lambda: {
            "term": "core", "app_label": "scheduling", "model_name": "schedule", "field_name": "devices",
        },
    }  # fmt: skip
    return urlencode(queries[name]()) if name in queries else ""


def offered_queries(html: str, samples: Samples) -> Iterator[str]:
    """Queries that the page's links and its forms lead to: some of each parameter's values, and the last page."""
    parser = Offers()
    parser.feed(html)
    yield from parser.spans
    for name, values in parser.values.items():
        yield from (urlencode({name: value}) for value in _some(values))
    for name in parser.searches:
        yield from (urlencode({name: text}) for text in ("core", samples.of(Device).hostname, NOTHING))
    if "page" in parser.values:
        yield urlencode({"page": LAST_PAGE})


class Offers(HTMLParser):
    """Collects what changes a page's own query: links of one parameter, choices and search fields of its forms."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = defaultdict(list)
        self.searches: list[str] = []
        self.spans: list[str] = []  # queries of several parameters, such as two dates
        self._in_form, self._select = False, ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """A link, a form, or what is in one."""
        given = {name: value or "" for name, value in attributes}
        if tag == "a" and given.get("href", "").startswith("?"):
            self._link(given["href"][1:])
        elif tag == "form":
            self._in_form = given.get("method", "get").lower() == "get"
        elif tag == "select":
            self._select = given.get("name", "") if self._in_form else ""
        elif tag == "option" and self._select and given.get("value"):
            self._offer(self._select, given["value"])
        elif tag == "input" and self._in_form and given.get("name"):
            if given.get("type", "text") in ("text", "search"):
                self.searches.append(given["name"])
            elif given.get("type") in ("checkbox", "radio", "hidden") and given.get("value"):
                self._offer(given["name"], given["value"])

    def handle_endtag(self, tag: str) -> None:
        """The end of a form, or of its choice."""
        if tag == "form":
            self._in_form = False
        if tag in ("form", "select"):
            self._select = ""

    def _link(self, query: str) -> None:
        pairs = parse_qsl(query)
        if len(pairs) == 1:
            self._offer(*pairs[0])
        elif pairs and query not in self.spans:
            self.spans.append(query)

    def _offer(self, name: str, value: str) -> None:
        if value not in self.values[name]:
            self.values[name].append(value)


def _some(values: list[str]) -> list[str]:
    """The first, the last, and some between; numbers in their order."""
    if all(value.isdigit() for value in values):
        values = sorted(values, key=int)
    if len(values) <= MOST:
        return values
    return [values[place * (len(values) - 1) // (MOST - 1)] for place in range(MOST)]
