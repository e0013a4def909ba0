"""Hashes of a configuration: one of its exact bytes, one that ignores what changes by itself."""

import hashlib
import re
from functools import lru_cache


def content_hash(content: bytes) -> str:
    """SHA-256 of the exact bytes, as `sha256sum` prints it."""
    return hashlib.sha256(content).hexdigest()


def change_hash(text: str, volatile_patterns: str) -> str:
    """SHA-256 of the lines that an operator would call the configuration."""
    return content_hash("\n".join(stable_lines(text, volatile_patterns)).encode("utf-8", "surrogatepass"))


def stable_lines(text: str, volatile_patterns: str) -> list[str]:
    """The lines without trailing white space, without those that match a volatile pattern, without blank ends."""
    volatile = compile_patterns(volatile_patterns)
    lines = [line for line in (raw.rstrip() for raw in split_lines(text)) if not volatile.find_in(line)]
    return _strip_blank_ends(lines)


def split_lines(text: str) -> list[str]:
    """Lines as a device means them: form feeds and Unicode separators inside a line do not end it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


class Patterns:
    """A platform's list of regular expressions, one a line. Each means what it means by itself, as it was checked when
    it was entered: its flags, the names of its groups and the references to them are its own."""

    def __init__(self, patterns: str) -> None:
        each = [re.compile(line) for line in patterns.splitlines() if line.strip()]
        # Those without any of that can be one expression, which is five times as fast as five.
        plain = [pattern.pattern for pattern in each if pattern.flags == re.UNICODE and not pattern.groups]
        others = [pattern for pattern in each if pattern.pattern not in plain]
        joined = [re.compile("|".join(f"(?:{pattern})" for pattern in plain))] if plain else []
        self._searches = [pattern.search for pattern in (*joined, *others)]

    def find_in(self, line: str) -> bool:
        """Whether one of them matches somewhere in the line; none of an empty list does."""
        return any(search(line) for search in self._searches)


@lru_cache(maxsize=256)
def compile_patterns(patterns: str) -> Patterns:
    """The patterns, compiled once."""
    return Patterns(patterns)


def _strip_blank_ends(lines: list[str]) -> list[str]:
    filled = [number for number, line in enumerate(lines) if line]
    return lines[filled[0] : filled[-1] + 1] if filled else []
