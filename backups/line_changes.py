"""Which lines of one text became which of another: as few as can be, in bounded time and memory."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq

# The longest common subsequence takes this many bits of memory: 60 MB, as for 22,000 lines against 22,000 others.
MAX_CELLS = 500_000_000


@dataclass(frozen=True)
class Change:
    """The lines old[old_start:old_end] became new[new_start:new_end]."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def find_changes(old: Sequence[str], new: Sequence[str], max_cells: int | None = None) -> tuple[list[Change], bool]:
    """The changes in order, and False where lines that may have stayed are told as replaced: there were too many."""
    most = MAX_CELLS if max_cells is None else max_cells
    start = _common_start(old, new)
    end = _common_start(old[start:][::-1], new[start:][::-1])
    middle = Change(start, len(old) - end, start, len(new) - end)
    parts = [middle] if _cells(middle) <= most else list(_between_unique_lines(old, new, middle))
    found: list[Change] = []
    for part in parts:
        for change in _compare(old, new, part, most):
            if found and found[-1].old_end == change.old_start and found[-1].new_end == change.new_start:
                first = found.pop()
                change = Change(first.old_start, change.old_end, first.new_start, change.new_end)
            found.append(change)
    ends = [change.old_start for change in found[1:]] + [len(old)]
    slid = [_slide_down(change, old, new, limit) for change, limit in zip(found, ends, strict=True)] if found else []
    return slid, all(_cells(part) <= most for part in parts)


def _cells(part: Change) -> int:
    return (part.old_end - part.old_start) * (part.new_end - part.new_start)


def _common_start(old: Sequence[str], new: Sequence[str]) -> int:
    shorter = min(len(old), len(new))
    return next((index for index in range(shorter) if old[index] != new[index]), shorter)


def _compare(old: Sequence[str], new: Sequence[str], part: Change, max_cells: int) -> Iterator[Change]:
    """The changes within a part of both texts; the whole part if it is too long."""
    if part.old_start == part.old_end or part.new_start == part.new_end or _cells(part) > max_cells:
        if part.old_start < part.old_end or part.new_start < part.new_end:
            yield part
        return
    codes = LCSseq.opcodes(old[part.old_start : part.old_end], new[part.new_start : part.new_end])
    for code in codes:
        if code.tag != "equal":
            yield Change(
                part.old_start + code.src_start,
                part.old_start + code.src_end,
                part.new_start + code.dest_start,
                part.new_start + code.dest_end,
            )


def _between_unique_lines(old: Sequence[str], new: Sequence[str], part: Change) -> Iterator[Change]:
    """What is between lines that are once in each text and in the same order in both: parts that are compared alone."""
    old_at, new_at = part.old_start, part.new_start
    for old_number, new_number in _in_order(_unique_in_both(old, new, part)):
        yield Change(old_at, old_number, new_at, new_number)
        old_at, new_at = old_number + 1, new_number + 1
    yield Change(old_at, part.old_end, new_at, part.new_end)


def _unique_in_both(old: Sequence[str], new: Sequence[str], part: Change) -> list[tuple[int, int]]:
    before = _unique(old, part.old_start, part.old_end)
    after = _unique(new, part.new_start, part.new_end)
    return [(number, after[line]) for line, number in before.items() if line in after]


def _unique(lines: Sequence[str], start: int, end: int) -> dict[str, int]:
    """The number of each line that is there once."""
    seen: dict[str, int] = {}
    for number in range(start, end):
        seen[lines[number]] = -1 if lines[number] in seen else number
    return {line: number for line, number in seen.items() if number >= 0}


def _in_order(matches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of pairs that rise in their first numbers, as many as can be that rise in their second ones too."""
    ends: list[int] = []  # the lowest second number in which so many rising pairs can end
    at: list[int] = []  # which pair that is
    before: list[int] = []  # of each pair, the one before it
    for index, (_, number) in enumerate(matches):
        place = bisect_left(ends, number)
        ends[place : place + 1], at[place : place + 1] = [number], [index]
        before.append(at[place - 1] if place else -1)
    found: list[tuple[int, int]] = []
    index = at[-1] if at else -1
    while index >= 0:
        found.append(matches[index])
        index = before[index]
    return found[::-1]


def _slide_down(change: Change, old: Sequence[str], new: Sequence[str], limit: int) -> Change:
    """Of the places where a block can be put in or taken out alike, the last: it then ends in its own `!` or `}`."""
    shift = 0
    if change.old_start == change.old_end:
        while change.old_end + shift < limit and new[change.new_start + shift] == new[change.new_end + shift]:
            shift += 1
    elif change.new_start == change.new_end:
        while change.old_end + shift < limit and old[change.old_start + shift] == old[change.old_end + shift]:
            shift += 1
    return Change(change.old_start + shift, change.old_end + shift, change.new_start + shift, change.new_end + shift)
