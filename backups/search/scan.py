"""Where in a text it stands: the lines, each with what is around it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

CONTEXT = 2  # lines before and after
HITS = 20  # lines of one text
WIDTH = 300  # characters of a line


@dataclass(frozen=True)
class Line:
    """A line with its number; of a hit, also from where to where its first match is. What is long is cut."""

    number: int
    text: str
    is_hit: bool = False
    start: int = 0
    end: int = 0

    @property
    def before(self) -> str:
        """Up to the match."""
        return self.text[: self.start]

    @property
    def matched(self) -> str:
        """The match, if it is a hit."""
        return self.text[self.start : self.end]

    @property
    def after(self) -> str:
        """Behind the match; a line that is no hit is all of it."""
        return self.text[self.end :]


Block = tuple[Line, ...]  # lines one after the other


@dataclass(frozen=True)
class Found:
    """What stands in one text: its hits, with what is around them. `more`: there are others further down."""

    blocks: tuple[Block, ...] = ()
    more: bool = False

    @property
    def hits(self) -> list[str]:
        """The lines that were found."""
        return [line.text for block in self.blocks for line in block if line.is_hit]


def scan(pattern: Any, text: bytes) -> Found:
    """The first lines in which the pattern matches."""
    matches = _first_matches(pattern, text, HITS + 1)
    if not matches:
        return Found()
    lines = text.split(b"\n")
    hits: dict[int, Line] = {}
    number, counted = 1, 0
    for begin, start, end in matches[:HITS]:
        number, counted = number + text.count(b"\n", counted, begin), begin
        hits[number] = _hit(number, lines[number - 1], start - begin, end - begin)
    return Found(tuple(_blocks(hits, lines)), more=len(matches) > HITS)


def _first_matches(pattern: Any, text: bytes, most: int) -> list[tuple[int, int, int]]:
    """Of each line, its first match: where the line begins, and from where to where it matches."""
    matches: list[tuple[int, int, int]] = []
    position = 0
    while len(matches) < most and (match := pattern.search(text, position)):
        start, end = match.span()
        matches.append((text.rfind(b"\n", 0, start) + 1, start, end))
        position = text.find(b"\n", start) + 1
        if not position:
            break
    return matches


def _blocks(hits: dict[int, Line], lines: list[bytes]) -> Iterator[Block]:
    """Hits whose surroundings touch, together."""
    block: list[Line] = []
    for number in sorted({n for hit in hits for n in range(hit - CONTEXT, hit + CONTEXT + 1) if 0 < n <= len(lines)}):
        if block and number != block[-1].number + 1:
            yield tuple(block)
            block = []
        block.append(hits.get(number) or Line(number, _cut(_text(lines[number - 1]))))
    yield tuple(block)


def _hit(number: int, line: bytes, start: int, end: int) -> Line:
    """A line as it is shown: of a long one, the part around the match."""
    before, matched, after = (_text(part) for part in (line[:start], line[start:end], line[end:]))
    matched = _cut(matched)
    if len(before) + len(matched) + len(after) > WIDTH:
        before = before if len(before) <= WIDTH // 3 else f"… {before[-WIDTH // 3 :]}"
        after = _cut(after, max(WIDTH - len(before) - len(matched), 20))
    return Line(number, before + matched + after, True, len(before), len(before) + len(matched))


def _cut(text: str, width: int = WIDTH) -> str:
    return text if len(text) <= width else f"{text[:width]} …"


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")  # an expression may match within a character
