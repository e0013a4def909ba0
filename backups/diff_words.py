"""Which line of a change became which, and which words in it differ: within bounds, beyond which whole lines do."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from backups.diff import Line

# Lines of more characters are not looked into
LONGEST = 1_000
# Each old line is held against each new one of its change, up to so many pairs; lines of longer changes by their order
MOST_PAIRS = 2_500
# In percent: lines that have less in common are strangers
ALIKE = 50
WORD = re.compile(r"\w+|\s+|[^\w\s]")

Span = tuple[int, int]


@dataclass(frozen=True)
class Pair:
    """A line of the old file and what it is in the new one; None where it is not there; and where they differ."""

    old: Line | None
    new: Line | None
    old_marks: tuple[Span, ...] = ()
    new_marks: tuple[Span, ...] = ()

    @property
    def is_change(self) -> bool:
        """Unchanged lines are on both sides, and the same."""
        return self.old is not self.new


def pair_lines(lines: Iterable[Line]) -> Iterator[Pair]:
    """The lines of a hunk beside each other, in order."""
    olds, news = list[Line](), list[Line]()
    for line in lines:
        if line.sign == "-":
            if news:
                yield from _pair_change(olds, news)
                olds, news = [], []
            olds.append(line)
        elif line.sign == "+":
            news.append(line)
        else:
            yield from _pair_change(olds, news)
            olds, news = [], []
            yield Pair(line, line)
    yield from _pair_change(olds, news)


def differing(old: str, new: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Where the words of two lines differ; nowhere if the lines are too long, or have little in common."""
    if max(len(old), len(new)) > LONGEST or fuzz.ratio(old, new) < ALIKE:
        return (), ()
    old_words, new_words = WORD.findall(old), WORD.findall(new)
    old_ends, new_ends = _ends(old_words), _ends(new_words)
    old_marks, new_marks = list[Span](), list[Span]()
    for code in LCSseq.opcodes(old_words, new_words):
        if code.tag != "equal":
            _mark(old_marks, old_ends[code.src_start], old_ends[code.src_end])
            _mark(new_marks, new_ends[code.dest_start], new_ends[code.dest_end])
    return tuple(old_marks), tuple(new_marks)


def _ends(words: Sequence[str]) -> list[int]:
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word))
    return ends


def _mark(marks: list[Span], start: int, end: int) -> None:
    if marks and marks[-1][1] == start:
        start = marks.pop()[0]
    if start < end:
        marks.append((start, end))


def _pair_change(olds: list[Line], news: list[Line]) -> Iterator[Pair]:
    for old, new in _align(olds, news):
        yield Pair(old, new, *differing(old.text, new.text)) if old and new else Pair(old, new)


def _align(olds: list[Line], news: list[Line]) -> Iterator[tuple[Line | None, Line | None]]:
    """In order, so that as much as can be stays alike; without looking, if there are too many."""
    if not olds or not news or len(olds) == len(news) == 1 or len(olds) * len(news) > MOST_PAIRS:
        for at in range(max(len(olds), len(news))):
            yield olds[at] if at < len(olds) else None, news[at] if at < len(news) else None
        return
    old_at = new_at = 0
    for old_next, new_next in [*_alike(olds, news), (len(olds), len(news))]:
        yield from ((line, None) for line in olds[old_at:old_next])
        yield from ((None, line) for line in news[new_at:new_next])
        if old_next < len(olds):
            yield olds[old_next], news[new_next]
        old_at, new_at = old_next + 1, new_next + 1


def _alike(olds: list[Line], news: list[Line]) -> list[tuple[int, int]]:
    """Which lines belong together: of all ways to pair them in order, one with the most in common."""
    alike = [[_likeness(old.text, new.text) for new in news] for old in olds]
    best = [[0.0] * (len(news) + 1) for _ in range(len(olds) + 1)]  # of the lines from here on
    for at in reversed(range(len(olds))):
        row, below = best[at], best[at + 1]
        for new_at in reversed(range(len(news))):
            together = alike[at][new_at] and alike[at][new_at] + below[new_at + 1]
            row[new_at] = max(together, below[new_at], row[new_at + 1])
    found: list[tuple[int, int]] = []
    at = new_at = 0
    while at < len(olds) and new_at < len(news):
        if alike[at][new_at] and best[at][new_at] == alike[at][new_at] + best[at + 1][new_at + 1]:
            found.append((at, new_at))
            at, new_at = at + 1, new_at + 1
        elif best[at][new_at] == best[at + 1][new_at]:
            at += 1
        else:
            new_at += 1
    return found


def _likeness(old: str, new: str) -> float:
    """In percent; 0 for strangers."""
    return 0.0 if max(len(old), len(new)) > LONGEST else fuzz.ratio(old, new, score_cutoff=ALIKE)
