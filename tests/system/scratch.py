"""Databases and Redis numbers that belong to one test, and are gone after it."""

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import environ
import psycopg
import redis
from django.db import connections

from tests.services import require_postgresql, require_redis

REDIS_NUMBERS = range(15, 3, -1)
REDIS_CLAIM = "netraven-test-claim"
CLAIM_SECONDS = 600


def server_execute(server: str, statement: str) -> None:
    """Run one statement in the server's maintenance database."""
    with psycopg.connect(f"{server}/postgres".replace("postgres:", "postgresql:", 1), autocommit=True) as connection:
        connection.execute(statement.encode())


@contextmanager
def scratch_postgresql(template: str = "template0") -> Iterator[str]:
    """URL of a new database, a copy of `template`; dropped on leaving, whoever is still connected."""
    server = require_postgresql()
    name = f"netraven_test_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    server_execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield f"{server}/{name}"
    finally:
        server_execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def scratch_sqlite(folder: Path, template: Path | None = None) -> Iterator[str]:
    """URL of a new database file in this folder, a copy of `template` if there is one."""
    file = folder / "netraven.sqlite3"
    if template:
        shutil.copy(template, file)
    yield f"sqlite:///{file}"


@contextmanager
def scratch_redis() -> Iterator[str]:
    """URL of an empty Redis database that nobody else uses; emptied on leaving."""
    server = require_redis()
    for number in REDIS_NUMBERS:
        url = f"{server}/{number}"
        with redis.Redis.from_url(url) as client:
            if client.set(REDIS_CLAIM, os.getpid(), nx=True, ex=CLAIM_SECONDS):
                if client.dbsize() == 1:
                    try:
                        yield url
                    finally:
                        client.flushdb()
                    return
                client.delete(REDIS_CLAIM)
    raise RuntimeError("every Redis database holds data: tests take only an empty one")


@contextmanager
def database_alias(url: str) -> Iterator[str]:
    """A Django database alias for another installation's database, to read its records with our models."""
    alias = f"scratch-{uuid.uuid4().hex[:8]}"
    config = environ.Env.db_url_config(url)
    if "sqlite" in config["ENGINE"]:
        config["OPTIONS"] = {"timeout": 30}
    connections.settings[alias] = connections.configure_settings({"default": {}, alias: config})[alias]
    try:
        yield alias
    finally:
        connections[alias].close()
        with contextlib.suppress(AttributeError):
            del connections[alias]
        del connections.settings[alias]
