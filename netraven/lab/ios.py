"""Cisco IOS: what a router says about itself."""

from collections.abc import Mapping

from netraven.lab.device import LabDevice
from netraven.lab.text import clock

ERROR = "             ^\n% Invalid input detected at '^' marker.\n\n"

SHOW_VERSION = """\
Cisco IOS XE Software, Version 16.09.04
Cisco IOS Software, {os_version}
Technical Support: see the support pages of the vendor
Compiled for the simulated network

ROM: IOS-XE ROMMON

{name} uptime is 2 weeks, 3 days, 4 hours, 5 minutes
Uptime for this control processor is 2 weeks, 3 days, 4 hours, 7 minutes
System returned to ROM by reload
System image file is "bootflash:simulated-universalk9.16.09.04.SPA.bin"

cisco {model} (1RU) processor with 1795979K/6147K bytes of memory.
Processor board ID {serial_number}
3 Gigabit Ethernet interfaces
32768K bytes of non-volatile configuration memory.
4194304K bytes of physical memory.

Configuration register is 0x2102

"""

SHOW_INTERFACES = """\
Interface              IP-Address      OK? Method Status                Protocol
GigabitEthernet0/0/0   198.51.100.2    YES NVRAM  up                    up
GigabitEthernet0/0/1   203.0.113.1     YES NVRAM  up                    up
GigabitEthernet0/0/2   unassigned      YES NVRAM  administratively down down
Loopback0              192.0.2.1       YES NVRAM  up                    up
"""


def answers(device: LabDevice) -> Mapping[str, str]:
    """Output by command; the configurations are not among them, they are long."""
    return {
        "show version": SHOW_VERSION.format(
            name=device.name, os_version=device.os_version, model=device.model, serial_number=device.serial_number
        ),
        "show hosts": "Default domain is lab.example\nName servers are 192.0.2.53\n",
        "show ip interface brief": SHOW_INTERFACES,
    }


def running_config(device: LabDevice) -> str:
    """With the header lines that IOS puts before it."""
    config = device.running_config
    return (
        "Building configuration...\n\n"
        f"Current configuration : {len(config)} bytes\n!\n"
        f"! Last configuration change at {clock(device.changed_at)} by {device.username}\n!\n{config}"
    )


def startup_config(device: LabDevice) -> str:
    """As saved: the same configuration, with the header of the file in NVRAM."""
    config = device.running_config
    return (
        f"Using {len(config)} out of 33554432 bytes\n!\n"
        f"! Last configuration change at {clock(device.changed_at)} by {device.username}\n"
        f"! NVRAM config last updated at {clock(device.changed_at)} by {device.username}\n!\n{config}"
    )
