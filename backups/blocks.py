"""Where in a configuration a line stands: below which lines, in a banner, in a private key."""

import re
from collections.abc import Sequence

from backups.pattern_process import Span

# What stands in place of a secret
MARKER = re.compile(r"<secret:[0-9a-f]{8}>")

KEY_EDGE = re.compile(r"-{4,5} ?(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
BANNER = re.compile(r"banner (?:motd|login|exec|incoming|prompt-timeout|slip-ppp|config-save)(?:\s+(\S.*))?$")
MESSAGE = re.compile(r'\s*(?:set system login )?(?:message|announcement) "')
# A longer banner is none: its end was not found, and what follows would be taken for prose
BANNER_LINES = 100


class Walk:
    """Goes through the lines of a configuration in order, and knows of each where it stands."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.in_banner = False
        self.in_key = False  # the next line begins within a private key
        self.key_parts: list[Span] = []  # what is of a private key, in this line
        self._lines = lines
        self._next = 0
        self._above: list[tuple[int, str]] = []  # this line and those that it is below, each with its indentation
        self._banner_end = -1

    def go_to(self, number: int) -> None:
        """Go on to this line."""
        for passed in range(self._next, number + 1):
            if passed > self._banner_end:
                self._step(passed)
        self._next = number + 1
        line = self._lines[number]
        self.in_banner = number <= self._banner_end or bool(MESSAGE.match(line))
        self.key_parts = self._key_parts(line)

    def leave(self, masked: str) -> None:
        """The line has become this: what is below it is to see no more of it than a second masking would."""
        if self._above and not self.in_banner:
            self._above[-1] = self._above[-1][0], masked

    def is_below(self, pattern: re.Pattern[str]) -> bool:
        """Whether one of the lines that this one is below matches, in lower case."""
        return any(pattern.search(line.lower()) for _, line in self._above[:-1])

    def _step(self, number: int) -> None:
        line = self._lines[number]
        if line.startswith("banner "):
            self._banner_end = end_of_banner(self._lines, number)
        if text := line.lstrip():
            indentation, above = len(line) - len(text), self._above
            while above and above[-1][0] >= indentation:
                above.pop()
            above.append((indentation, line))

    def _key_parts(self, line: str) -> list[Span]:
        if not self.in_key and "PRIVATE KEY" not in line:
            return []
        parts, start = list[Span](), 0 if self.in_key else None
        for edge in KEY_EDGE.finditer(line):
            if start is None:
                start = edge.end() if edge[1] == "BEGIN" else None
            elif edge[1] == "END":
                parts.append((start, edge.start()))
                start = None
        self.in_key = start is not None
        return parts if start is None else [*parts, (start, len(line))]


def end_of_banner(lines: Sequence[str], number: int) -> int:
    """The last line of the banner that begins here; the line before if this is none, or none that ends."""
    found = BANNER.match(MARKER.sub("", lines[number]))
    if not found:
        return number - 1
    text = found[1] or ""
    delimiter = text[: 2 if text.startswith("^C") else 1]
    if delimiter.isalnum():
        return number - 1
    if delimiter and delimiter in text[len(delimiter) :]:
        return number
    for end in range(number + 1, min(number + 1 + BANNER_LINES, len(lines))):
        line = lines[end]
        if (delimiter and delimiter in MARKER.sub("", line)) or (not delimiter and line.strip() == "EOF"):
            return end
    return number - 1
