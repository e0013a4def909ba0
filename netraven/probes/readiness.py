"""Whether NetRaven can do its work: all checks at once, and no longer than a probe waits."""

import time
from collections.abc import Callable, Collection
from concurrent.futures import TimeoutError as TooLate

from django.db import Error

from netraven.probes import checks
from netraven.probes.bounded import Bounded

LIMIT = 3.0  # seconds for all of them
NOT_ASKED = "not known"
Found = dict[str, str]


def _records() -> Found:
    """What the database tells, if it answers."""
    found = {"database": checks.database(), "migrations": NOT_ASKED, "workers": NOT_ASKED}
    if not found["database"]:
        found["migrations"] = checks.migrations()
    if not found["migrations"]:
        try:
            found["workers"] = checks.workers()
        except Error:  # it went away just now
            found["database"] = checks.SILENT
    return found


def _alone(name: str, check: Callable[[], str]) -> Callable[[], Found]:
    return lambda: {name: check()}


# What is asked one after the other, with the names of the answers
_QUESTIONS = (
    (("database", "migrations", "workers"), Bounded(_records)),
    (("task_queue",), Bounded(_alone("task_queue", checks.task_queue))),
    (("cache",), Bounded(_alone("cache", checks.cache))),
    (("storage",), Bounded(_alone("storage", checks.storage))),
)
NAMES = tuple(name for names, _ in _QUESTIONS for name in names)


def look(without: Collection[str] = (), limit: float = LIMIT) -> Found:
    """What is wrong by the name of the check, "" if nothing is; without those that are not wanted."""
    until = time.monotonic() + limit
    asked = [(names, question.begin()) for names, question in _QUESTIONS if set(names) - set(without)]
    found: Found = {}
    for names, answer in asked:
        try:
            found |= answer.result(max(0.0, until - time.monotonic()))
        except TooLate:
            found |= dict.fromkeys(names, NOT_ASKED) | {names[0]: f"no answer in {limit:g} s"}
        except Exception as error:
            found |= dict.fromkeys(names, NOT_ASKED) | {names[0]: f"failed ({type(error).__name__})"}
    return {name: problem for name, problem in found.items() if name not in without}
