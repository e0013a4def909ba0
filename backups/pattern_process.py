"""A process of its own that looks into lines with patterns that nobody has proven to be fast.

Python's regular expressions cannot be interrupted from another thread, and hold up all of them: only a process can be
ended. This one is run as a script, imports nothing of NetRaven, and knows neither its settings nor its keys.
It reads a JSON object (`patterns`, `lines`, `whole_lines`, `line_seconds`, `seconds`) and writes one: to the number of
each line that holds secrets their spans, or null if a pattern took too long on it. With `whole_lines` a pattern that
matches anywhere means all of the line. Seconds are of processor time.
"""

import json
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence

Span = tuple[int, int]
Look = Callable[[re.Pattern[str], str], Iterator[Span]]


class TooSlow(Exception):
    """A pattern has had its time."""


def secret_spans(pattern: re.Pattern[str], line: str) -> Iterator[Span]:
    """Where the secrets are: the group named `secret`, or else group 1, of each match."""
    group: str | int = "secret" if "secret" in pattern.groupindex else 1
    for match in pattern.finditer(line):
        start, end = match.span(group)
        if 0 <= start < end:
            yield start, end


def whole_line(pattern: re.Pattern[str], line: str) -> Iterator[Span]:
    """All of the line, if the pattern matches somewhere in it."""
    if pattern.search(line):
        yield 0, len(line)


def find_spans(
    look: Look, patterns: Sequence[re.Pattern[str]], lines: Sequence[str], line_seconds: float, seconds: float
) -> dict[int, list[Span] | None]:
    """The spans by the number of the line; None for a line that took too long, and for all after `seconds`."""
    found: dict[int, list[Span] | None] = {}
    for number, line in enumerate(lines):
        if time.process_time() > seconds:
            return found | dict.fromkeys(range(number, len(lines)))
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, line_seconds)
            spans = [span for pattern in patterns for span in look(pattern, line)]
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        except (TooSlow, RecursionError, MemoryError):
            found[number] = None
        else:
            if spans:
                found[number] = spans
    return found


def _interrupt(*_: object) -> None:
    raise TooSlow


def _main() -> None:
    signal.signal(signal.SIGVTALRM, _interrupt)
    job = json.load(sys.stdin)
    patterns = [re.compile(pattern) for pattern in job["patterns"]]
    look = whole_line if job["whole_lines"] else secret_spans
    found = find_spans(look, patterns, job["lines"], job["line_seconds"], job["seconds"])
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    _main()
