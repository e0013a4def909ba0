"""What changed between two configurations: pure functions from two texts to hunks of lines.

Lines are compared as `backups.fingerprint.stable_lines` has them (no volatile lines, no trailing white space, no blank
ends), so that two texts of equal `change_hash` have no hunks; line numbers are those of the stored files.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq

from backups.fingerprint import compile_patterns, split_lines

# The longest common subsequence takes this many bits of memory: 60 MB, as for 22,000 lines against 22,000 others.
MAX_CELLS = 500_000_000
SECTION_LENGTH = 80


@dataclass(frozen=True)
class Line:
    """A line of a hunk; the sign is "+", "-" or " ", a number is None where the line is not in that file."""

    sign: str
    old_number: int | None
    new_number: int | None
    text: str


@dataclass(frozen=True)
class Hunk:
    """A run of changes with the lines around them; `section` is the block that its first change is in, or empty."""

    old_start: int
    new_start: int
    lines: tuple[Line, ...]
    section: str
    exact: bool  # False: the texts were too long and too different, so all lines from first to last change are in it

    @property
    def header(self) -> str:
        """As in a patch: `@@ -12,7 +12,8 @@ interface Vlan10`."""
        old = sum(line.sign != "+" for line in self.lines)
        new = sum(line.sign != "-" for line in self.lines)
        return f"@@ -{self.old_start},{old} +{self.new_start},{new} @@ {self.section}".rstrip()


@dataclass(frozen=True)
class _Text:
    """The lines that count, and the number of each in the stored file."""

    lines: list[str]
    numbers: list[int]

    def number_before(self, index: int) -> int:
        return self.numbers[index - 1] if index else 0


@dataclass(frozen=True)
class _Change:
    """The lines old[old_start:old_end] became new[new_start:new_end]."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def unified(old: str, new: str, volatile_patterns: str, context: int = 3) -> list[Hunk]:
    """The hunks that turn one text into the other, each with up to `context` unchanged lines around its changes."""
    before, after = _read(old, volatile_patterns), _read(new, volatile_patterns)
    changes, exact = _find_changes(before.lines, after.lines)
    return [_make_hunk(before, after, group, context, exact) for group in _group(changes, context)]


def changes(old: str, new: str, volatile_patterns: str, max_cells: int = MAX_CELLS) -> tuple[int, int] | None:
    """How many lines were added and removed; None if the texts are too long and too different to tell."""
    before, after = _read(old, volatile_patterns), _read(new, volatile_patterns)
    found, exact = _find_changes(before.lines, after.lines, max_cells)
    added, removed = sum(c.new_end - c.new_start for c in found), sum(c.old_end - c.old_start for c in found)
    return (added, removed) if exact else None


def count(hunks: list[Hunk]) -> tuple[int, int]:
    """How many lines the hunks add and remove."""
    signs = [line.sign for hunk in hunks for line in hunk.lines]
    return signs.count("+"), signs.count("-")


def as_patch(
    old: str, new: str, volatile_patterns: str, old_name: str = "old", new_name: str = "new", context: int = 3
) -> str:
    """The same as text, in the unified format; empty when nothing changed."""
    hunks = unified(old, new, volatile_patterns, context)
    rows = [f"--- {old_name}", f"+++ {new_name}"]
    for hunk in hunks:
        rows += [hunk.header, *(line.sign + line.text for line in hunk.lines)]
    return "\n".join(rows) + "\n" if hunks else ""


def _read(text: str, volatile_patterns: str) -> _Text:
    """The same lines as `stable_lines`, with their numbers."""
    volatile = compile_patterns(volatile_patterns)
    lines = ((number, raw.rstrip()) for number, raw in enumerate(split_lines(text), start=1))
    kept = [(number, line) for number, line in lines if not (volatile and volatile.search(line))]
    filled = [index for index, (_, line) in enumerate(kept) if line]
    kept = kept[filled[0] : filled[-1] + 1] if filled else []
    return _Text([line for _, line in kept], [number for number, _ in kept])


def _find_changes(old: list[str], new: list[str], max_cells: int = MAX_CELLS) -> tuple[list[_Change], bool]:
    """The changes in order, and whether they are as few as can be."""
    start = _common_start(old, new)
    end = _common_start(old[start:][::-1], new[start:][::-1])
    old_middle, new_middle = old[start : len(old) - end], new[start : len(new) - end]
    if not old_middle and not new_middle:
        return [], True
    if len(old_middle) * len(new_middle) > max_cells:
        return [_Change(start, len(old) - end, start, len(new) - end)], False
    found: list[_Change] = []
    for code in LCSseq.opcodes(old_middle, new_middle):
        if code.tag == "equal":
            continue
        change = _Change(*(start + at for at in (code.src_start, code.src_end, code.dest_start, code.dest_end)))
        if found and found[-1].old_end == change.old_start and found[-1].new_end == change.new_start:
            change = _Change(found[-1].old_start, change.old_end, found.pop().new_start, change.new_end)
        found.append(change)
    ends = [change.old_start for change in found[1:]] + [len(old)]
    return [_slide_down(change, old, new, limit) for change, limit in zip(found, ends, strict=True)], True


def _common_start(old: list[str], new: list[str]) -> int:
    shorter = min(len(old), len(new))
    return next((index for index in range(shorter) if old[index] != new[index]), shorter)


def _slide_down(change: _Change, old: list[str], new: list[str], limit: int) -> _Change:
    """Of the places where a block can be put in or taken out alike, the last: it then ends in its own `!` or `}`."""
    shift = 0
    if change.old_start == change.old_end:
        while change.old_end + shift < limit and new[change.new_start + shift] == new[change.new_end + shift]:
            shift += 1
    elif change.new_start == change.new_end:
        while change.old_end + shift < limit and old[change.old_start + shift] == old[change.old_end + shift]:
            shift += 1
    return _Change(change.old_start + shift, change.old_end + shift, change.new_start + shift, change.new_end + shift)


def _group(found: list[_Change], context: int) -> Iterator[list[_Change]]:
    """Changes whose context would touch or overlap, together."""
    group: list[_Change] = []
    for change in found:
        if group and change.old_start - group[-1].old_end > 2 * context:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _make_hunk(before: _Text, after: _Text, group: list[_Change], context: int, exact: bool) -> Hunk:
    lead = min(context, group[0].old_start, group[0].new_start)
    old_at, new_at = group[0].old_start - lead, group[0].new_start - lead
    first = group[0]
    section = _section(before, first.old_start) if first.old_start < first.old_end else _section(after, first.new_start)
    lines: list[Line] = []
    for change in group:
        lines += _unchanged(before, after, old_at, new_at, change.old_start - old_at)
        gone, came = range(change.old_start, change.old_end), range(change.new_start, change.new_end)
        lines += [Line("-", before.numbers[at], None, before.lines[at]) for at in gone]
        lines += [Line("+", None, after.numbers[at], after.lines[at]) for at in came]
        old_at, new_at = change.old_end, change.new_end
    lines += _unchanged(before, after, old_at, new_at, min(context, len(before.lines) - old_at))
    first_old = next((line.old_number for line in lines if line.old_number), None)
    first_new = next((line.new_number for line in lines if line.new_number), None)
    return Hunk(
        old_start=first_old or before.number_before(old_at),
        new_start=first_new or after.number_before(new_at),
        lines=tuple(lines),
        section=section,
        exact=exact,
    )


def _unchanged(before: _Text, after: _Text, old_at: int, new_at: int, length: int) -> list[Line]:
    return [
        Line(" ", before.numbers[old_at + step], after.numbers[new_at + step], before.lines[old_at + step])
        for step in range(length)
    ]


def _section(text: _Text, index: int) -> str:
    """The nearest line above that is not indented, for a line that is: `interface Vlan10` above ` ip address …`."""
    if not text.lines[index].startswith((" ", "\t")):
        return ""
    above = (text.lines[at] for at in range(index - 1, -1, -1))
    return next((line for line in above if line and not line.startswith((" ", "\t"))), "")[:SECTION_LENGTH]
