"""What changed between two configurations as a patch: `patch` applies it to the old file as it is stored.

Only what counts is in it. Lines that change by themselves and white space at line ends stay as the old file has them,
and what comes of it has the new one's `change_hash`.
"""

from collections.abc import Iterator, Sequence

from backups.diff import CONTEXT, keep
from backups.fingerprint import stable_lines
from backups.line_changes import find_changes
from backups.sections import Outline

# A sign (" ", "-" or "+") and a line with its end
Row = tuple[str, str]


def as_patch(
    old: str, new: str, volatile_patterns: str, old_name: str = "old", new_name: str = "new", context: int = CONTEXT
) -> str:
    """In the unified format; empty when nothing changed."""
    if stable_lines(old, volatile_patterns) == stable_lines(new, volatile_patterns):
        return ""
    rows = _rows(_split(old), _split(new), volatile_patterns)
    parts = [f"--- {old_name}\n+++ {new_name}\n"]
    outline = Outline([text for _, text in rows])
    old_at = new_at = done = 0
    for start, end in _hunks(rows, context):
        old_at += sum(sign != "+" for sign, _ in rows[done:start])
        new_at += sum(sign != "-" for sign, _ in rows[done:start])
        olds = sum(sign != "+" for sign, _ in rows[start:end])
        news = sum(sign != "-" for sign, _ in rows[start:end])
        first = next(at for at in range(start, end) if rows[at][0] != " ")
        section = " › ".join(outline.path(first))
        # A side without lines is told by the line before
        parts.append(f"@@ -{old_at + bool(olds)},{olds} +{new_at + bool(news)},{news} @@ {section}".rstrip() + "\n")
        parts += [f"{sign}{_ended(text)}" for sign, text in rows[start:end]]
        old_at, new_at, done = old_at + olds, new_at + news, end
    return "".join(parts)


def _split(text: str) -> list[str]:
    """Lines with their ends, as `patch` has them."""
    *lines, last = text.split("\n")
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def _rows(old: Sequence[str], new: Sequence[str], volatile_patterns: str) -> list[Row]:
    """The whole old file, with what goes and what comes."""
    before, after = keep(old, volatile_patterns), keep(new, volatile_patterns)
    gone, come = set[int](), dict[int, list[str]]()
    for change in find_changes(before.lines, after.lines)[0]:
        gone |= {before.numbers[at] - 1 for at in range(change.old_start, change.old_end)}
        if change.old_end:
            place = before.numbers[change.old_end - 1]
        else:  # before all that counts, but behind a head of lines that change by themselves
            place = before.numbers[0] - 1 if before.numbers else len(old)
        come[place] = [new[after.numbers[at] - 1] for at in range(change.new_start, change.new_end)]
    rows: list[Row] = []
    for place in range(len(old) + 1):
        rows += [("+", line) for line in come.get(place, ())]
        if place < len(old):
            rows.append(("-" if place in gone else " ", old[place]))
    return list(_with_ends(rows))


def _with_ends(rows: list[Row]) -> Iterator[Row]:
    """Only the last line of a file may lack its end, and it is not the last any more where others follow."""
    last = max((at for at, (sign, _) in enumerate(rows) if sign != "-"), default=-1)
    for at, (sign, text) in enumerate(rows):
        if text.endswith("\n") or sign == "-" or at == last:
            yield sign, text
        elif sign == "+":
            yield sign, f"{text}\n"
        else:
            yield from (("-", text), ("+", f"{text}\n"))


def _hunks(rows: list[Row], context: int) -> Iterator[tuple[int, int]]:
    """From where to where rows are shown: changes with so many lines around them."""
    start = end = -1
    for at in (at for at, (sign, _) in enumerate(rows) if sign != " "):
        if start >= 0 and at - end > 2 * context:
            yield max(start - context, 0), min(end + context, len(rows))
            start = -1
        start, end = (at if start < 0 else start), at + 1
    if start >= 0:
        yield max(start - context, 0), min(end + context, len(rows))


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n\\ No newline at end of file\n"
