"""A device that no packet reaches except through its gateway: three hosts, made of network namespaces."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from backups.models import Backup
from credentials.models import Credential
from devices.models import Device, Gateway, Platform
from tests.backups.conftest import BackUp, back_up
from tests.services import missing

__all__ = ["back_up"]

# Addresses for benchmarks of networks (RFC 2544): nobody has them.
HERE, OUTSIDE = "198.18.77.1", "198.18.77.2"  # this host, and the gateway's leg towards it
INSIDE, HIDDEN = "198.19.77.1", "198.19.77.2"  # the gateway's other leg, and the device
NEAR, FAR = "198.18.77.0/24", "198.19.77.0/24"
START_SECONDS = 30

SERVE = """
import json, sys, time
from pathlib import Path
from netraven.lab import DeviceSpec, Lab
folder, host, what = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
with Lab(folder, [DeviceSpec("ios", "hidden1")] if what == "device" else [], host=host) as lab:
    if what == "gateway":
        lab.add_gateway("jump1")
    shown = lab["hidden1"] if what == "device" else lab.gateways["jump1"]
    names = ("name", "address", "port", "username", "password")
    while True:
        record = {name: getattr(shown, name) for name in names} | {"logins": shown.logins}
        (folder / "partial").write_text(json.dumps(record))
        (folder / "partial").rename(folder / "state.json")
        time.sleep(0.1)
"""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[dict[str, Path]]:
    """The folder of the gateway's process, and that of the device's, each in a namespace of its own."""
    if os.geteuid() or not shutil.which("ip"):
        missing("root and iproute2, which make network namespaces")
    number = os.getpid() % 10000
    gateway, device = f"nrg{number}", f"nrd{number}"
    with ExitStack() as afterwards:
        for name in (gateway, device):
            try:
                ip("netns", "add", name)
            except subprocess.CalledProcessError as error:
                missing(f"network namespaces: {error.stderr.strip()}")
            afterwards.callback(ip, "netns", "delete", name)
        ip("link", "add", f"nrh{number}", "type", "veth", "peer", "name", "outside", "netns", gateway)
        ip("-n", gateway, "link", "add", "inside", "type", "veth", "peer", "name", "hidden", "netns", device)
        ip("addr", "add", f"{HERE}/24", "dev", f"nrh{number}")
        ip("link", "set", f"nrh{number}", "up")
        # Whatever other routes this host has: what is for the device stays here.
        ip("route", "add", "unreachable", FAR)
        afterwards.callback(ip, "route", "delete", "unreachable", FAR)
        for host, link, address in (
            (gateway, "outside", OUTSIDE),
            (gateway, "inside", INSIDE),
            (device, "hidden", HIDDEN),
        ):
            ip("-n", host, "addr", "add", f"{address}/24", "dev", link)
            ip("-n", host, "link", "set", link, "up")
            ip("-n", host, "link", "set", "lo", "up")
        folders = {}
        for host, address, what in ((gateway, OUTSIDE, "gateway"), (device, HIDDEN, "device")):
            folders[what] = tmp_path / what
            command = ["ip", "netns", "exec", host, sys.executable, "-c", SERVE, str(folders[what]), address, what]
            process = subprocess.Popen(command, cwd=settings.BASE_DIR)
            afterwards.callback(process.wait)
            afterwards.callback(process.terminate)
        yield folders


def state_of(folder: Path) -> dict[str, Any]:
    """What a simulated host says about itself."""
    give_up = time.monotonic() + START_SECONDS
    while not (folder / "state.json").exists():
        assert time.monotonic() < give_up, "the simulated host did not start"
        time.sleep(0.1)
    time.sleep(0.3)  # as it is now
    state: dict[str, Any] = json.loads((folder / "state.json").read_text())
    return state


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_device_that_only_the_gateway_reaches_is_backed_up_through_it(
    hosts: dict[str, Path], back_up: BackUp
) -> None:
    jump, hidden = state_of(hosts["gateway"]), state_of(hosts["device"])
    login = Credential.objects.create(
        name="device", username=hidden["username"], password=hidden["password"], enable_secret="lab-enable"
    )
    device = Device.objects.create(
        hostname="hidden1",
        address=hidden["address"],
        port=hidden["port"],
        platform=Platform.objects.get(slug="ios"),
        credential=login,
    )
    direct = back_up(device)
    assert (direct.status, direct.failure_reason) == (Backup.Status.FAILED, Backup.FailureReason.UNREACHABLE)

    own = Credential.objects.create(name="jump", username=jump["username"], password=jump["password"])
    place = {"address": jump["address"], "port": jump["port"]}
    Device.objects.update(gateway=Gateway.objects.create(name="jump1", credential=own, **place))
    through = back_up(device)
    assert through.status == Backup.Status.COMPLETED, through.error
    assert state_of(hosts["gateway"])["logins"] == 1
    assert state_of(hosts["device"])["logins"] == 1
