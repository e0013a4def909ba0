"""Configurations as long as a real network's, and a change on every device before each round."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

CONFIG_BYTES = 30_000
CHASSIS = "snmp-server chassis-id round-"
INTERFACE = """\
interface GigabitEthernet1/0/{number}
 description access port {number}, floor {floor}
 switchport access vlan {vlan}
 switchport mode access
 storm-control broadcast level 1.00
 spanning-tree portfast
!
"""


def long_config(config: str) -> str:
    """The configuration with as many interfaces more as make it CONFIG_BYTES long."""
    head, end, tail = config.rpartition("\nend\n")
    parts, size = [f"{head}\n{CHASSIS}0\n!\n"], len(config)
    number = 0
    while size < CONFIG_BYTES:
        number += 1
        parts.append(INTERFACE.format(number=number, floor=number // 24, vlan=100 + number % 8))
        size += len(parts[-1])
    return "".join(parts) + end.lstrip("\n") + tail


def change_configs(inventory: Iterable[dict[str, Any]], number: int) -> None:
    """A change on every device, as if somebody had configured round `number`: each backup then has a file to write."""
    for file in {Path(row["config"]) for row in inventory if row["config"]}:
        head, _, tail = file.read_text().partition(CHASSIS)
        file.write_text(f"{head}{CHASSIS}{number}\n{tail.partition(chr(10))[2]}")
