"""The object store's settings, whole and half."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.object_store import ACCESS_KEY, SECRET_KEY

BUCKET = {"NETRAVEN_S3_BUCKET": "configs"}
KEYS = {"NETRAVEN_S3_ACCESS_KEY_ID": ACCESS_KEY, "NETRAVEN_S3_SECRET_ACCESS_KEY": SECRET_KEY}
SHOW = "from backups.storage import config_storage; print(type(config_storage()).__name__)"


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("NETRAVEN_S3", "AWS_"))}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=clean
        | {"DJANGO_SETTINGS_MODULE": "netraven.settings", "NETRAVEN_DATA_DIR": str(folder), "NETRAVEN_DEBUG": "1"}
        | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, "ConfigFileStorage"),
        (BUCKET, "ConfigObjectStorage"),  # the key comes from the machine's role
        (BUCKET | KEYS | {"NETRAVEN_S3_ENDPOINT_URL": "https://objects.example.net:9000"}, "ConfigObjectStorage"),
    ],
    ids=["none", "bucket", "all"],
)
def test_settings_alone_choose_where_configurations_are(tmp_path: Path, given: dict[str, str], kind: str) -> None:
    assert run(tmp_path, "shell", "-v0", "-c", SHOW, **given).stdout.strip() == kind


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"NETRAVEN_S3_ENDPOINT_URL": "https://objects.example.net"}, "set, but NETRAVEN_S3_BUCKET is not"),
        (KEYS, "NETRAVEN_S3_ACCESS_KEY_ID, NETRAVEN_S3_SECRET_ACCESS_KEY: set, but NETRAVEN_S3_BUCKET is not"),
        (BUCKET | {"NETRAVEN_S3_ACCESS_KEY_ID": ACCESS_KEY}, "go together"),
        (BUCKET | {"NETRAVEN_S3_SECRET_ACCESS_KEY": SECRET_KEY}, "go together"),
        (BUCKET | {"NETRAVEN_S3_ENDPOINT_URL": "objects.example.net:9000"}, "is not a URL such as"),
        (BUCKET | {"NETRAVEN_S3_ENDPOINT_URL": "http://[half"}, "is not a URL such as"),
        (BUCKET | {"NETRAVEN_S3_ENDPOINT_URL": f"https://u:{SECRET_KEY}@objects.example.net"}, "holds a user name"),
    ],
)
def test_half_of_the_settings_is_a_mistake_that_check_names(
    tmp_path: Path, given: dict[str, str], sentence: str
) -> None:
    done = run(tmp_path, "check", **given)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert sentence in line
    assert ACCESS_KEY not in line
    assert SECRET_KEY not in line
