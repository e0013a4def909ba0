"""A diff as the rows of a table: hunks, and the unchanged lines between them, shown or hidden."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape

from django.utils.safestring import SafeString, mark_safe

from backups.diff import CONTEXT, Diff, Hunk, Line, count
from backups.diff_words import Pair, Span, pair_lines
from backups.templatetags.records import printable
from backups.views.listing import paint

ROWS_SHOWN = 10_000  # of a diff; its patch has all
# An address has room for so many
MOST_OPENED = 30


@dataclass
class Part:
    """A hunk, or a gap between hunks, with its rows as HTML; `hidden` lines of a gap can be opened."""

    number: int
    rows: SafeString = field(default_factory=SafeString)
    hunk: Hunk | None = None
    hidden: int = 0
    opened: list[int] = field(default_factory=list)  # the gaps that are open when this one is too

    @property
    def added(self) -> int:
        """Lines that came with the hunk."""
        return count([self.hunk])[0] if self.hunk else 0

    @property
    def removed(self) -> int:
        """Lines that went with the hunk."""
        return count([self.hunk])[1] if self.hunk else 0


def parts_of(diff: Diff, *, opened: set[int] | None, split: bool) -> tuple[list[Part], bool]:
    """All parts that a page has room for, in order, and whether some did not fit. None opens all gaps."""
    make = split_rows if split else unified_rows
    parts, room = list[Part](), ROWS_SHOWN
    for number, gap in enumerate(diff.gaps, start=1):
        if gap.length and (opened is None or number in opened or gap.length <= CONTEXT):
            lines = diff.lines_in(gap)[: max(room, 0)]
            room -= len(lines)
            parts.append(Part(number, make(Pair(line, line) for line in lines), hidden=gap.length - len(lines)))
        elif gap.length:
            too = sorted({*list(opened or ())[:MOST_OPENED], number})
            parts.append(Part(number, hidden=gap.length, opened=too))
        if number > len(diff.hunks):
            break
        if room <= 0:
            return parts, True
        hunk = diff.hunks[number - 1]
        rows = _heading(hunk, number, last=len(diff.hunks)) + make(pair_lines(hunk.lines[:room]))
        parts.append(Part(number, rows, hunk=hunk))
        room -= len(hunk.lines)
    return parts, room < 0


def unified_rows(pairs: Iterable[Pair]) -> SafeString:
    """Four columns: the line's two numbers, its sign and its text. Of each change the old lines first."""
    parts, news = list[str](), list[Pair]()
    for pair in pairs:
        if pair.is_change:
            if pair.old:
                parts.append(_unified_row(pair.old, pair.old_marks))
            if pair.new:
                news.append(pair)
            continue
        parts += _news(news)
        news = []
        if pair.old:
            parts.append(_unified_row(pair.old, ()))
    return mark_safe("".join([*parts, *_news(news)]))  # noqa: S308  (every text in it was escaped)


def split_rows(pairs: Iterable[Pair]) -> SafeString:
    """Four columns: number and text of the old line, number and text of the new one."""
    rows = (
        f"<tr>{_side(pair.old, 'nr-old', pair.old_marks, pair.is_change)}"
        f"{_side(pair.new, 'nr-new', pair.new_marks, pair.is_change)}</tr>\n"
        for pair in pairs
    )
    return mark_safe("".join(rows))  # noqa: S308  (every text in it was escaped)


def _heading(hunk: Hunk, number: int, *, last: int) -> SafeString:
    """Where the hunk is, and links to the ones before and after it."""
    back = f'<a href="#change-{number - 1}" aria-label="Previous change">↑</a>' if number > 1 else ""
    onward = f'<a href="#change-{number + 1}" aria-label="Next change">↓</a>' if number < last else ""
    steps = f'<span class="nr-steps">{back}{onward}</span>'
    row = f'<tr class="nr-hunk"><td colspan="4">{steps} {escape(printable(hunk.header))}</td></tr>\n'
    return mark_safe(row)  # noqa: S308  (the only text in it was escaped)


def _news(pairs: Iterable[Pair]) -> Iterator[str]:
    return (_unified_row(pair.new, pair.new_marks) for pair in pairs if pair.new)


def _unified_row(line: Line, marks: tuple[Span, ...]) -> str:
    kind = {"+": ' class="nr-plus"', "-": ' class="nr-minus"'}.get(line.sign, "")
    return (
        f'<tr{kind}><td class="nr-at">{line.old_number or ""}</td><td class="nr-at">{line.new_number or ""}</td>'
        f'<td class="nr-sign">{line.sign}</td><td class="nr-text">{_text(line, marks)}</td></tr>\n'
    )


def _side(line: Line | None, side: str, marks: tuple[Span, ...], is_change: bool) -> str:
    if line is None:
        return f'<td class="nr-at {side} nr-none"></td><td class="nr-text {side} nr-none"></td>'
    number = line.old_number if side == "nr-old" else line.new_number
    kind = f" {side} nr-changed" if is_change else f" {side}"
    return f'<td class="nr-at{kind}">{number}</td><td class="nr-text{kind}">{_text(line, marks)}</td>'


def _text(line: Line, marks: tuple[Span, ...]) -> str:
    return paint([("", printable(line.text))], marks, "del" if line.sign == "-" else "ins")
