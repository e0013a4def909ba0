"""NAPALM against a simulated device, the way NetRaven uses it, and what its exceptions are made of."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from napalm import get_network_driver

from netraven.lab import LabDevice

PATIENCE = 3  # seconds until a driver gives up on a device that does not answer
DRIVERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ios": ("ios", {}),
    "ios_telnet": ("ios", {"transport": "telnet"}),
    "iosxr": ("iosxr", {}),
    "iosxr_netconf": ("iosxr_netconf", {"hostkey_verify": False, "look_for_keys": False, "allow_agent": False}),
    "nxos": ("nxos", {}),
    "nxos_ssh": ("nxos_ssh", {}),
    "eos": ("eos", {}),
    "eos_ssh": ("eos", {"transport": "ssh"}),
    "junos": ("junos", {"ssh_config_file": "/dev/null"}),
}


def driver_for(device: LabDevice, *, patience: float = PATIENCE, **optional_args: Any) -> Any:
    """A NAPALM driver, not opened yet, that may log in and become privileged."""
    name, arguments = DRIVERS[device.platform]
    arguments = {"port": device.port, **arguments, **optional_args}
    if name in ("ios", "iosxr", "nxos_ssh") or device.platform == "eos_ssh":  # netmiko does not heed `timeout`
        waits = ("conn_timeout", "banner_timeout", "auth_timeout", "read_timeout_override")
        arguments |= {"secret": device.enable_secret, **dict.fromkeys(waits, patience)}
    return get_network_driver(name)(
        device.address, device.username, device.password, timeout=patience, optional_args=arguments
    )


@contextmanager
def session(device: LabDevice, *, patience: float = PATIENCE, **optional_args: Any) -> Iterator[Any]:
    """An open driver; errors on closing are no part of what is tested."""
    driver = driver_for(device, patience=patience, **optional_args)
    try:
        driver.open()
        yield driver
    finally:
        with suppress(Exception):
            driver.close()


def read_config(device: LabDevice, *, patience: float = PATIENCE) -> str:
    """Open, read the running configuration, close."""
    with session(device, patience=patience) as driver:
        return str(driver.get_config(retrieve="running")["running"])


def failure(device: LabDevice, *, patience: float = PATIENCE) -> list[str]:
    """The chain of exceptions when reading fails; by then nothing holds the exception, nor what it holds open."""
    names: list[str] = []
    try:
        read_config(device, patience=patience)
    except Exception as error:
        names = chain(error)
    gc.collect()
    return names


def chain(error: BaseException) -> list[str]:
    """The class names of an exception and of what caused it, outermost first."""
    names = []
    link: BaseException | None = error
    while link is not None:
        names.append(type(link).__name__)
        link = link.__cause__ or link.__context__
    return names


def becomes_true(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether it holds before the time is up."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()
