"""Cisco IOS XR: what a router says about itself, through its XML agent and through NETCONF."""

from collections.abc import Mapping

from netraven.lab.device import LabDevice
from netraven.lab.text import asctime

ERROR = "                     ^\n% Invalid input detected at '^' marker.\n"
CONFIG_ERROR = "\n% This command is not authorized\n"
UPTIME = 1234567  # seconds
INTERFACES = ("Loopback0", "MgmtEth0/RP0/CPU0/0", "TenGigE0/0/0/0", "TenGigE0/0/0/1")
NETCONF_NAMESPACE = "urn:ietf:params:xml:ns:netconf:base:1.0"
YANG = "http://cisco.com/ns/yang/Cisco-IOS-XR"


def running_config(device: LabDevice) -> str:
    """With the header lines that IOS XR puts before it."""
    changed = asctime(device.changed_at)
    return (
        f"Building configuration...\n!! IOS XR Configuration {device.os_version}\n"
        f"!! Last configuration change at {changed} by {device.username}\n!\n{device.running_config}"
    )


def answers(device: LabDevice) -> Mapping[str, str]:
    """Output by command, outside the XML agent."""
    return {"show version": f"Cisco IOS XR Software, Version {device.os_version}\n"}


def xml_answer(request: str, device: LabDevice) -> str:
    """The XML agent's answer to an operational <Get>."""
    if "<Interfaces" in request:
        return f"<Get><Operational>{xml_interfaces()}</Operational></Get>"
    return f"<Get><Operational>{xml_system_time(device)}{xml_inventory(device)}</Operational></Get>"


def xml_system_time(device: LabDevice) -> str:
    """Host name and uptime."""
    return f"<SystemTime><Uptime><Hostname>{device.name}</Hostname><Uptime>{UPTIME}</Uptime></Uptime></SystemTime>"


def xml_inventory(device: LabDevice) -> str:
    """Model, software and serial number."""
    return (
        "<PlatformInventory><RackTable><Rack><Naming><Name>0</Name></Naming><Attributes><BasicInfo>"
        f"<SoftwareRevision>{device.os_version}</SoftwareRevision><ModelName>{device.model}</ModelName>"
        f"<SerialNumber>{device.serial_number}</SerialNumber>"
        "</BasicInfo></Attributes></Rack></RackTable></PlatformInventory>"
    )


def xml_interfaces() -> str:
    """What NAPALM reads of each interface."""
    entries = "".join(
        f"<Interface><Naming><InterfaceName>{name}</InterfaceName></Naming><InterfaceHandle>{name}</InterfaceHandle>"
        "<LineState>IM_STATE_UP</LineState><State>IM_STATE_UP</State><MTU>1514</MTU><Bandwidth>10000000</Bandwidth>"
        "<Description/></Interface>"
        for name in INTERFACES
    )
    return f"<Interfaces><InterfaceTable>{entries}</InterfaceTable></Interfaces>"


def netconf_facts(device: LabDevice) -> str:
    """The answer to a NETCONF <get> of system time, interfaces and inventory."""
    interfaces = "".join(f"<interface><interface-name>{name}</interface-name></interface>" for name in INTERFACES)
    return (
        f'<data xmlns="{NETCONF_NAMESPACE}">'
        f'<system-time xmlns="{YANG}-shellutil-oper"><uptime><host-name>{device.name}</host-name>'
        f"<uptime>{UPTIME}</uptime></uptime></system-time>"
        f'<interfaces xmlns="{YANG}-pfi-im-cmd-oper"><interfaces>{interfaces}</interfaces></interfaces>'
        f'<inventory xmlns="{YANG}-invmgr-oper"><entities><entity><name>Rack 0</name><attributes><inv-basic-bag>'
        f"<software-revision>{device.os_version}</software-revision><model-name>{device.model}</model-name>"
        f"<serial-number>{device.serial_number}</serial-number>"
        "</inv-basic-bag></attributes></entity></entities></inventory></data>"
    )
