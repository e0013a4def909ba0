"""The files in docs/deployment fit the program: their commands run, and the variables they set are read."""

import configparser
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet
from django.conf import settings

from backups.worker import GRACE

FOLDER = settings.BASE_DIR / "docs" / "deployment"
UNITS = sorted(FOLDER.glob("*.service"))
VARIABLE = re.compile(r"\b(?:NETRAVEN_[A-Z0-9_]+|DATABASE_URL)\b")
DEFAULT_DEADLINE = 300  # seconds; settings.NETRAVEN has the tests' own


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    return loaded


def unit(path: Path) -> dict[str, list[str]]:
    """Every option of a unit, whatever its section, with all its values."""
    values: dict[str, list[str]] = {}
    parser = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",), delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment]  # as configparser's own documentation does it
    parser.read_string(path.read_text())
    for section in parser.sections():
        for name, value in parser.items(section):
            values.setdefault(name, []).append(value)
    return values


def commands() -> dict[str, list[str]]:
    """What the files start, as lists of arguments; each where it is found."""
    found: dict[str, list[str]] = {}
    for name, service in compose()["services"].items():
        if service.get("image") == "netraven":
            command = service["command"]
            for number, part in enumerate(command[2].split(" && ") if command[0] == "sh" else [shlex.join(command)]):
                found[f"{name} {number}"] = shlex.split(part)
    for path in UNITS:
        (line,) = unit(path)["ExecStart"]
        found[path.name] = shlex.split(line.replace("/opt/netraven/.venv/bin/", ""))
    image = (FOLDER / "Containerfile").read_text()
    found["image"] = yaml.safe_load(image.rpartition("CMD ")[2])
    return found


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "NETRAVEN_DATA_DIR": str(folder),
        "NETRAVEN_SECRET_KEY": "x" * 60,
        "NETRAVEN_FIELD_KEYS": Fernet.generate_key().decode(),
    }
    return subprocess.run(arguments, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("where", commands())
def test_every_command_exists_and_takes_its_options(where: str, tmp_path: Path) -> None:
    program, *arguments = commands()[where]
    if program == "gunicorn":
        done = run(tmp_path, sys.executable, "-m", "gunicorn", "--check-config", *arguments)
    else:
        assert (program, arguments[0]) == ("python", "manage.py")
        done = run(tmp_path, sys.executable, *arguments, "--help")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["compose.yaml", "netraven.env.example", "Containerfile", *(u.name for u in UNITS)])
def test_every_variable_is_read_and_documented(name: str) -> None:
    program = "".join(path.read_text() for path in (settings.BASE_DIR / "netraven").glob("*.py"))
    documented = (settings.BASE_DIR / "docs" / "settings.md").read_text()
    # `NETRAVEN_S3_*` in a sentence stands for all that begin so
    used = {variable for variable in VARIABLE.findall((FOLDER / name).read_text()) if not variable.endswith("_")}
    assert {
        variable for variable in used if f'"{variable}"' not in program or f"`{variable}`" not in documented
    } == set()


def test_the_compose_file_holds_no_secret_and_lets_workers_finish() -> None:
    services = compose()["services"]
    for name in ("worker1", "worker2"):
        service = services[name]
        assert service["hostname"] == name
        assert service["restart"] == "always"
        assert service["init"]
        assert int(service["stop_grace_period"].removesuffix("s")) > DEFAULT_DEADLINE + GRACE
    text = (FOLDER / "compose.yaml").read_text()
    assert text.count("${POSTGRES_PASSWORD:?") == 2
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)
    volumes = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert volumes == set(compose()["volumes"])
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)


def test_the_image_is_made_of_files_that_are_there() -> None:
    lines = (FOLDER / "Containerfile").read_text().splitlines()
    sources = [line.split()[1] for line in lines if line.startswith("COPY")]
    assert all((settings.BASE_DIR / source).exists() for source in sources)
    apps = {path.parent.name for path in settings.BASE_DIR.glob("*/apps.py")}
    assert apps | {"netraven", "templates", "manage.py"} <= set(sources)
    assert any(line.startswith("USER 1") for line in lines), "not root"


def test_the_worker_unit_restarts_what_stalls_and_lets_it_finish() -> None:
    worker = unit(FOLDER / "netraven-worker.service")
    assert worker["Type"] == ["notify"]
    assert worker["KillMode"] == ["mixed"]
    assert worker["Restart"] == ["always"]
    assert int(worker["WatchdogSec"][0]) > 0
    assert int(worker["TimeoutStopSec"][0]) > DEFAULT_DEADLINE + GRACE
