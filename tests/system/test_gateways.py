"""Gateways and real worker processes: how often all of them together log in."""

import pytest

from backups.models import Backup
from netraven.lab import Lab, LabGateway
from tests.system.api import Api, add_device, api_of
from tests.system.conftest import MakeInstallation

pytestmark = pytest.mark.worker

PROCESSES = 3
DEVICES = 30


def add_gateway(api: Api, gateway: LabGateway, password: str) -> str:
    """Record a simulated gateway with this password; its credential's id."""
    login = {"name": f"login of {gateway.name}", "username": gateway.username, "password": password}
    credential = str(api.post("/api/credentials", json=login).json()["id"])
    place = {"name": gateway.name, "address": gateway.address, "port": gateway.port, "credential": credential}
    answer = api.post("/api/gateways", json=place)
    assert answer.status_code == 201, answer.text
    return credential


@pytest.mark.parametrize("broker", ["orm", "redis"])
def test_all_worker_processes_together_send_a_wrong_log_in_once(
    make_installation: MakeInstallation, lab: Lab, broker: str
) -> None:
    installation = make_installation(
        "postgresql", broker, NETRAVEN_WORKERS=str(PROCESSES), NETRAVEN_THREADS="2", NETRAVEN_RETRY_ATTEMPTS="3"
    )
    gateway = lab.add_gateway()
    devices = [lab.add("nxos_ssh", gateway=gateway.name) for _ in range(DEVICES)]
    api = api_of(installation)
    credential = add_gateway(api, gateway, "wrong")
    for device in devices:
        pk = add_device(api, device)
        assert api.patch(f"/api/devices/{pk}", json={"gateway": gateway.name}).status_code == 200
    installation.start_worker()

    installation.request(*devices)
    failed = installation.wait_until_ended(*devices)
    assert {backup.failure_reason for backup in failed} == {Backup.FailureReason.GATEWAY}
    assert all(f"The gateway {gateway.name} rejected the log-in" in backup.error for backup in failed)
    assert (gateway.logins, gateway.failed_logins) == (0, 1)
    assert len({backup.worker.split(":")[1] for backup in failed}) > 1, (
        "one process did it all: the test proves nothing"
    )

    assert api.patch(f"/api/credentials/{credential}", json={"password": gateway.password}).status_code == 200
    installation.request(*devices)
    for device, backup in zip(devices, installation.wait_until_ended(*devices, seconds=60), strict=True):
        assert backup.status == Backup.Status.COMPLETED, backup.error
        installation.assert_holds(backup, device.running_config)
        assert set(device.client_ports) <= gateway.outgoing
    assert gateway.failed_logins == 1
    assert 1 <= gateway.logins <= PROCESSES
