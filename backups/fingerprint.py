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
    lines = [line for line in (raw.rstrip() for raw in split_lines(text)) if not (volatile and volatile.search(line))]
    return _strip_blank_ends(lines)


def split_lines(text: str) -> list[str]:
    """Lines as a device means them: form feeds and Unicode separators inside a line do not end it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@lru_cache(maxsize=256)
def compile_patterns(patterns: str) -> re.Pattern[str] | None:
    """One regular expression for a platform's list of them, one a line; None for an empty list."""
    alternatives = [line for line in patterns.splitlines() if line.strip()]
    return re.compile("|".join(f"(?:{line})" for line in alternatives)) if alternatives else None


def _strip_blank_ends(lines: list[str]) -> list[str]:
    filled = [number for number, line in enumerate(lines) if line]
    return lines[filled[0] : filled[-1] + 1] if filled else []
