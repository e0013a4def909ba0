"""What changed between two configurations: pure functions from two texts to hunks of lines.

Lines are compared as `backups.fingerprint.stable_lines` has them (no volatile lines, no trailing white space, no blank
ends), so that two texts of equal `change_hash` have no hunks; line numbers are those of the stored files.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backups.fingerprint import compile_patterns, split_lines
from backups.line_changes import Change, find_changes
from backups.sections import Outline

CONTEXT = 3


@dataclass(frozen=True)
class Line:
    """A line of a hunk; the sign is "+", "-" or " ", a number is None where the line is not in that file."""

    sign: str
    old_number: int | None
    new_number: int | None
    text: str


@dataclass(frozen=True)
class Hunk:
    """A run of changes with the lines around them; `section` is what its first change is in, outermost first."""

    old_start: int
    new_start: int
    lines: tuple[Line, ...]
    section: tuple[str, ...]

    @property
    def header(self) -> str:
        """As in a patch: `@@ -12,7 +12,8 @@ interface Vlan10`."""
        old = sum(line.sign != "+" for line in self.lines)
        new = sum(line.sign != "-" for line in self.lines)
        return f"@@ -{self.old_start},{old} +{self.new_start},{new} @@ {' › '.join(self.section)}".rstrip()

    @property
    def heading(self) -> str:
        """Where it is: the section, or else what changed first."""
        return " › ".join(self.section) or next(line.text for line in self.lines if line.sign != " ").strip()[:80]


@dataclass(frozen=True)
class Text:
    """The lines that count, and the number of each in the stored file."""

    lines: list[str]
    numbers: list[int]

    def number_before(self, index: int) -> int:
        """The number of the line before one; 0 before the first."""
        return self.numbers[index - 1] if index else 0


@dataclass(frozen=True)
class Gap:
    """Unchanged lines before, between or after hunks: so many from these on."""

    old_start: int
    new_start: int
    length: int


@dataclass(frozen=True)
class Diff:
    """All that changed: there is a gap before each hunk, and one after the last."""

    before: Text
    after: Text
    hunks: list[Hunk]
    gaps: list[Gap]
    exact: bool  # False: they were too long and too different, so lines that stayed may be told as replaced

    def lines_in(self, gap: Gap) -> list[Line]:
        """The lines that a gap hides."""
        return _unchanged(self.before, self.after, gap.old_start, gap.new_start, gap.length)


def compare(old: str, new: str, volatile_patterns: str, context: int = CONTEXT) -> Diff:
    """What turns one text into the other, with up to `context` unchanged lines around each change."""
    before, after = read(old, volatile_patterns), read(new, volatile_patterns)
    found, exact = find_changes(before.lines, after.lines)
    if not found:
        return Diff(before, after, [], [], exact)
    outlines = Outline(before.lines), Outline(after.lines)
    hunks, gaps = list[Hunk](), list[Gap]()
    old_at = new_at = 0
    for group in _group(found, context):
        lead = min(context, group[0].old_start, group[0].new_start)
        tail = min(context, len(before.lines) - group[-1].old_end)
        gaps.append(Gap(old_at, new_at, group[0].old_start - lead - old_at))
        hunks.append(_make_hunk(before, after, group, lead, tail, outlines))
        old_at, new_at = group[-1].old_end + tail, group[-1].new_end + tail
    return Diff(before, after, hunks, [*gaps, Gap(old_at, new_at, len(before.lines) - old_at)], exact)


def unified(old: str, new: str, volatile_patterns: str, context: int = CONTEXT) -> list[Hunk]:
    """The hunks alone."""
    return compare(old, new, volatile_patterns, context).hunks


def changes(old: str, new: str, volatile_patterns: str, max_cells: int | None = None) -> tuple[int, int] | None:
    """How many lines were added and removed; None if the texts are too long and too different to tell."""
    before, after = read(old, volatile_patterns), read(new, volatile_patterns)
    found, exact = find_changes(before.lines, after.lines, max_cells)
    added, removed = sum(c.new_end - c.new_start for c in found), sum(c.old_end - c.old_start for c in found)
    return (added, removed) if exact else None


def count(hunks: list[Hunk]) -> tuple[int, int]:
    """How many lines the hunks add and remove."""
    signs = [line.sign for hunk in hunks for line in hunk.lines]
    return signs.count("+"), signs.count("-")


def read(text: str, volatile_patterns: str) -> Text:
    """The same lines as `stable_lines`, with their numbers."""
    return keep(split_lines(text), volatile_patterns)


def keep(raw_lines: Iterable[str], volatile_patterns: str) -> Text:
    """Of these lines, the ones that count."""
    volatile = compile_patterns(volatile_patterns)
    lines = ((number, raw.rstrip()) for number, raw in enumerate(raw_lines, start=1))
    kept = [(number, line) for number, line in lines if not volatile.find_in(line)]
    filled = [index for index, (_, line) in enumerate(kept) if line]
    kept = kept[filled[0] : filled[-1] + 1] if filled else []
    return Text([line for _, line in kept], [number for number, _ in kept])


def _group(found: list[Change], context: int) -> Iterator[list[Change]]:
    """Changes whose context would touch or overlap, together."""
    group: list[Change] = []
    for change in found:
        if group and change.old_start - group[-1].old_end > 2 * context:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _make_hunk(
    before: Text, after: Text, group: list[Change], lead: int, tail: int, outlines: tuple[Outline, Outline]
) -> Hunk:
    first = group[0]
    old_at, new_at = first.old_start - lead, first.new_start - lead
    removes = first.old_start < first.old_end
    section = outlines[0].path(first.old_start) if removes else outlines[1].path(first.new_start)
    lines: list[Line] = []
    for change in group:
        lines += _unchanged(before, after, old_at, new_at, change.old_start - old_at)
        gone, came = range(change.old_start, change.old_end), range(change.new_start, change.new_end)
        lines += [Line("-", before.numbers[at], None, before.lines[at]) for at in gone]
        lines += [Line("+", None, after.numbers[at], after.lines[at]) for at in came]
        old_at, new_at = change.old_end, change.new_end
    lines += _unchanged(before, after, old_at, new_at, tail)
    first_old = next((line.old_number for line in lines if line.old_number), None)
    first_new = next((line.new_number for line in lines if line.new_number), None)
    return Hunk(
        old_start=first_old or before.number_before(old_at),
        new_start=first_new or after.number_before(new_at),
        lines=tuple(lines),
        section=section,
    )


def _unchanged(before: Text, after: Text, old_at: int, new_at: int, length: int) -> list[Line]:
    return [
        Line(" ", before.numbers[old_at + step], after.numbers[new_at + step], before.lines[old_at + step])
        for step in range(length)
    ]
