"""What the page of a backup shows of its configuration."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backups import storage
from backups.blame import History, blame
from backups.fingerprint import split_lines
from backups.highlighting import highlight
from backups.models import Backup
from backups.sections import Outline
from backups.templatetags.records import printable
from backups.views.access import UserRequest
from backups.views.listing import Listing, Span

# Of a configuration; its download has all
LINES_SHOWN = 60_000
CHARACTERS_SHOWN = 8_000_000
QUERY_LENGTH = 200
HITS_MARKED = 2_000
HITS_LINKED = 25


def shown(request: UserRequest, backup: Backup, text: str) -> dict[str, Any]:
    """The context of the template, from the text that this user may read. Raises CorruptBackup or StorageFailed."""
    lines = split_lines(text.rstrip("\r\n"))
    part = [printable(line) for line in _room_for(lines)]
    outline, query = Outline(part), request.GET.get("find", "")[:QUERY_LENGTH]
    colours = highlight(part, backup.device.platform.driver, outline)
    hits = dict(_find(part, query)) if query else {}
    context: dict[str, Any] = {"line_count": len(lines), "shown_count": len(part), "find": query}
    if request.GET.get("blame") == "1":
        history = context["history"] = blame(backup, storage.read_text(backup))
        context["oldest"] = history.backups[-1]
    listing = Listing(
        lines=part,
        sections=outline.sections(),
        colours=colours,
        found=hits,
        margin=_margin(context["history"], len(part)) if "history" in context else None,
        folded=request.GET.get("fold") == "1",
    )
    context |= {"listing": listing.html(), "has_sections": bool(listing.sections), "coloured": colours is not None}
    return context | {"hits": [number + 1 for number in list(hits)[:HITS_LINKED]], "hit_count": len(hits)}


def _room_for(lines: Sequence[str]) -> Iterator[str]:
    room = CHARACTERS_SHOWN
    for line in lines[:LINES_SHOWN]:
        room -= len(line)
        if room < 0:
            return
        yield line


def _find(lines: Sequence[str], query: str) -> Iterator[tuple[int, list[Span]]]:
    """Lines in which the text is, in any case, and where; not where any more after so many."""
    wanted, room = re.compile(re.escape(printable(query)), re.IGNORECASE), HITS_MARKED
    for number, line in enumerate(lines):
        if room > 0:
            spans = [match.span() for match, _ in zip(wanted.finditer(line), range(room), strict=False)]
            room -= len(spans)
        else:
            spans = [(0, 0)] if wanted.search(line) else []
        if spans:
            yield number, spans


def _margin(history: History, length: int) -> dict[int, SafeString]:
    """The version before the first of several lines that it brought."""
    margin: dict[int, SafeString] = {}
    labels: dict[Backup, SafeString] = {}
    last: Backup | None = None
    for number in range(length):
        origin = history.origins.get(number + 1)
        if origin is None:  # changes by itself
            continue
        if origin.backup is not last:
            if origin.backup not in labels:
                labels[origin.backup] = _label(origin.backup, or_older=origin.or_older)
            margin[number], last = labels[origin.backup], origin.backup
    return margin


def _label(backup: Backup, *, or_older: bool) -> SafeString:
    version = "incomplete" if backup.version is None else f"v{backup.version}"
    moment = backup.finished_at or backup.created_at
    if or_older:
        return format_html('<a href="{}" title="This version or an older one">≤ {}</a>', _page(backup), version)
    return format_html('<a href="{}">{}</a> {}', _page(backup), version, f"{moment:%Y-%m-%d}")


def _page(backup: Backup) -> str:
    """What the version changed; the first one is shown whole."""
    return reverse("pages:backup" if backup.version == 1 else "pages:diff-with-previous", args=[backup.pk])
