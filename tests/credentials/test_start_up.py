"""Starting with missing, malformed or wrong keys: one clear line, never a key, never a server."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from django.conf import settings

from tests.credentials.conftest import new_key

Run = Callable[..., subprocess.CompletedProcess[str]]
OLD, NEW = new_key(), new_key()
MAKE_CREDENTIAL = """
import django; django.setup()
from credentials.models import Credential
Credential.objects.create(name="core", username="u", password="p")
"""


def run_python(folder: Path, arguments: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("NETRAVEN_", "DATABASE_"))}
    clean |= {"DJANGO_SETTINGS_MODULE": "netraven.settings", "NETRAVEN_DATA_DIR": str(folder)}
    # Set, if only to nothing: a developer's .env must not fill the gap.
    clean |= {
        "NETRAVEN_DEBUG": "0",
        "NETRAVEN_SECRET_KEY": "x" * 60,
        "NETRAVEN_FIELD_KEYS": "",
        "NETRAVEN_REDIS_URL": "",
    }
    clean |= {"DATABASE_URL": f"sqlite:///{folder / 'netraven.sqlite3'}"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `python <arguments>` outside development, on a database of its own: `run("manage.py", "check", A="b")`."""
    return lambda *arguments, **environment: run_python(tmp_path / "data", arguments, environment)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a credential is stored, encrypted with OLD."""
    folder = tmp_path_factory.mktemp("installation")
    for arguments in (["manage.py", "migrate", "-v0"], ["-c", MAKE_CREDENTIAL]):
        done = run_python(folder, arguments, {"NETRAVEN_FIELD_KEYS": OLD})
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def data(installation: Path, tmp_path: Path) -> None:
    """The test's own copy of that installation."""
    shutil.copytree(installation, tmp_path / "data")


def only_line(done: subprocess.CompletedProcess[str]) -> str:
    (line,) = done.stderr.splitlines()
    return line


def test_a_missing_secret_key_is_one_line_with_a_recipe(run: Run) -> None:
    done = run("manage.py", "migrate", NETRAVEN_SECRET_KEY="")
    assert done.returncode == 1
    assert "NETRAVEN_SECRET_KEY is not set. Make one with: python -c" in only_line(done)


@pytest.mark.parametrize("command", ["migrate", "check", "rotate_keys", "run_workers", "runserver"])
def test_missing_field_keys_are_one_line_with_a_recipe(run: Run, command: str) -> None:
    done = run("manage.py", command)
    assert done.returncode == 1
    assert "NETRAVEN_FIELD_KEYS is not set. Make one with: python -c" in only_line(done)


@pytest.mark.parametrize(
    "keys",
    [f"{OLD},short", f"{OLD},{NEW[:-4]}", f"{OLD},,{NEW}", f"{OLD}, ünusual"],
    ids=["short", "cut", "empty", "not ascii"],
)
def test_a_malformed_field_key_is_named_by_its_place_and_not_shown(run: Run, keys: str) -> None:
    done = run("manage.py", "check", NETRAVEN_FIELD_KEYS=keys)
    assert done.returncode == 1
    assert "NETRAVEN_FIELD_KEYS: key 2 of" in only_line(done)
    assert "Make one with: python -c" in done.stderr
    assert not any(key.strip() and key.strip() in done.stderr for key in keys.split(","))


def test_the_recipe_in_the_message_makes_a_key(run: Run) -> None:
    line = only_line(run("manage.py", "check"))
    recipe = line.split("python -c '")[1].split("'")[0]
    key = run("-c", recipe).stdout.strip()
    assert run("manage.py", "check", NETRAVEN_FIELD_KEYS=f" {key} , ").returncode == 0


@pytest.mark.parametrize("value", ["", "Strict", "off"])
def test_an_unknown_way_with_host_keys_is_one_line_that_names_the_known_ones(run: Run, value: str) -> None:
    done = run("manage.py", "check", NETRAVEN_FIELD_KEYS=OLD, NETRAVEN_HOST_KEYS=value)
    assert done.returncode == 1
    assert f"NETRAVEN_HOST_KEYS is “{value}”. Give one of: trust, strict." in only_line(done)


def test_a_new_installation_starts_before_there_are_tables(run: Run) -> None:
    assert run("manage.py", "check", NETRAVEN_FIELD_KEYS=OLD).returncode == 0
    assert run("-c", "import netraven.wsgi", NETRAVEN_FIELD_KEYS=OLD).returncode == 0


def test_the_check_is_quiet_when_the_database_is_away(run: Run) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"postgres://u:p@127.0.0.1:{nobody.getsockname()[1]}/netraven"
        done = run("manage.py", "check", NETRAVEN_FIELD_KEYS=OLD, DATABASE_URL=url)
    assert done.returncode == 0
    assert "E001" not in done.stderr


@pytest.mark.usefixtures("data")
def test_nothing_starts_with_keys_that_do_not_fit(run: Run) -> None:
    done = run("manage.py", "check", NETRAVEN_FIELD_KEYS=NEW)
    assert done.returncode == 1
    assert "(credentials.E001) No key in NETRAVEN_FIELD_KEYS fits 1 of 1 sampled rows" in done.stderr
    done = run("manage.py", "run_workers", NETRAVEN_FIELD_KEYS=NEW)
    assert done.returncode == 1
    assert "credentials.E001" in done.stderr
    gunicorn = ["-m", "gunicorn", "netraven.wsgi", "--bind", "127.0.0.1:0", "--workers", "1"]
    done = run(*gunicorn, NETRAVEN_FIELD_KEYS=NEW)
    assert done.returncode != 0
    assert "No key in NETRAVEN_FIELD_KEYS fits 1 of 1 sampled rows" in done.stderr
    assert "rotate_keys" in done.stderr
    assert NEW not in done.stderr


@pytest.mark.usefixtures("data")
def test_rotate_keys_explains_on_one_line_what_does_not_fit(run: Run) -> None:
    done = run("manage.py", "rotate_keys", NETRAVEN_FIELD_KEYS=NEW)
    assert done.returncode == 1
    assert "fits credentials.Credential " in only_line(done)
    assert ", password" in only_line(done)


@pytest.mark.usefixtures("data")
def test_keys_are_exchanged_in_three_steps(run: Run) -> None:
    done = run("manage.py", "rotate_keys", NETRAVEN_FIELD_KEYS=f"{NEW},{OLD}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 rows encrypted anew" in done.stdout
    assert run("manage.py", "check", NETRAVEN_FIELD_KEYS=NEW).returncode == 0
    assert run("manage.py", "check", NETRAVEN_FIELD_KEYS=OLD).returncode == 1
