"""Makes a history of backups, or does one kind of housekeeping over it, in a process of its own. Prints JSON."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import django

from netraven.lab.bench.meter import measured

if TYPE_CHECKING:
    from backups.housekeeping.runs import Run


class Counter:
    """Counts statements, and keeps none: memory is what is measured."""

    def __init__(self) -> None:
        self.statements = self.steps = 0

    def note(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """As Django's execute_wrapper calls it."""
        self.statements += 1
        return execute(sql, params, many, context)

    def step(self, step: object) -> None:
        """A step is done."""
        self.steps += 1


def make(backups: int) -> dict[str, Any]:
    """A history of so many backups in an empty database."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("flush", verbosity=0, interactive=False)
    from netraven.lab.history import Plan, make_history

    plan = Plan(devices=backups // Plan.backups_each)
    make_history(plan)
    return asdict(plan) | {"apart": plan.apart.total_seconds()}


def measure(job_type: str) -> dict[str, Any]:
    """What a whole run of this type cost, and what it did."""
    from django.db import connection

    from backups.housekeeping.runs import Run, begin
    from backups.housekeeping.slices import CHORES
    from backups.models import Job

    chore, counter = CHORES[job_type](), Counter()
    run = Run.claim(begin(chore, Job.Trigger.COMMAND), chore)
    if run is None:
        raise RuntimeError("somebody else took the run")
    with connection.execute_wrapper(counter.note):
        usage = measured(lambda: _work(run, counter))
    if run.failed:
        raise RuntimeError(run.result)
    counts = Job.objects.get(pk=run.job.pk).metadata
    cost = {"seconds": usage.seconds, "peak_memory": usage.peak_memory}
    return cost | {"statements": counter.statements, "steps": counter.steps, "counts": counts, "result": run.result}


def _work(run: "Run", counter: Counter) -> int:
    run.work(watch=counter.step)
    return 1


def main() -> int:
    """`make NUMBER`, or a type of job."""
    django.setup()
    first, *rest = sys.argv[1:]
    print(json.dumps(make(int(rest[0])) if first == "make" else measure(first)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
