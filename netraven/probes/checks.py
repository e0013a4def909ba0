"""What must work, each with a word on what is wrong; nothing that names a host, a user or a folder.

"" is good. A check may hang as long as what it asks does: see `readiness.py`.
"""

import secrets

from django.core.cache import cache as shared_cache
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from backups import storage as backup_storage
from backups.exceptions import StorageFailed
from backups.monitoring import SILENT_AFTER, processes_seen, read_task_queue

SILENT = "does not answer"
_migrated: set[str] = set()  # databases that had all migrations: a process never sees one more


def database() -> str:
    """Whether it answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return SILENT
    return ""


def migrations() -> str:
    """Whether the database has all that this program needs."""
    name = str(connection.settings_dict["NAME"])
    if name not in _migrated:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return "not all are applied: run manage.py migrate"
        _migrated.add(name)
    return ""


def workers() -> str:
    """Whether one gave a sign of life lately."""
    return "" if processes_seen() else f"none was seen for {SILENT_AFTER.seconds // 60} minutes"


def task_queue() -> str:
    """Whether it answers."""
    return "" if read_task_queue() else SILENT


def cache() -> str:
    """Whether it keeps what it is given."""
    word = secrets.token_hex(8)
    try:
        shared_cache.set(f"netraven.probe.{word}", word, timeout=10)
        kept = shared_cache.get(f"netraven.probe.{word}")
    except Exception:  # each cache has errors of its own
        return SILENT
    return "" if kept == word else "does not keep what it is given"


def storage() -> str:
    """Whether a configuration could be stored."""
    try:
        backup_storage.require_writable()
    except StorageFailed:
        return "cannot be written"
    return ""
