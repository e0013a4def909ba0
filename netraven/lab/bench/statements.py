"""Which statements reach the database."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

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
        self.statements += [sql] * (len(params) if many else 1)
        return execute(sql, params, many, context)


def kind_of(sql: str) -> str:
    """The verb and the first table."""
    table = TABLE.search(sql)
    return f"{sql.split()[0]} {table[1]}" if table else sql.split()[0]
