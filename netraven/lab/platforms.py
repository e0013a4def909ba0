"""What each platform is: its hardware, its software, its configuration template and who serves it."""

import re
import zlib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Platform:
    """`os_version` is the string NAPALM's facts give; `template` names a file in configs/."""

    model: str
    os_version: str
    serial_prefix: str
    template: str
    transport: str  # "cli", "xml-agent", "netconf", "telnet" or "https"


IOS_VERSION = "ISR Software (X86_64_LINUX_IOSD-UNIVERSALK9-M), Version 16.9.4, RELEASE SOFTWARE (fc2)"

PLATFORMS: dict[str, Platform] = {
    "ios": Platform("ISR4331/K9", IOS_VERSION, "FDO", "ios.cfg", "cli"),
    "ios_telnet": Platform("C2911", IOS_VERSION, "FTX", "ios.cfg", "telnet"),
    "iosxr": Platform("ASR-9901", "7.3.2", "FOC", "iosxr.cfg", "xml-agent"),
    "iosxr_netconf": Platform("NCS-5501", "7.8.1", "FOX", "iosxr.cfg", "netconf"),
    "nxos": Platform("Nexus9000 C93180YC-EX chassis", "9.3(8)", "FDC", "nxos.cfg", "https"),
    "nxos_ssh": Platform("Nexus9000 C9372PX chassis", "9.3(5)", "SAL", "nxos.cfg", "cli"),
    "eos": Platform("DCS-7050SX3-48YC8", "4.28.3M-28837868.4283M", "JPE", "eos.cfg", "https"),
    "eos_ssh": Platform("DCS-7280SR-48C6", "4.27.1F-25536724.4271F", "SSJ", "eos.cfg", "cli"),
    "junos": Platform("SRX340", "20.4R3.8", "CY", "junos.cfg", "netconf"),
}


def serial_number(platform: Platform, name: str) -> str:
    """Follows from the name, so that a device keeps it."""
    return f"{platform.serial_prefix}{zlib.crc32(name.encode()):08X}"


def render_config(template: str, name: str) -> str:
    """The template's text for the device `name`: addresses, VLANs and AS numbers follow from its name."""
    number = zlib.crc32(name.encode()) % 200 + 10
    values = {
        "HOSTNAME": name,
        "NUMBER": str(number),
        "HOST": str(number % 120 + 2),
        "VLAN": str(100 + number),
        "ASN": str(64496 + number % 8),
        "PEER_ASN": str(64504 + number % 8),
        "HEX": f"{number:x}",
    }
    text = files("netraven.lab").joinpath("configs", template).read_text(encoding="utf-8")
    return re.sub(r"%([A-Z_]+)%", lambda match: values[match[1]], text)
