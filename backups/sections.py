"""Which section of a configuration a line is in: the lines above that are indented less, as devices print them.

Braces come with indentation, so this holds for Junos too. A banner is a section: what it says is nobody's heading.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backups.blocks import end_of_banner

HEADING_LENGTH = 80
# The innermost headings only: who indents each line more than the last has no more of them
DEPTH = 6
# What ends a section, where it is not indented: `!`, `}`, `end-policy`, `exit`, `next`
CLOSING = re.compile(r"(?:[!#]|\}.{0,40}|(?:end|exit|quit|next)(?:-\S{1,40})?)\s*$")


@dataclass(frozen=True)
class Section:
    """Lines `start` to `end` (not included) of a configuration: a line that is not indented, and those below it."""

    start: int
    end: int


class Outline:
    """Of each line of a configuration, the one that it is below."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self.banners: set[int] = set()  # lines within banners, without their first ones
        self._parents = self._find_parents()

    def path(self, number: int) -> tuple[str, ...]:
        """The headings above a line, outermost first: `("router bgp 65000", "address-family ipv4")`."""
        found: list[str] = []
        while (number := self._parents[number]) >= 0 and len(found) < DEPTH:
            found.append(_heading(self._lines[number]))
        return tuple(reversed(found))

    def sections(self) -> list[Section]:
        """The outermost ones, in order; lines that stand alone are in none."""
        found: list[Section] = []
        start = 0
        for number in range(1, len(self._lines) + 1):
            if number < len(self._lines) and self._parents[number] >= 0:
                continue
            if number - start > 1:
                found.append(Section(start, self._end(start, number)))
            start = number
        return [section for section in found if section.end - section.start > 1]

    def _end(self, start: int, end: int) -> int:
        """Without blank lines, and with the line that closes the section."""
        if end < len(self._lines) and CLOSING.match(self._lines[end]):
            return end + 1
        while end > start and not self._lines[end - 1].strip():
            end -= 1
        return end

    def _find_parents(self) -> list[int]:
        parents: list[int] = []
        above: list[tuple[int, int]] = []  # indentation and number of each line that the next may be below
        banner = banner_end = -1
        for number, line in enumerate(self._lines):
            if number <= banner_end:
                parents.append(banner)
                self.banners.add(number)
                continue
            if text := line.lstrip():
                indentation = len(line) - len(text)
                while above and above[-1][0] >= indentation:
                    above.pop()
            parents.append(above[-1][1] if above else -1)
            if text and not CLOSING.match(text):
                above.append((indentation, number))
            if line.startswith("banner "):
                banner, banner_end = number, end_of_banner(self._lines, number)
        return parents


def _heading(line: str) -> str:
    heading = line.strip().rstrip("{").rstrip()
    return heading if len(heading) <= HEADING_LENGTH else heading[:HEADING_LENGTH] + "…"
