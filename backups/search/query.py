"""What is searched for: a text or a regular expression, always in time proportional to what is searched."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import re2

from backups.exceptions import BackupError

LONGEST = 500  # characters
# One that needs more would be slow, and is refused: bytes of memory, and steps of an expression
MEMORY = 1 << 20
STEPS = 1_500

# What Python's expressions have and these have not
LOOK_AROUND = re.compile(r"\(\?<?[=!]")
BACKREFERENCE = re.compile(r"(?<!\\)(?:\\\\)*\\[1-9]|\(\?P=")
NOT_THERE = (
    "Not available here: look-around, such as (?=…) or (?<!…). “Devices that do not contain it” may serve instead."
)
WRITE_OUT = "Not available here: backreferences, such as \\1 or (?P=name). Write out what repeats."


class BadQuery(BackupError):
    """This cannot be searched for; str() says why, and what to write instead."""


@dataclass(frozen=True)
class Query:
    """A text to search for, as somebody typed it."""

    text: str
    is_regex: bool = False
    match_case: bool = False

    @cached_property
    def pattern(self) -> Any:
        """The expression that finds it in UTF-8 text; no match is longer than a line. Raises BadQuery."""
        if not self.text.strip():
            raise BadQuery("Give something to search for.")
        if len(self.text) > LONGEST:
            raise BadQuery(f"Give at most {LONGEST} characters.")
        if "\n" in self.text or "\r" in self.text:
            raise BadQuery("Give one line: each line of a configuration is searched by itself.")
        try:
            wanted = self.text.encode()
        except UnicodeEncodeError:
            raise BadQuery("This text holds half a character.") from None
        options = re2.Options()
        options.never_nl, options.log_errors, options.max_mem = True, False, MEMORY
        options.case_sensitive = self.match_case
        try:
            # So that ^ and $ are the ends of a line
            pattern = re2.compile(b"(?m)" + (wanted if self.is_regex else re2.escape(wanted)), options)
        except re2.error as error:
            raise BadQuery(self._why_not(error)) from None
        if self.is_regex and pattern.programsize > STEPS:
            raise BadQuery("This regular expression is too large: repeat less.")
        return pattern

    def _why_not(self, error: Exception) -> str:
        if LOOK_AROUND.search(self.text):
            return NOT_THERE
        if BACKREFERENCE.search(self.text):
            return WRITE_OUT
        what = error.args[0] if error.args else b""
        told = what.decode("utf-8", "replace") if isinstance(what, bytes) else str(what)
        return f"This is not a regular expression: {told.replace('(?m)', '')}."
