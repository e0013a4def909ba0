"""NetRaven's way: devices asked for at the one door, backed up by one worker. Prints usage and statements."""

import json
import re
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import django
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from netraven.lab.bench.meter import measured

TABLE = re.compile(r'(?:FROM|INTO|UPDATE) "(\w+)"')


class StatementCounter:
    """Counts the statements of every connection: those that are open when it starts to watch, and those made later."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def watch(self) -> None:
        """From now on, in every thread."""
        connection_created.connect(self._on_connection)
        self._on_connection(connections[DEFAULT_DB_ALIAS])

    def by_kind(self) -> dict[str, int]:
        """How often each kind came, the most frequent first: {"INSERT backups_joblog": 800, ...}."""
        return dict(Counter(map(kind_of, self.statements)).most_common())

    def _on_connection(self, connection: BaseDatabaseWrapper, **signal: object) -> None:
        if self._note not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._note)

    def _note(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        self.statements.append(sql)
        return execute(sql, params, many, context)


def kind_of(sql: str) -> str:
    """The verb and the first table."""
    table = TABLE.search(sql)
    return f"{sql.split()[0]} {table[1]}" if table else sql.split()[0]


def request(device_ids: list[uuid.UUID]) -> None:
    """Ask for backups of these devices."""
    from backups.models import Job
    from backups.services import request_backups
    from devices.models import Device

    request_backups(Device.objects.filter(pk__in=device_ids), user=None, trigger=Job.Trigger.COMMAND, comments="bench")


def run(count: int) -> None:
    """One worker's shift, until nothing is pending. Raises unless so many backups succeed, and none fails."""
    from backups.models import Backup
    from backups.tasks import work

    if work() != {Backup.Status.COMPLETED: count}:
        raise RuntimeError(f"not every backup succeeded: {set(Backup.objects.values_list('error', flat=True))}")


def main() -> int:
    """Measure all devices, after one that warms up."""
    django.setup()
    from devices.models import Device

    ids: list[uuid.UUID] = list(Device.objects.order_by("hostname").values_list("pk", flat=True))
    request(ids[:1])
    run(1)
    request(ids)
    counter = StatementCounter()
    counter.watch()
    usage = measured(len(ids), lambda: run(len(ids)))
    print(json.dumps({"usage": asdict(usage), "statements": counter.by_kind()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
