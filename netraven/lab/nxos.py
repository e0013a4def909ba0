"""Cisco NX-OS: what a switch says about itself, on its command line and through NX-API."""

import json
import time
from collections.abc import Mapping
from typing import Any

from netraven.lab.device import LabDevice
from netraven.lab.text import asctime

ERROR = "                     ^\n% Invalid command at '^' marker.\n"
API_ERROR = "% Invalid command\n"
DOMAIN = "lab.example"
INTERFACES = ("mgmt0", "Ethernet1/1", "Ethernet1/2", "Ethernet1/48")

SHOW_VERSION = """\
Cisco Nexus Operating System (NX-OS) Software

Software
  BIOS: version 07.67
  NXOS: version {os_version}
  NXOS image file is: bootflash:///simulated-nxos.bin

Hardware
  cisco {model}
  with 24633488 kB of memory.
  Processor Board ID {serial_number}

  Device name: {name}
  bootflash:   53298520 kB
Kernel uptime is 12 day(s), 3 hour(s), 4 minute(s), 5 second(s)
"""

SHOW_INTERFACE_STATUS = """
--------------------------------------------------------------------------------
Port          Name               Status    Vlan      Duplex  Speed   Type
--------------------------------------------------------------------------------
mgmt0         --                 connected routed    full    1000    --
Eth1/1        uplink             connected trunk     full    10G     10Gbase-SR
Eth1/2        server             connected 20        full    10G     10Gbase-SR
Eth1/48       --                 disabled  1         auto    auto    10Gbase-SR
"""


def running_config(device: LabDevice) -> str:
    """With the header lines that NX-OS puts before it; the time is that of the request."""
    return (
        f"\n!Command: show running-config\n"
        f"!Running configuration last done at: {asctime(device.changed_at)}\n"
        f"!Time: {asctime(time.time())}\n\n{device.running_config}"
    )


def startup_config(device: LabDevice) -> str:
    """As saved, with its own header lines."""
    return (
        f"\n!Command: show startup-config\n"
        f"!Running configuration last done at: {asctime(device.changed_at)}\n"
        f"!Time: {asctime(time.time())}\n"
        f"!Startup config saved at: {asctime(device.changed_at)}\n\n{device.running_config}"
    )


def answers(device: LabDevice) -> Mapping[str, str]:
    """Output by command, as text."""
    bodies = {f"{command} | json": json.dumps(body) + "\n" for command, body in api_bodies(device).items()}
    return bodies | {
        "show version": SHOW_VERSION.format(
            os_version=device.os_version,
            model=device.model,
            serial_number=device.serial_number,
            name=device.name,
        ),
        "show hosts": f"DNS lookup enabled\nDefault domain for vrf:default is {DOMAIN}\n",
        "show interface status": SHOW_INTERFACE_STATUS,
        "show hostname": f"{device.name}\n",
        "show startup-config": startup_config(device),
    }


def api_bodies(device: LabDevice) -> dict[str, dict[str, Any]]:
    """The structured form of the answers, by command."""
    chassis = {"name": "Chassis", "desc": device.model, "productid": "N9K", "serialnum": device.serial_number}
    supply = {"name": "Power Supply 1", "desc": "650W AC", "productid": "NXA-PAC-650W", "serialnum": "LIT00000000"}
    return {
        "show hostname": {"hostname": f"{device.name}.{DOMAIN}"},
        "show version": {
            "chassis_id": device.model,
            "host_name": device.name,
            "sys_ver_str": device.os_version,
            "kern_uptm_days": 12,
            "kern_uptm_hrs": 3,
            "kern_uptm_mins": 4,
            "kern_uptm_secs": 5,
        },
        "show inventory": {"TABLE_inv": {"ROW_inv": [chassis, supply]}},
        "show interface": {"TABLE_interface": {"ROW_interface": [{"interface": name} for name in INTERFACES]}},
    }
