"""The OpenAPI description: complete, up to date, and good enough to make a client of."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from knox.models import AuthToken
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from backups.models import Backup
from tests.api.conftest import MakeUser, add_device
from tests.api.test_access import ROUTES

METHODS = ("get", "post", "put", "patch", "delete")
WITHOUT_TOKEN = {("/api/auth/token", "post"), ("/api/health", "get")}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the code describes itself now; a warning fails."""
    path = tmp_path_factory.mktemp("openapi") / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(path))
    return path


@pytest.fixture(scope="module")
def description(written: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(written.read_text(encoding="utf-8"))
    return document


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def test_the_file_in_docs_is_up_to_date(written: Path, settings: Settings) -> None:
    checked_in = settings.BASE_DIR / "docs" / "openapi.yaml"
    assert checked_in.read_text(encoding="utf-8") == written.read_text(encoding="utf-8"), (
        "write it anew: manage.py spectacular --file docs/openapi.yaml"
    )


def test_every_endpoint_is_described(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    routes = [(name, method) for name, method, _ in ROUTES if name != "api-schema"]
    assert len(list(operations(description))) == len(routes)


def test_every_operation_may_answer_with_a_problem(description: dict[str, Any]) -> None:
    problem = {"$ref": "#/components/responses/Problem"}
    for path, method, operation in operations(description):
        assert operation["responses"]["default"] == problem, (path, method)
        assert operation.get("description") or operation.get("summary"), (path, method)
        needs_token = operation["security"] != [{}]
        assert needs_token == ((path, method) not in WITHOUT_TOKEN)
        assert ("401" in operation["responses"]) == needs_token
        assert any(code.startswith("2") for code in operation["responses"])
    content = description["components"]["responses"]["Problem"]["content"]
    assert list(content) == ["application/problem+json"]


def test_no_secret_is_ever_answered(description: dict[str, Any]) -> None:
    """What is written only is in the schemas of requests, and nowhere else."""
    secrets = {"password", "enable_secret", "private_key", "passphrase"}
    schemas = description["components"]["schemas"]
    shown = {
        name: secrets & set(schema.get("properties", {}))
        for name, schema in schemas.items()
        if not name.endswith("Request") and secrets & set(schema.get("properties", {}))
    }
    assert not shown


@pytest.mark.django_db
def test_the_description_is_served(description: dict[str, Any], make_user: MakeUser) -> None:
    client = APIClient()
    client.force_authenticate(make_user("anna"))
    served = client.get("/api/schema").json()
    assert set(served["paths"]) == set(description["paths"])


@pytest.fixture(scope="module")
def client_package(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a package that a generator has made of the description."""
    folder = tmp_path_factory.mktemp("client")
    generator = Path(sys.executable).parent / "openapi-python-client"
    command = [str(generator), "generate", "--path", str(written), "--output-path", str(folder / "netraven_client")]
    made = subprocess.run([*command, "--meta", "none"], capture_output=True, text=True, timeout=120, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    yield "netraven_client"
    sys.path.remove(str(folder))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_client_made_of_the_description_works(
    client_package: str, live_server: LiveServer, make_user: MakeUser
) -> None:
    _, token = AuthToken.objects.create(user=make_user("root", is_superuser=True))
    device = add_device()

    def call(endpoint: str, **arguments: Any) -> Any:
        module = importlib.import_module(f"{client_package}.api.{endpoint}")
        return module.sync(client=client, **arguments)

    models = importlib.import_module(f"{client_package}.models")
    client = importlib.import_module(client_package).AuthenticatedClient(base_url=live_server.url, token=token)
    assert call("me.me_retrieve").username == "root"
    assert [row.hostname for row in call("devices.devices_list").results] == ["core1"]
    body = models.DeviceRequest(hostname="edge1", address="192.0.2.2", platform="eos")
    assert call("devices.devices_create", body=body).effective_port == 443
    asked = call("devices.devices_backup_create", device_id=device.pk, body=models.BackupRequestRequest(comments="a"))
    assert asked.backup_id == Backup.objects.get().pk
    assert [row.comments for row in call("backups.backups_list").results] == ["a"]
    assert call("jobs.jobs_retrieve", id=asked.job_id).counts.additional_properties["pending"] == 1
    refused = call("devices.devices_create", body=body)
    assert (type(refused).__name__, refused.status) == ("Problem", 400)
    assert refused.errors.additional_properties["hostname"]
