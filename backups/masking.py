"""Secrets in a configuration, each replaced by a marker that tells whether it changed, but not what it is.

A marker is `<secret:3fa9c1d2>`: the beginning of a keyed digest of the secret. The same secret has the same marker
wherever it stands, and two secrets have two, so that a diff of masked texts still shows what changed. Without the key
no dictionary helps to find the secret. docs/masking.md says what is taken for a secret.
"""

import hmac
import itertools
import re
import string
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from backups.blocks import KEY_EDGE, MARKER, Walk
from backups.own_patterns import find_own
from backups.pattern_process import Span, secret_spans
from backups.safety_net import HINTS, find_suspects
from devices.secret_patterns import SHIPPED
from devices.text import decode_for_people, encode

LINE_END = re.compile(r"(\r\n|\r|\n)")
# Left as they are: markers, the edges of private keys, and what Junos prints to users who may not read secrets
KEPT = re.compile(rf"{MARKER.pattern}|{KEY_EDGE.pattern}|/\* SECRET-DATA \*/")
# A suspicious line of more characters is masked whole, and so is each after this much processor time (in seconds)
LONGEST = 4_000
SECONDS = 10.0
# Masking a line may uncover more to mask; it is done again until nothing changes
ROUNDS = 5

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

# Patterns, each with a quick look whether a line matches
Known = tuple[tuple[Callable[[str], re.Match[str] | None], re.Pattern[str]], ...]


def mask(text: str, patterns: str, key: bytes) -> str:
    """The text with markers in place of secrets; each line stays a line and keeps its end.

    `patterns` are a platform's, one a line; `key` is the installation's. Masking what is masked changes nothing.
    """
    if "\r" not in text:
        return "\n".join(mask_lines(text.split("\n"), patterns, key))
    pieces = LINE_END.split(text)
    pieces[::2] = mask_lines(pieces[::2], patterns, key)
    return "".join(pieces)


def mask_lines(lines: Sequence[str], patterns: str, key: bytes) -> list[str]:
    """The same for lines without their ends: as many as came, in order."""
    known, own = _sort_out(patterns)
    found = find_own(own, lines) if own else {}
    walk, masker, masked = Walk(lines), _Masker(known, key), list(lines)
    suspicious = find_suspicious(lines) | found.keys()
    for number, line in enumerate(lines):
        if not walk.in_key and number not in suspicious:
            continue
        walk.go_to(number)
        spans = found.get(number, ())
        masked[number] = masker.mask_whole(line) if spans is None else masker.mask_line(line, walk, spans)
        walk.leave(masked[number])
    return masked


def marker_for(secret: str, key: bytes) -> str:
    """What stands in place of a secret; bytes that are no UTF-8 count alike, however they were decoded."""
    text = decode_for_people(encode(secret))
    return f"<secret:{hmac.new(key, text.encode(), 'sha256').hexdigest()[:8]}>"


class _Masker:
    """Masks the lines of one configuration, with the patterns that may run in this process."""

    def __init__(self, known: Known, key: bytes) -> None:
        self._known = known
        self._key = key
        self._ends = time.thread_time() + SECONDS

    def mask_line(self, line: str, walk: Walk, spans: Iterable[Span]) -> str:
        """A line with its secrets masked: those at `spans`, and what is found."""
        if len(line) > LONGEST or time.thread_time() > self._ends:
            return self.mask_whole(line)
        spans = [*spans, *walk.key_parts]
        for _ in range(ROUNDS):
            before = line
            line = self._replace(line, [*spans, *self._find(line, walk)])
            if line == before:
                return line
            spans = []
        return self.mask_whole(line)

    def mask_whole(self, line: str) -> str:
        """A line of which nothing may be shown."""
        return self._replace(line, [(0, len(line))])

    def _find(self, line: str, walk: Walk) -> Iterable[Span]:
        for looks_like, pattern in self._known:
            if looks_like(line):
                yield from secret_spans(pattern, line)
        lower = line.lower()
        yield from find_suspects(lower if len(lower) == len(line) else lower_ascii(line), walk)

    def _replace(self, line: str, spans: Iterable[Span]) -> str:
        done, parts = 0, list[str]()
        for start, end in _merge(_cut(line, spans)):
            parts += line[done:start], marker_for(line[start:end], self._key)
            done = end
        return "".join(parts) + line[done:]


def find_suspicious(lines: Sequence[str]) -> set[int]:
    """The numbers of the lines that may hold a secret: a quick look at all of them together."""
    lower = [line.lower() for line in lines]
    starts = list(itertools.accumulate((len(line) + 1 for line in lower), initial=0))
    text, found = "\n".join(lower), set[int]()
    for hint in HINTS:
        at = text.find(hint)
        while at >= 0:
            number = bisect_right(starts, at) - 1
            found.add(number)
            at = text.find(hint, starts[number + 1])
    return found


def lower_ascii(line: str) -> str:
    """In lower case, with every character in its place: of some letters the lower case is two characters."""
    return line.translate(_LOWER)


@lru_cache(maxsize=256)
def _sort_out(patterns: str) -> tuple[Known, tuple[str, ...]]:
    """The patterns that are known to be fast, compiled, and the others."""
    lines = [line for line in patterns.splitlines() if line.strip()]
    known = [re.compile(line) for line in lines if line in SHIPPED]
    # To look for the beginning of a line in the rest of it would take most of the time
    looks = [pattern.match if pattern.pattern.startswith("^") else pattern.search for pattern in known]
    return tuple(zip(looks, known, strict=True)), tuple(line for line in lines if line not in SHIPPED)


def _cut(line: str, spans: Iterable[Span]) -> list[Span]:
    """The spans without white space and quotes around them, and without what is kept."""
    trimmed = [_trim(line, start, end) for start, end in spans]
    kept = [match.span() for match in KEPT.finditer(line)] if trimmed else []
    pieces: list[Span] = []
    for start, end in trimmed:
        for kept_start, kept_end in kept:
            if kept_start < end and start < kept_end:
                pieces.append(_trim(line, start, kept_start))
                start = kept_end
        pieces.append(_trim(line, start, end))
    return sorted(piece for piece in pieces if _says_something(line, *piece, kept))


def _trim(line: str, start: int, end: int) -> Span:
    while start < end and line[start].isspace():
        start += 1
    while start < end and line[end - 1].isspace():
        end -= 1
    if end - start > 1 and line[start] == line[end - 1] and line[start] in "\"'":
        return start + 1, end - 1
    return start, end


def _says_something(line: str, start: int, end: int, kept: Sequence[Span]) -> bool:
    """Whether there is a secret left: of one that is masked already only quotes may be."""
    return start < end and (not kept or any(character.isalnum() for character in line[start:end]))


def _merge(spans: Sequence[Span]) -> list[Span]:
    """Sorted spans, those that overlap together."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
