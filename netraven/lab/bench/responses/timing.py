"""One question, asked some times."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpResponseBase

PATIENCE_SECONDS = 60  # of the database, for one statement
ENOUGH_SECONDS = 8.0  # for all requests of a question
Ask = Callable[[str], Any]


@dataclass(frozen=True)
class Question:
    """A path with or without a query, and who asks; `about` names the kind of address for the report."""

    kind: str
    about: str
    who: str
    path: str


@dataclass(frozen=True)
class Answer:
    """What a question cost: milliseconds, statements, and the slowest statement of the first request.

    `work` is the processor's time, ours and the database's: what an answer takes while nobody else uses the machine.
    """

    question: Question
    status: int
    times: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    queries: int = 0
    slowest_sql: str = ""
    slowest_sql_ms: float = 0
    size: int = 0
    streams: bool = False

    @property
    def median(self) -> float:
        """Milliseconds."""
        return median(self.times)

    @property
    def p95(self) -> float:
        """Milliseconds; the largest one of a few."""
        return quantiles(self.times, n=20)[-1] if len(self.times) >= 20 else max(self.times)

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        figures: dict[str, Any] = asdict(self)
        about: dict[str, Any] = figures.pop("question")
        own = {"median": self.median, "p95": self.p95, "median_work": median(self.work)}
        return about | figures | own


class Statements:
    """Counts statements and keeps the slowest."""

    def __init__(self) -> None:
        self.count, self.slowest, self.slowest_ms = 0, "", 0.0

    def note(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """As Django's execute_wrapper calls it."""
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            took = 1000 * (time.perf_counter() - began)
            self.count += 1
            if took > self.slowest_ms:
                self.slowest, self.slowest_ms = f"{sql} -- {params!r}"[:6000], took


def ask(question: Question, get: Ask, runs: int) -> Answer:
    """Once to warm up, with statements counted, and then so often with a clock; fewer times if it takes long."""
    statements, times, work = Statements(), list[float](), list[float]()
    with connection.execute_wrapper(statements.note):
        began = time.perf_counter()
        response = get(question.path)
        size = _read(response)
        first = time.perf_counter() - began
    spent = first
    while len(times) < runs and (spent < ENOUGH_SECONDS or not times):
        began, worked = time.perf_counter(), _worked()
        _read(get(question.path))
        took = time.perf_counter() - began
        times.append(1000 * took)
        work.append(1000 * (_worked() - worked))
        spent += took
    return Answer(
        question, response.status_code, times, work, statements.count, statements.slowest, statements.slowest_ms, size,
        bool(getattr(response, "streaming", False)),
    )  # fmt: skip


@contextmanager
def bounded_statements() -> Iterator[None]:
    """None takes longer than PATIENCE_SECONDS."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = '{PATIENCE_SECONDS}s'")
    try:
        yield
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("RESET statement_timeout")
        except DatabaseError:
            connection.close()


def _read(response: HttpResponseBase) -> int:
    if response.streaming:
        return sum(len(part) for part in response)
    return len(response.content)  # type: ignore[attr-defined]


def _worked() -> float:
    """Seconds of the processor that this process and its connection's have used so far, if Linux says so."""
    theirs = 0.0
    if connection.vendor == "postgresql" and connection.connection:
        with suppress(OSError):
            schedstat = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
            theirs = int(schedstat.split()[0]) / 1e9
    return time.process_time() + theirs
