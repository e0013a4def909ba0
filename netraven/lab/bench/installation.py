"""A NetRaven to measure: a new database, the settings of a production system, and nobody else's data in reach."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import redis
from cryptography.fernet import Fernet
from django.db import DatabaseError, connection

from netraven.lab import playground


@contextmanager
def installation(database_url: str, redis_url: str) -> Iterator[Path]:
    """Settings and database for this process, and for those it starts meanwhile; yields the folder for files.

    With PostgreSQL, the database NAME_bench is made beside the one in the URL, and dropped in the end.
    """
    var = playground.ROOT / "var"
    var.mkdir(exist_ok=True)
    with _empty_redis(redis_url), _folder(var) as folder:
        set_environment(folder, database_url or f"sqlite:///{folder / 'netraven.sqlite3'}", redis_url)
        with _new_database(database_url):
            os.environ["NETRAVEN_LOG_LEVEL"] = "INFO"  # for the processes: writing the log is part of the work
            yield folder


@contextmanager
def _folder(parent: Path) -> Iterator[Path]:
    """Not in the system's temporary folder, which may be memory: flushing files to a disk is part of the work."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
    measured = False
    try:
        yield folder
        measured = True
    finally:
        if measured or not list(folder.glob("*.log")):  # else the message names one of them
            shutil.rmtree(folder)


def set_environment(folder: Path, database_url: str, redis_url: str = "") -> None:
    """The settings of a production system, for this process if Django is not set up yet, and for those it starts."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "netraven.settings",
        "NETRAVEN_DEBUG": "0",  # otherwise Django keeps a list of all queries
        "NETRAVEN_HTTPS": "0",
        "NETRAVEN_SECRET_KEY": secrets.token_urlsafe(50),
        "NETRAVEN_FIELD_KEYS": Fernet.generate_key().decode(),
        "NETRAVEN_DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
        "NETRAVEN_REDIS_URL": redis_url,
        "NETRAVEN_LOG_LEVEL": "WARNING",
        "NETRAVEN_LOG_JSON": "1",
    }


def run_module(folder: Path, name: str, *arguments: str, **environment: str) -> Any:
    """What a module of this package prints as JSON; its log goes into a file in the folder."""
    log = folder / f"{name}.log"
    with log.open("w") as errors:
        done = subprocess.run(
            [sys.executable, "-m", f"netraven.lab.bench.{name}", *arguments],
            cwd=playground.ROOT,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    if done.returncode:
        sys.exit(f"netraven: {name} failed:\n{''.join(log.read_text().splitlines(keepends=True)[-20:])}")
    return json.loads(done.stdout)


@contextmanager
def _new_database(url: str) -> Iterator[None]:
    django.setup()
    from django.core.management import call_command

    if not url:
        call_command("migrate", verbosity=0)
        yield
        connection.close()
        return
    given = str(connection.settings_dict["NAME"])
    connection.settings_dict["TEST"]["NAME"] = f"{given}_bench"
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        sys.exit(f"netraven: the database in --database-url cannot be used: {str(error).splitlines()[0]}")
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    os.environ["DATABASE_URL"] = urlsplit(url)._replace(path=f"/{name}").geturl()
    try:
        yield
    finally:
        connection.creation.destroy_test_db(given, verbosity=0)


@contextmanager
def _empty_redis(url: str) -> Iterator[None]:
    """One that holds nothing before and after: what is in it might be a production system's queue."""
    if not url:
        yield
        return
    client = redis.Redis.from_url(url)
    try:
        if client.dbsize():
            sys.exit("netraven: the Redis database in --redis-url holds data; name an empty one, such as …/9")
        yield
        client.flushdb()
    except redis.RedisError as error:
        sys.exit(f"netraven: the Redis in --redis-url cannot be used: {type(error).__name__}")
