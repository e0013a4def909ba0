"""The simulated network itself: every device's port, and the thread that serves them all."""

import asyncio
import shutil
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncssh

from netraven.lab.device import DeviceSpec, Fault, LabDevice
from netraven.lab.endpoint import Endpoint, Speak
from netraven.lab.https_api import serve_https
from netraven.lab.identity import LabIdentity
from netraven.lab.inventory import DEFAULT_INVENTORY
from netraven.lab.jump_host import GatewayFault, LabGateway
from netraven.lab.platforms import PLATFORMS, render_config, serial_number
from netraven.lab.ssh import serve_ssh
from netraven.lab.telnet import serve_telnet


class Lab:
    """Fake devices on `host`; configurations and keys live in `directory` and outlast the Lab.

    A context manager. Ports count up from `base_port`, or are the kernel's choice when it is 0.
    """

    def __init__(
        self,
        directory: Path,
        devices: Sequence[DeviceSpec] | None = None,
        host: str = "127.0.0.1",
        base_port: int = 0,
    ) -> None:
        self.directory = directory
        self.host = host
        self.base_port = base_port
        directory.mkdir(parents=True, exist_ok=True)
        self._identity = LabIdentity(directory)
        self._devices: dict[str, LabDevice] = {}
        self.gateways: dict[str, LabGateway] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        specs = DEFAULT_INVENTORY if devices is None else devices
        for name in dict.fromkeys(spec.gateway for spec in specs if spec.gateway):
            self._register_gateway(LabGateway(name))
        for spec in specs:
            self._register(spec)

    def __getitem__(self, name: str) -> LabDevice:
        return self._devices[name]

    def __iter__(self) -> Iterator[LabDevice]:
        return iter(list(self._devices.values()))

    def __len__(self) -> int:
        return len(self._devices)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def add(self, platform: str, name: str = "", fault: Fault = Fault.NONE, **details: Any) -> LabDevice:
        """A new device, at once reachable when the Lab runs; `details` are further fields of DeviceSpec."""
        name = name or f"{platform.replace('_', '-')}-{len(self._devices) + 1}"
        device = self._register(DeviceSpec(platform, name, fault, **details))
        if self._loop is not None:
            self._run(self._open_endpoint(device))
        return device

    def add_gateway(self, name: str = "", **details: Any) -> LabGateway:
        """A new gateway, at once reachable when the Lab runs; `details` are those of LabGateway."""
        gateway = self._register_gateway(LabGateway(name or f"jump-{len(self.gateways) + 1}", **details))
        if self._loop is not None:
            self._run(self._open_endpoint(gateway))
        return gateway

    def start(self) -> None:
        """Listen on every port. Raises OSError, with nothing left open, when a port is taken."""
        if self._thread is not None:
            raise RuntimeError("the lab is already running")
        listening = threading.Event()
        failures: list[Exception] = []
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listening, failures)), name="netraven-lab", daemon=True
        )
        self._thread.start()
        listening.wait()
        if failures:
            self._thread.join()
            self._thread = None
            raise failures[0]

    def stop(self) -> None:
        """Cut every session and close every port; does nothing on a Lab that does not run."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    def reset(self) -> None:
        """Every device healthy, with its original configuration and keys, and its log-in counters at zero."""
        for device in self:
            shutil.rmtree(device.keys_directory, ignore_errors=True)
            device.fault = Fault.NONE
            device.running_config = original_config(device.spec)
            device.logins = device.failed_logins = 0
        for gateway in self.gateways.values():
            gateway.fault = GatewayFault.NONE
            gateway.logins = gateway.failed_logins = 0

    def _register(self, spec: DeviceSpec) -> LabDevice:
        if spec.name in self._devices:
            raise ValueError(f"there is already a device named {spec.name}")
        if spec.platform not in PLATFORMS:
            raise ValueError(f"unknown platform {spec.platform}")
        platform = PLATFORMS[spec.platform]
        device = LabDevice(
            spec,
            config_path=self.directory / f"{spec.name}.cfg",
            serial_number=serial_number(platform, spec.name),
            os_version=platform.os_version,
            model=platform.model,
        )
        if not device.config_path.exists():
            device.running_config = original_config(spec)
        device.address = self.host
        device.gateway = self.gateways[spec.gateway] if spec.gateway else None
        device.on_fault_change = lambda: self._apply_fault(device)
        self._devices[spec.name] = device
        return device

    def _register_gateway(self, gateway: LabGateway) -> LabGateway:
        if gateway.name in self.gateways or gateway.name in self._devices:
            raise ValueError(f"there is already something named {gateway.name}")
        gateway.address = self.host
        gateway.keys_directory = self.directory / f"{gateway.name}.keys"
        gateway.keys_directory.mkdir(exist_ok=True)
        gateway.on_fault_change = lambda: self._apply_fault(gateway)
        gateway.on_every_connection = lambda do: self._run(self._on_every_connection(gateway, do))
        self.gateways[gateway.name] = gateway
        return gateway

    def _apply_fault(self, owner: LabDevice | LabGateway) -> None:
        if owner.name in self._endpoints:
            self._run(self._endpoints[owner.name].follow_fault())

    async def _on_every_connection(self, gateway: LabGateway, do: Callable[[Any], None]) -> None:
        for connection in list(gateway.connections):
            do(connection)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        if self._loop is None:
            work.close()
            raise RuntimeError("the lab is not running")
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _serve(self, listening: threading.Event, failures: list[Exception]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            for owner in (*self, *self.gateways.values()):
                await self._open_endpoint(owner)
            listening.set()
            await self._stopping.wait()
        except OSError as error:
            failures.append(error)
        finally:
            for endpoint in self._endpoints.values():
                await endpoint.close()
            self._endpoints.clear()
            self._loop = None
            listening.set()

    async def _open_endpoint(self, owner: LabDevice | LabGateway) -> None:
        port = self.base_port + len(self._endpoints) if self.base_port else 0
        speak = owner.serve if isinstance(owner, LabGateway) else self._speaker(owner)
        endpoint = Endpoint(owner, speak, port)
        self._endpoints[owner.name] = endpoint
        await endpoint.follow_fault()

    def _speaker(self, device: LabDevice) -> Speak:
        """The protocol of a device's platform."""
        match PLATFORMS[device.platform].transport:
            case "https":
                return lambda client: serve_https(device, client, self._identity_of(device).tls_context)
            case "telnet":
                return lambda client: serve_telnet(device, client)
            case _:
                return lambda client: serve_ssh(device, client, self._host_keys_of(device))

    def _host_keys_of(self, device: LabDevice) -> list[asyncssh.SSHKey]:
        """As they are now: a device may get other ones at any time."""
        return self._identity_of(device).host_keys(device.host_key_algorithms)

    def _identity_of(self, device: LabDevice) -> LabIdentity:
        own_keys = device.keys_directory
        return LabIdentity(own_keys) if own_keys.exists() else self._identity


def original_config(spec: DeviceSpec) -> str:
    """What the device holds before anybody changes it; a truncating IOS device shows its own prompt in a banner."""
    template = PLATFORMS[spec.platform].template
    if spec.platform == "ios" and spec.fault is Fault.TRUNCATES:
        template = "ios-prompt-in-banner.cfg"
    return render_config(template, spec.name)
