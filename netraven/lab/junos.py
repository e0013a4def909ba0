"""Juniper Junos: what a firewall says about itself, in the replies to its NETCONF RPCs."""

from collections.abc import Mapping

from netraven.lab.device import LabDevice
from netraven.lab.text import asctime

DOMAIN = "lab.example"
INTERFACES = ("ge-0/0/0", "ge-0/0/1", "lo0", "fxp0")


def running_config(device: LabDevice) -> str:
    """With the header line that Junos puts before it."""
    return f"\n## Last commit: {asctime(device.changed_at)} by {device.username}\n{device.running_config}"


def answers(device: LabDevice) -> Mapping[str, str]:
    """The content of the reply by RPC name; anything else is an rpc-error."""
    return {
        "get-software-information": software_information(device),
        "get-chassis-inventory": (
            "<chassis-inventory><chassis><name>Chassis</name>"
            f"<serial-number>{device.serial_number}</serial-number><description>{device.model}</description>"
            "</chassis></chassis-inventory>"
        ),
        "get-system-uptime-information": (
            "<system-uptime-information><system-booted-time>"
            '<time-length seconds="1234567">2w0d 06:56</time-length></system-booted-time></system-uptime-information>'
        ),
        "get-interface-information": interface_information(),
    }


def software_information(device: LabDevice) -> str:
    """Host name, model and version, as after Junos 15.1."""
    return (
        f"<software-information><host-name>{device.name}</host-name><product-model>{device.model.lower()}"
        f"</product-model><product-name>{device.model.lower()}</product-name>"
        f"<junos-version>{device.os_version}</junos-version></software-information>"
    )


def interface_information() -> str:
    """Names and states only."""
    interfaces = "".join(
        f"<physical-interface><name>{name}</name><admin-status>up</admin-status><oper-status>up</oper-status>"
        "<mtu>1514</mtu></physical-interface>"
        for name in INTERFACES
    )
    return f"<interface-information>{interfaces}</interface-information>"


def domain_configuration() -> str:
    """The answer to a get-configuration that asks for nothing but the domain name."""
    return f"<configuration><system><domain-name>{DOMAIN}</domain-name></system></configuration>"
