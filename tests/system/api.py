"""A client of the REST API."""

from typing import Any

import requests

from netraven.lab import LabDevice
from tests.system.installation import Installation

PATIENCE = 30  # seconds


class Api(requests.Session):
    """An authenticated session; URLs are paths below the server's."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """As `requests` does it, with a time limit."""
        address = f"{self.base}{str(url).removeprefix(self.base)}"
        return super().request(method, address, *args, **{"timeout": PATIENCE} | kwargs)

    def log_in(self, username: str, password: str) -> None:
        """Use a new token from now on."""
        answer = self.post("/api/auth/token", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        self.headers["Authorization"] = f"Bearer {answer.json()['token']}"


def api_of(installation: Installation) -> Api:
    """A superuser's session with a new web server of this installation."""
    api = Api(installation.start_web())
    api.log_in(*installation.create_admin())
    return api


def add_device(api: Api, device: LabDevice) -> str:
    """Record a simulated device; its id."""
    place = {"hostname": device.name, "address": device.address, "port": device.port, "platform": device.platform}
    login = {"username": device.username, "password": device.password, "enable_secret": device.enable_secret}
    answer = api.post("/api/devices", json=place | login)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
