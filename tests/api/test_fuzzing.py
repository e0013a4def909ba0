"""The running API against requests that a fuzzer makes of its description, right ones and wrong ones."""

import re
import subprocess
import sys
from datetime import time
from pathlib import Path

import pytest
import yaml
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from backups import heartbeat
from backups.models import Channel, Delivery
from devices.models import Gateway, Tag, TagCredential
from netraven.api_tokens.making import make_token
from scheduling.models import Schedule
from scheduling.services import save_schedule
from tests.api.conftest import MakeUser, add_backup, add_credential, add_device
from tests.api.test_access import OPERATOR

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# They would end the session of the fuzzer itself.
EXCLUDED = "^/api/(auth/token|tokens)"
PATIENCE = 300  # seconds, on a busy machine


@pytest.fixture
def records(transactional_db: None) -> dict[str, str]:
    """Something to find, and to lose: an id for each path that has one."""
    heartbeat.beat()
    credential = add_credential()
    device = add_device("core1", address="127.0.0.1", port=1, credential=credential)
    tag = Tag.objects.create(name="core")
    device.tags.add(tag)
    TagCredential.objects.create(tag=tag, credential=credential)
    gateway = Gateway.objects.create(name="jump1", address="127.0.0.1", port=1, credential=credential)
    key = device.host_keys.create(kind="ssh", text="ssh-rsa AA==", fingerprint="x", state="offered")
    older, backup = add_backup(device), add_backup(device, content=b"hostname core2\nend\n")
    add_backup(device, "failed", job=older.job)
    channel = Channel.objects.create(name="noc", kind="webhook", url="https://127.0.0.1/", secret="x" * 24)
    return {
        "/api/devices/": str(device.pk),
        "/api/backups/": str(backup.pk),
        "/api/jobs/": str(older.job_id),
        "/api/tags/": str(tag.pk),
        "/api/gateways/": str(gateway.pk),
        "/api/credentials/": str(credential.pk),
        "/api/host-keys/": str(key.pk),
        "/api/channels/": str(channel.pk),
        "/api/deliveries/": str(Delivery.objects.create(channel=channel, status="failed").pk),
        "/api/schedules/": str(save_schedule(Schedule(name="nightly", time=time(2, 30), all_devices=True)).pk),
    }


def configuration(records: dict[str, str]) -> str:
    """The fuzzer's: it cannot guess ids."""
    names = ("id", "device_id", "job_id", "tag_id", "schedule_id")
    entries = [
        f"[[operations]]\ninclude-path-regex = '^{path}[{{]{name}[}}]'\nparameters = {{ 'path.{name}' = '{pk}' }}\n"
        for path, pk in records.items()
        for name in names
    ]
    return "\n".join(entries)


def operations_in(description: Path) -> int:
    """How many the fuzzer is to try."""
    paths = yaml.safe_load(description.read_text(encoding="utf-8"))["paths"]
    return sum(len(methods) for path, methods in paths.items() if not re.match(EXCLUDED, path))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("role", ["superuser", "operator"])
def test_no_request_gets_a_500_or_an_answer_that_is_not_described(
    role: str,
    records: dict[str, str],
    live_server: LiveServer,
    make_user: MakeUser,
    settings: Settings,
    tmp_path: Path,
) -> None:
    user = make_user("root", is_superuser=True) if role == "superuser" else make_user("operator", *OPERATOR)
    _, token = make_token(user)
    (tmp_path / "fuzzer.toml").write_text(configuration(records))
    fuzzer = Path(sys.executable).parent / "schemathesis"
    command = [
        *(str(fuzzer), "--config-file", "fuzzer.toml"),
        *("run", str(settings.BASE_DIR / "docs" / "openapi.yaml"), "--url", live_server.url),
        *("--header", f"Authorization: Bearer {token}", "--checks", CHECKS, "--exclude-path-regex", EXCLUDED),
        *("--max-examples", "3", "--seed", "1", "--phases", "examples,fuzzing", "--workers", "1"),
        *("--request-timeout", "30", "--no-color", "--generation-database", "none"),
    ]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2000:]
    assert f"Tested: {operations_in(settings.BASE_DIR / 'docs' / 'openapi.yaml')}" in run.stdout
