"""`python -m netraven.lab --directory DIR`: the default network, until interrupted."""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netraven.lab.device import LabDevice
from netraven.lab.network import Lab


def main() -> int:
    """The exit status: 0 after SIGINT or SIGTERM, 1 when a port is taken."""
    options = parse_options()
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: interrupted.set())
    lab = Lab(options.directory, host=options.host, base_port=options.base_port)
    try:
        lab.start()
    except OSError as error:
        print(f"cannot start the simulated network on {options.host}: {error.strerror}", file=sys.stderr)
        return 1
    try:
        write_inventory(lab.directory, [inventory_row(device) for device in lab])
        print_table(lab)
        interrupted.wait()
    finally:
        lab.stop()
    return 0


def parse_options() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(prog="python -m netraven.lab", description="Run simulated network devices.")
    parser.add_argument("--directory", type=Path, required=True, help="where configurations and inventory.json live")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--base-port", type=int, default=0, help="the first port; 0 lets the system choose each")
    return parser.parse_args()


def inventory_row(device: LabDevice) -> dict[str, Any]:
    """What a client has to know of a device, and of the gateway that leads there, if it needs one."""
    place = ("name", "address", "port", "username", "password")
    return {
        "name": device.name,
        "platform": device.platform,
        "address": device.address,
        "port": device.port,
        "username": device.username,
        "password": device.password,
        "enable_secret": device.enable_secret,
        "fault": device.fault.value,
        "config": str(device.config_path.resolve()),
        "gateway": {name: getattr(device.gateway, name) for name in place} if device.gateway else None,
    }


def write_inventory(directory: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write DIR/inventory.json at once and whole: who reads it sees every device listening."""
    partial = directory / "inventory.json.partial"
    partial.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    os.replace(partial, directory / "inventory.json")


def print_table(lab: Lab) -> None:
    """Name, platform, address and fault of each device, and the gateways."""
    print(f"{'NAME':<15} {'PLATFORM':<14} {'ADDRESS':<22} FAULT")
    for device in lab:
        print(f"{device.name:<15} {device.platform:<14} {f'{device.address}:{device.port}':<22} {device.fault}")
    for gateway in lab.gateways.values():
        print(f"{gateway.name:<15} {'gateway':<14} {gateway.address}:{gateway.port}")
    print("Running until interrupted.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
