"""NetRaven's web server as a process, and a client of its API."""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from netraven.lab import playground

START_SECONDS = 60
PATIENCE = 60  # seconds for an answer
WEB_WORKERS = 2
WARM_UP = 5  # requests for each worker: its first one loads half of Django


@dataclass(frozen=True)
class Web:
    """A running server, and a token for it."""

    session: int  # of its processes
    url: str
    token: str

    def get(self, path: str) -> Any:
        """The JSON at a path under /api/."""
        return self._answer(requests.get(f"{self.url}/api/{path}", headers=self._headers, timeout=PATIENCE))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """What a path under /api/ answers to the body."""
        return self._answer(requests.post(f"{self.url}/api/{path}", json=body, headers=self._headers, timeout=PATIENCE))

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _answer(self, response: requests.Response) -> Any:
        if not response.ok:
            sys.exit(f"netraven: {response.request.method} {response.url} was answered {response.status_code}")
        return response.json()


@contextmanager
def web_server(folder: Path) -> Iterator[Web]:
    """Gunicorn on a free port, and somebody logged in."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ("-m", "gunicorn", "netraven.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", str(WEB_WORKERS))
    with playground.running(folder / "web.log", *command) as server:
        url = f"http://127.0.0.1:{port}"
        login = {"username": "admin", "password": playground.ensure_admin(folder)}
        give_up = time.monotonic() + START_SECONDS
        while True:
            try:
                answer = requests.post(f"{url}/api/auth/token", json=login, timeout=PATIENCE)
                break
            except requests.ConnectionError:
                if server.poll() is not None or time.monotonic() > give_up:
                    sys.exit(f"netraven: the web server did not start; see {folder / 'web.log'}")
                time.sleep(0.1)
        web = Web(server.pid, url, answer.json()["token"])
        for _ in range(WARM_UP * WEB_WORKERS):
            web.get("jobs")
        yield web
