"""What the tests of sessions need: targets on the simulated network, odd servers, odd drivers, and an eye on leaks."""

import gc
import os
import socket
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from devices.connection import KeyGuard, Login, RetryPolicy, Target, Timeouts, close_gateways
from netraven.lab import Lab, LabDevice, LabGateway

PLATFORMS = ["ios", "iosxr", "iosxr_netconf", "nxos", "nxos_ssh", "eos", "eos_ssh", "junos"]
SSH_PLATFORMS = [platform for platform in PLATFORMS if platform not in ("nxos", "eos")]

QUICK = Timeouts(tcp=2, connect=8, read=8, deadline=20)
ONCE = RetryPolicy(attempts=1)
SETTLE_SECONDS = 3.0
SECRETS = ("lab-password", "lab-enable")


def target_of(device: LabDevice) -> Target:
    """How to reach a simulated device."""
    if device.platform == "eos_ssh":
        return Target(device.name, device.address, device.port, "eos", {"transport": "ssh"})
    return Target(device.name, device.address, device.port, device.platform)


def login_of(device: LabDevice) -> Login:
    """The log-in that a simulated device accepts."""
    return Login(device.username, device.password, device.enable_secret)


def anybody() -> KeyGuard:
    """Lets whoever answers pass."""
    return KeyGuard("anybody")


@dataclass
class RecordedLog:
    """A session log that keeps what it is told."""

    entries: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, event: str, message: str, *, level: str = "info", **details: Any) -> None:
        self.entries.append({"event": event, "message": message, "level": level, **details})

    @property
    def events(self) -> list[str]:
        return [entry["event"] for entry in self.entries if entry["level"] != "debug"]

    def __getitem__(self, event: str) -> dict[str, Any]:
        return next(entry for entry in self.entries if entry["event"] == event)


@pytest.fixture
def log() -> RecordedLog:
    return RecordedLog()


def _open_descriptors() -> list[str]:
    found = []
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found.append(os.readlink(f"/proc/self/fd/{descriptor}").split(":")[0])
    return sorted(found)


def _threads() -> list[str]:
    """Those of sessions; the simulated network has its own, which come and go."""
    return sorted(t.name for t in threading.enumerate() if not t.name.startswith(("asyncio", "netraven-lab", "odd")))


def _held() -> Counter[str]:
    return Counter([*_open_descriptors(), *(f"thread {name}" for name in _threads())])


@contextmanager
def no_leaks(*devices: LabDevice) -> Iterator[None]:
    """After the block, no thread, file or connection is left that was not there before.

    One that was there may go meanwhile: the test before may have left the simulated network something to close.
    """
    gc.collect()
    before = _held()
    yield
    ends = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < ends:
        gc.collect()  # an epoll descriptor of ncclient waits in a reference cycle
        if not _held() - before and not any(device.active_sessions for device in devices):
            break
        time.sleep(0.05)
    assert _held() - before == Counter()
    assert [device.active_sessions for device in devices] == [0] * len(devices)


@pytest.fixture
def gateway(lab: Lab) -> Iterator[LabGateway]:
    """A simulated gateway; NetRaven is not logged in to it after the test."""
    yield lab.add_gateway()
    close_gateways()


Handler = Callable[[socket.socket], object]
Serve = Callable[[Handler], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a TCP server that gives each connection to `handler`, in a thread; returns its port."""
    sockets: list[socket.socket] = []

    def handle(connection: socket.socket, handler: Handler) -> None:
        with connection, suppress(OSError):
            handler(connection)

    def accept(listener: socket.socket, handler: Handler) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                sockets.append(connection)
                threading.Thread(target=handle, args=(connection, handler), daemon=True, name="odd-session").start()

    def start(handler: Handler) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)
        threading.Thread(target=accept, args=(listener, handler), daemon=True, name="odd-server").start()
        return int(listener.getsockname()[1])

    yield start
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


@pytest.fixture
def odd_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Install a NAPALM driver as the community does, a package beside NAPALM; takes its methods, returns its name."""
    monkeypatch.syspath_prepend(tmp_path)
    names: list[str] = []

    def install(methods: str) -> str:
        name = f"odd{len(names)}"
        names.append(name)
        source = textwrap.dedent(HEAD) + textwrap.indent(textwrap.dedent(methods), "    ")
        (tmp_path / f"napalm_{name}.py").write_text(source)
        return name

    yield install
    for name in names:
        sys.modules.pop(f"napalm_{name}", None)


HEAD = """
    import socket
    import time
    import napalm.base

    class OddDriver(napalm.base.NetworkDriver):
        def __init__(self, hostname, username, password, timeout=60, optional_args=None):
            self.hostname, self.username, self.password = hostname, username, password
            self.timeout, self.optional_args = timeout, optional_args

        def open(self): pass
        def close(self): pass
        def is_alive(self): return {"is_alive": False}
        def get_facts(self): return {}
"""


@pytest.fixture
def odd_device(serve: Serve, odd_driver: Callable[[str], str]) -> Callable[[str], Target]:
    """A target whose driver has the given methods; something listens at its address and says nothing."""

    def make(methods: str) -> Target:
        return Target("odd", "127.0.0.1", serve(lambda connection: connection.recv(1)), odd_driver(methods))

    return make
