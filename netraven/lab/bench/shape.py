"""Processes times threads."""

import re
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Shape:
    """So many processes with so many threads each: `4x25` on the command line."""

    processes: int
    threads: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """ValueError unless it is two numbers with an x between them, both at least 1."""
        if not (numbers := re.fullmatch(r"([1-9]\d*) ?x ?([1-9]\d*)", text)):
            raise ValueError(f"“{text}” is not a shape like 4x25")
        return cls(*map(int, numbers.groups()))

    def __str__(self) -> str:
        return f"{self.processes} x {self.threads}"

    @property
    def devices_at_once(self) -> int:
        """Threads of all processes together."""
        return self.processes * self.threads
