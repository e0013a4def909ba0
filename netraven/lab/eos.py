"""Arista EOS: what a switch says about itself, on its command line and through eAPI."""

import json
from collections.abc import Mapping
from typing import Any

from netraven.lab.device import LabDevice

ERROR = "% Invalid input\n"
CONFIG_ERROR = "% Invalid input (privileged mode required)\n"
TERMINAL_REPLIES = {"terminal width 511": "Width set to 511 columns.\n", "terminal length 0": "Pagination disabled.\n"}
BOOTED_AT = 1735689600.0  # seconds since the epoch
INTERFACES = ("Ethernet1", "Ethernet2", "Ethernet48", "Management1", "Vlan10")


def device_line(device: LabDevice) -> str:
    """`! device: leaf1 (DCS-7050, EOS-4.28.3M)`."""
    return f"! device: {device.name} ({device.model}, EOS-{device.os_version.split('-')[0]})"


def running_config(device: LabDevice) -> str:
    """With the header lines that EOS puts before it."""
    return f"! Command: show running-config\n{device_line(device)}\n!\n{device.running_config}"


def startup_config(device: LabDevice) -> str:
    """As saved, with its own header lines."""
    return f"! Command: show startup-config\n{device_line(device)}\n!\n{device.running_config}"


def answers(device: LabDevice) -> Mapping[str, str]:
    """Output by command, as text; `| json` gives the structured form."""
    bodies = {f"{command} | json": json.dumps(body, indent=4) + "\n" for command, body in api_bodies(device).items()}
    return bodies | {"show startup-config": startup_config(device)}


def api_bodies(device: LabDevice) -> dict[str, dict[str, Any]]:
    """The structured form of the answers, by command."""
    return {
        "enable": {},
        "show version": {
            "modelName": device.model,
            "serialNumber": device.serial_number,
            "version": device.os_version.split("-")[0],
            "internalVersion": device.os_version,
            "bootupTimestamp": BOOTED_AT,
            "architecture": "x86_64",
        },
        "show hostname": {"hostname": device.name, "fqdn": f"{device.name}.lab.example"},
        "show interfaces": {"interfaces": {name: {"name": name} for name in INTERFACES}},
    }


def api_answers(device: LabDevice) -> dict[str, dict[str, Any]]:
    """What eAPI returns by command: structured, or a text under `output`."""
    return api_bodies(device) | {"show startup-config": {"output": startup_config(device)}}
