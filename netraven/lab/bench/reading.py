"""What each contender has to do with a device, and how the libraries are told to: as devices.connection tells them."""

from collections.abc import Mapping
from typing import Any

from netraven.lab.bench.configs import CONFIG_BYTES

READ_SECONDS = 60
CONNECT_SECONDS = 30
READABLE = ("none", "slow")  # faults

Row = dict[str, Any]  # of the fleet's inventory


def is_readable(row: Row) -> bool:
    """Whether the device can be backed up, sooner or later."""
    return row["fault"] in READABLE


def optional_args(row: Mapping[str, Any]) -> dict[str, Any]:
    """NAPALM's `optional_args` for a device of the inventory."""
    return {
        "port": row["port"],
        "secret": row["enable_secret"],
        "pkey": None,
        "use_keys": False,
        "allow_agent": False,
        "read_timeout_override": READ_SECONDS,
        "conn_timeout": CONNECT_SECONDS,
        "banner_timeout": CONNECT_SECONDS,
        "auth_timeout": CONNECT_SECONDS,
    }


def check_config(name: str, config: str) -> None:
    """RuntimeError unless it is whole: a failure is quick, and would make the figures better."""
    if len(config) < CONFIG_BYTES:
        raise RuntimeError(f"{name} sent {len(config)} characters of {CONFIG_BYTES}")
