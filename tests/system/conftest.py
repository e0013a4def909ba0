"""NetRaven as real processes on each of its databases and brokers."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from auditlog.context import disable_auditlog
from pytest_django.plugin import DjangoDbBlocker

from tests.services import POSTGRESQL, REDIS
from tests.system import scratch
from tests.system.installation import Installation, environment_of, run_manage
from tests.system.proxy import Proxy

MakeInstallation = Callable[..., Installation]
COMBINATIONS = [("sqlite", "orm"), ("postgresql", "redis")]  # each database and each broker once


@pytest.fixture(autouse=True)
def _read_other_databases(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Each installation has a database of its own: pytest-django's is not in use here, and has no audit trail."""
    with django_db_blocker.unblock(), disable_auditlog():
        yield


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all migrations applied."""
    folder = tmp_path_factory.mktemp("template")
    with scratch.scratch_sqlite(folder) as url:
        migrate(folder, url)
    return folder / "netraven.sqlite3"


@pytest.fixture(scope="session")
def postgresql_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Name of a database with all migrations applied."""
    with scratch.scratch_postgresql() as url:
        migrate(tmp_path_factory.mktemp("template"), url)
        yield url.rsplit("/", 1)[1]


def migrate(folder: Path, url: str) -> None:
    done = run_manage(environment_of(folder, url), "migrate", "-v0")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def postgresql_proxy() -> Iterator[Proxy]:
    """Between an installation and PostgreSQL: `make_installation("postgresql", database_port=proxy.port)`."""
    with Proxy(POSTGRESQL) as proxy:
        yield proxy


@pytest.fixture
def redis_proxy() -> Iterator[Proxy]:
    """Between an installation and Redis: `make_installation(broker="redis", redis_port=proxy.port)`."""
    with Proxy(REDIS) as proxy:
        yield proxy


@pytest.fixture
def make_installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeInstallation]:
    """Make installations: `make_installation("postgresql", "redis", NETRAVEN_LEASE="2")`; gone with the test."""
    with ExitStack() as afterwards:

        def make(
            database: str = "sqlite",
            broker: str = "orm",
            *,
            database_port: int = 0,
            redis_port: int = 0,
            **settings: str,
        ) -> Installation:
            data_dir = tmp_path_factory.mktemp("netraven")
            afterwards.callback(shutil.rmtree, data_dir, ignore_errors=True)
            url = afterwards.enter_context(migrated_database(request, database, data_dir))
            alias = afterwards.enter_context(scratch.database_alias(url))
            redis_url = afterwards.enter_context(scratch.scratch_redis()) if broker == "redis" else ""
            url = url.replace(f":{POSTGRESQL[1]}/", f":{database_port or POSTGRESQL[1]}/")
            redis_url = redis_url.replace(f":{REDIS[1]}/", f":{redis_port or REDIS[1]}/")
            installation = Installation(data_dir, environment_of(data_dir, url, redis_url) | settings, alias)
            afterwards.callback(installation.stop)
            return installation

        yield make


def migrated_database(request: pytest.FixtureRequest, kind: str, data_dir: Path) -> AbstractContextManager[str]:
    """A scratch database with all migrations applied; its URL."""
    if kind == "postgresql":
        return scratch.scratch_postgresql(request.getfixturevalue("postgresql_template"))
    return scratch.scratch_sqlite(data_dir, request.getfixturevalue("sqlite_template"))


@pytest.fixture
def installation(make_installation: MakeInstallation) -> Installation:
    """On SQLite alone, as it comes."""
    return make_installation()


@pytest.fixture(params=COMBINATIONS, ids="-".join)
def any_installation(request: pytest.FixtureRequest, make_installation: MakeInstallation) -> Installation:
    """On each database with each broker."""
    return make_installation(*request.param)
