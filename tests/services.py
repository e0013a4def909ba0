"""The servers that some tests need. Where one is missing its tests are skipped, but not in CI: there they must run."""

import os
import shutil

import psycopg
import pytest
import redis

POSTGRESQL = ("127.0.0.1", 5432)
REDIS = ("127.0.0.1", 6379)
POSTGRESQL_USERS = ("postgres", "root")  # either may be the superuser that is let in without a password


def require_postgresql() -> str:
    """URL of a PostgreSQL server, without a database: `postgres://user@host:port`."""
    host, port = POSTGRESQL
    problem = ""
    for user in POSTGRESQL_USERS:
        try:
            with psycopg.connect(host=host, port=port, user=user, dbname="postgres", connect_timeout=3):
                return f"postgres://{user}@{host}:{port}"
        except psycopg.OperationalError as error:
            problem = str(error).strip()
    missing(f"no PostgreSQL on {host}:{port}: {problem}")
    return ""


def require_redis() -> str:
    """URL of a Redis server, without a database number: `redis://host:port`."""
    host, port = REDIS
    try:
        with redis.Redis(host=host, port=port, socket_connect_timeout=3) as client:
            client.ping()
    except redis.RedisError as error:
        missing(f"no Redis on {host}:{port}: {error}")
    return f"redis://{host}:{port}"


def require_programs(*names: str) -> None:
    """Programs that are on every operator's machine, and not on every other."""
    if absent := [name for name in names if shutil.which(name) is None]:
        missing(f"no {', no '.join(absent)}")


def missing(what: str) -> None:
    """Skip the test; in CI fail it, so that it is never skipped for ever without anybody seeing it."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} (CI is set, so this is a failure)")
    pytest.skip(what)
