"""NAPALM's drivers: which there are, and what each has to be told so that all behave alike."""

import copy
import math
import os
import pkgutil
import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any

from napalm import SUPPORTED_DRIVERS, get_network_driver
from napalm.base.base import NetworkDriver

from credentials.private_keys import PrivateKey
from devices.connection.channels import use_whole_channels
from devices.connection.guards import use_guards
from devices.connection.keys import as_file, as_object, load_key
from devices.connection.shortcuts import use_shortcuts
from devices.connection.terms import Login, Target, Timeouts
from devices.exceptions import AuthenticationFailed, UnexpectedDeviceError

# What an operator may set. Left out on purpose is whatever names a file, a command, a module, a secret or an address.
ALLOWED_OPTIONAL_ARGS = frozenset(
    {
        "transport",
        "read_timeout_override",
        "conn_timeout",
        "banner_timeout",
        "auth_timeout",
        "blocking_timeout",
        "keepalive",
        "fast_cli",
        "global_delay_factor",
        "global_cmd_verify",
        "force_no_enable",
        "disabled_algorithms",
        "disable_sha2_fix",
        "encoding",
        "default_enter",
        "response_return",
        "allow_auto_change",
        "ssl_verify",
        "enforce_verification",
        "eos_autoComplete",
        "huge_tree",
    }
)
ALLOWED_TRANSPORTS = ("ssh", "telnet", "http", "https")
NOT_DRIVERS = {"base", "mock"}

use_whole_channels()
use_shortcuts()
use_guards()


class Family(Enum):
    """The library under a driver, which decides what its arguments are called."""

    NETMIKO = auto()
    JUNOS = auto()
    NETCONF = auto()
    EAPI = auto()
    NXAPI = auto()


def available_drivers() -> list[str]:
    """The names of the drivers that are installed: NAPALM's own, and the community's packages beside it."""
    installed = (module.name for module in pkgutil.iter_modules())
    community = {name.removeprefix("napalm_") for name in installed if name.startswith("napalm_")}
    return sorted({*SUPPORTED_DRIVERS, *community} - NOT_DRIVERS)


def validate_driver(name: str) -> None:
    """ValueError unless NAPALM can load a driver of this name."""
    _driver_class(name)


def _driver_class(name: str) -> type[NetworkDriver]:
    # NAPALM would also take a dotted module path, and its mock driver, which reads files.
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) or name.lower() in NOT_DRIVERS:
        raise ValueError(f"“{name}” is not the name of a NAPALM driver.")
    try:
        driver_class: type[NetworkDriver] = get_network_driver(name)
    except Exception as error:  # importing a community driver runs its code, which may raise anything
        raise ValueError(f"NAPALM cannot load the driver “{name}”: {error}") from None
    return driver_class


@contextmanager
def prepared_driver(target: Target, login: Login, timeouts: Timeouts) -> Iterator[NetworkDriver]:
    """A driver that is ready to open; the key file that it may need exists while the block runs."""
    try:
        driver_class = _driver_class(target.driver)
    except ValueError as error:
        raise UnexpectedDeviceError(str(error)) from None
    family = _family(target)
    key = _usable_key(login, target, family)
    with _key_file(key if family in (Family.JUNOS, Family.NETCONF) else None, login) as key_path:
        arguments = _library_arguments(family, login, timeouts, key, key_path) | _operators_arguments(target)
        yield _build(driver_class, target, login, timeouts, arguments | {"port": target.port})


@contextmanager
def _key_file(key: PrivateKey | None, login: Login) -> Iterator[str | None]:
    if key is None:
        yield None
        return
    with as_file(key, login.password) as path:
        yield path


def _family(target: Target) -> Family:
    name = target.driver.lower().replace("-", "")
    if name == "eos" and target.optional_args.get("transport") != "ssh":
        return Family.EAPI
    return {"junos": Family.JUNOS, "iosxr_netconf": Family.NETCONF, "nxos": Family.NXAPI}.get(name, Family.NETMIKO)


def _operators_arguments(target: Target) -> dict[str, Any]:
    """A copy for each attempt: some drivers take the arguments out of the mapping that they are given."""
    if unknown := sorted(set(target.optional_args) - ALLOWED_OPTIONAL_ARGS):
        raise UnexpectedDeviceError(f"{target.hostname}: these driver arguments are not allowed: {', '.join(unknown)}.")
    if (transport := target.optional_args.get("transport", "ssh")) not in ALLOWED_TRANSPORTS:
        raise UnexpectedDeviceError(f"{target.hostname}: the transport “{transport}” is not allowed.")
    return copy.deepcopy(dict(target.optional_args))


def _usable_key(login: Login, target: Target, family: Family) -> PrivateKey | None:
    if not login.private_key:
        return None
    if family not in (Family.EAPI, Family.NXAPI) and target.optional_args.get("transport") != "telnet":
        return load_key(login)
    if not login.password:
        raise AuthenticationFailed(f"{target.hostname} needs a password: {target.driver} cannot log in with a key.")
    return None


def _library_arguments(
    family: Family, login: Login, timeouts: Timeouts, key: PrivateKey | None, key_path: str | None
) -> dict[str, Any]:
    match family:
        case Family.NETMIKO:
            return {
                "secret": login.enable_secret,
                "pkey": as_object(key) if key else None,
                "use_keys": False,
                "allow_agent": False,
                "read_timeout_override": timeouts.read,
                "conn_timeout": timeouts.connect,  # covers the key exchange too, in which old devices take seconds
                "banner_timeout": timeouts.connect,
                "auth_timeout": timeouts.connect,
            }
        case Family.JUNOS:
            return {"key_file": key_path, "ssh_config_file": os.devnull}  # or PyEZ reads ~/.ssh/config
        case Family.NETCONF:
            return {
                "key_file": key_path,
                "allow_agent": False,
                "look_for_keys": False,
                "hostkey_verify": False,  # it would read ~/.ssh/known_hosts; the session's guard checks the key
                "manager_params": {"timeout": timeouts.read},
            }
        case Family.EAPI:
            return {"enable_password": login.enable_secret}
        case Family.NXAPI:
            return {}


def _build(
    driver_class: type[NetworkDriver], target: Target, login: Login, timeouts: Timeouts, arguments: dict[str, Any]
) -> NetworkDriver:
    address = target.address
    bracketed = f"[{address}]" if ":" in address and _family(target) in (Family.NXAPI, Family.JUNOS) else address
    # Whole seconds, at least one: pyIOSXR cuts fractions off, and 0 would mean no time at all.
    driver = driver_class(
        bracketed, login.username, login.password, timeout=math.ceil(timeouts.read), optional_args=arguments
    )
    if _family(target) is Family.JUNOS:
        # NAPALM hands none of these on to PyEZ, which looks for the operator's own keys unless told not to.
        driver.device._hostname = address
        driver.device._look_for_keys = False
        driver.device._allow_agent = False
        driver.device._conn_open_timeout = timeouts.connect
    return driver
