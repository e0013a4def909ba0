"""What was aimed at, and whether it was reached."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console

TIMES_NORNIR = 2.0
PERCENT_OF_NAPALM = 80
WORKER_MB, THREADS = 200, 25  # a worker's memory with so many threads
STATEMENTS = 15  # a backup
PERCENT_OF_HEALTHY = 80
REQUEST_SECONDS = 2
MEMORY_GROWTH_PERCENT = 10  # what is called flat


@dataclass(frozen=True)
class Aim:
    """One of them; `sentence` says what was measured, and what was wanted."""

    sentence: str
    holds: bool

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self)


def at_least(what: str, value: float, wanted: float, unit: str = "") -> Aim:
    """An aim from below."""
    return Aim(f"{what}: {round(value, 2):g}{unit}; wanted: at least {wanted:g}{unit}", value >= wanted)


def at_most(what: str, value: float, wanted: float, unit: str = "") -> Aim:
    """An aim from above."""
    return Aim(f"{what}: {round(value, 2):g}{unit}; wanted: at most {wanted:g}{unit}", value <= wanted)


def all_right(wrong: int) -> Aim:
    """Every backup ends with its right reason."""
    return Aim(f"Backups that did not end as their device's fault wants: {wrong}; wanted: none", wrong == 0)


def print_aims(aims: list[dict[str, Any]], console: Console) -> None:
    """A line for each."""
    for aim in aims:
        verdict = "[green]holds[/] " if aim["holds"] else "[red]missed[/]"
        console.print(f"{verdict}  {aim['sentence']}", soft_wrap=True)
