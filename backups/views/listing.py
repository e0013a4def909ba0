"""A configuration as HTML, line by line: numbers, anchors, colours, sections that fold, and what was found in it.

Made without the template engine, which takes twenty times as long for so many small pieces.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from django.utils.safestring import SafeString, mark_safe

from backups.highlighting import Piece
from backups.sections import Section

LINE_SHOWN = 5_000  # characters of it

Span = tuple[int, int]


@dataclass(frozen=True)
class Listing:
    """What is shown; `margin` is HTML before lines, by number from 0."""

    lines: Sequence[str]  # printable
    sections: Sequence[Section] = ()
    colours: Sequence[Sequence[Piece]] | None = None
    found: Mapping[int, Sequence[Span]] = field(default_factory=dict)
    margin: Mapping[int, SafeString] | None = None
    folded: bool = False

    def html(self) -> SafeString:
        """All lines. Those below the first one of a section are `<details>`, whose summary lies in its margin."""
        return mark_safe("".join(self._parts()))  # noqa: S308  (every text in it was escaped)

    def _parts(self) -> Iterator[str]:
        starts = {section.start: section.end for section in self.sections}
        hits, end = sorted(self.found), -1
        for number in range(len(self.lines)):
            if number == end:
                yield "</details>"
            yield self._line(number)
            if number in starts:
                end = starts[number]
                holds_hit = bisect_left(hits, number + 1) < bisect_left(hits, end)
                opened = " open" if holds_hit or not self.folded else ""
                words = f"Lines {number + 2} to {end}"
                yield f'<details{opened}><summary><span class="nr-hidden">{words}</span></summary>'
        if end == len(self.lines):
            yield "</details>"

    def _line(self, number: int) -> str:
        spans = self.found.get(number, ())
        hit = " nr-hit" if spans else ""
        margin = "" if self.margin is None else f'<span class="nr-margin">{self.margin.get(number, "")}</span>'
        pieces = [("", self.lines[number])] if self.colours is None else self.colours[number]
        return (
            f'<div class="nr-line{hit}" id="L{number + 1}">{margin}'
            f'<a href="#L{number + 1}" tabindex="-1">{number + 1}</a>'
            f'<span class="nr-text">{paint(pieces, spans)}</span>\n</div>'
        )


def paint(pieces: Sequence[Piece], marks: Sequence[Span] = (), element: str = "mark") -> str:
    """A line as escaped HTML: its pieces in their colours, and marks over them. The rest of a long one is left out."""
    if len(pieces) == 1 and not marks and len(pieces[0][1]) <= LINE_SHOWN:
        return _coloured(*pieces[0])
    length = sum(len(text) for _, text in pieces)
    cut = min(length, LINE_SHOWN)
    parts: list[str] = []
    at = 0
    for start, end in (*marks, (cut, cut)):
        start, end = min(start, cut), min(end, cut)
        parts += [_coloured(*piece) for piece in _slice(pieces, at, start)]
        if start < end:
            parts += f"<{element}>", *(_coloured(*piece) for piece in _slice(pieces, start, end)), f"</{element}>"
        at = end
    if cut < length:
        parts.append(f'<span class="nr-cut"> … {length - cut} more characters</span>')
    return "".join(parts)


def _slice(pieces: Sequence[Piece], start: int, end: int) -> Iterator[Piece]:
    at = 0
    for colour, text in pieces:
        if at >= end:
            return
        part = text[max(start - at, 0) : end - at]
        if part:
            yield colour, part
        at += len(text)


def _coloured(colour: str, text: str) -> str:
    return f'<span class="{colour}">{escape(text)}</span>' if colour else escape(text)
