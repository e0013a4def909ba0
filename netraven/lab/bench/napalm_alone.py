"""The measure: NAPALM and a thread pool, nothing else. A process of its own; prints its usage as JSON."""

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from napalm import get_network_driver
from napalm.base.base import NetworkDriver

from netraven.lab.bench.fleet import CONFIG_BYTES
from netraven.lab.bench.meter import measured

READ_SECONDS = 60
CONNECT_SECONDS = 30


def driver_for(row: dict[str, Any]) -> NetworkDriver:
    """A driver for a device of the inventory, with the arguments that devices.connection gives it."""
    arguments = {
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
    driver: type[NetworkDriver] = get_network_driver("ios")
    return driver(row["address"], row["username"], row["password"], timeout=READ_SECONDS, optional_args=arguments)


def read_device(row: dict[str, Any]) -> None:
    """What a backup asks of a device. Raises if less than the configuration comes."""
    driver = driver_for(row)
    driver.open()
    try:
        driver.get_facts()
        config = driver.get_config(retrieve="running")["running"]
    finally:
        driver.close()
    if len(config) < CONFIG_BYTES:
        raise RuntimeError(f"{row['name']} sent {len(config)} bytes of {CONFIG_BYTES}")


def read_all(inventory: list[dict[str, Any]], threads: int) -> None:
    """Every device once."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(read_device, inventory))


def main() -> int:
    """Measure all devices, after one that warms up."""
    parser = argparse.ArgumentParser(prog="python -m netraven.lab.bench.napalm_alone")
    parser.add_argument("inventory", type=Path)
    parser.add_argument("threads", type=int)
    options = parser.parse_args()
    inventory = json.loads(options.inventory.read_text())
    read_device(inventory[0])
    usage = measured(len(inventory), lambda: read_all(inventory, options.threads))
    print(json.dumps(asdict(usage)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
