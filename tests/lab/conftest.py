from collections.abc import Iterator
from pathlib import Path

import netmiko.base_connection
import netmiko.channel
import pytest

from netraven.lab import Lab


@pytest.fixture(autouse=True)
def plain_netmiko(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about the libraries as they are, without the channels that devices.connection gives them."""
    for name in ("SSHChannel", "TelnetChannel"):
        monkeypatch.setattr(netmiko.base_connection, name, getattr(netmiko.channel, name))


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A running Lab without any device: the test adds what it needs."""
    with Lab(tmp_path, []) as running:
        yield running
