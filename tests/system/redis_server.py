"""A Redis of the test's own, which it may kill: nothing on disk, as if the machine had been switched off."""

import shutil
import socket
import subprocess
from types import TracebackType
from typing import Self

import redis

from tests.conftest import wait_for
from tests.services import missing


class RedisServer:
    """A server on a free loopback port; `kill()` and `start()` again as often as wanted."""

    def __init__(self) -> None:
        self._binary = shutil.which("redis-server") or ""
        if not self._binary:
            missing("no redis-server to start")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        command = [self._binary, "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, 10, "Redis to answer")

    def kill(self) -> None:
        """`kill -9`: what it held is lost."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False
