"""Ship the seven platforms of NAPALM's core drivers. They are rows: an operator edits them, and adds others."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Sources of the volatile lines and end markers: docs/platforms.md.
CISCO_ERRORS = [
    r"^\s*% ?(Invalid|Incomplete|Ambiguous|Unknown|Unrecognized|Bad|Authorization|Error|This command)\b",
    r"^\s*(Command authorization failed|Unknown command|Error in authentication|Permission denied)\b",
    r"^\s*Line has invalid autocommand\b",
]
IOS_VOLATILE = [
    r"^! Last configuration change\b",
    r"^! NVRAM config last updated\b",
    r"^! No configuration change since\b",
    r"^Current configuration : \d+ bytes",
    r"^Building configuration\.\.\.",
    r"^Using \d+ out of \d+ bytes",
    r"^ntp clock-period \d+",
    r"^Load for \S+ secs",
    r"^Time source is\b",
]
NXOS_VOLATILE = [r"^!Time: ", r"^!Running configuration last done at: ", r"^!Command: "]
IOSXR_VOLATILE = [
    r"^!! Last configuration change\b",
    r"^Building configuration\.\.\.",
    r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} +\d+ \d+:\d+:\d+",
]
EOS_VOLATILE = [r"^! Command: ", r"^! device: ", r"^! Startup-config last modified\b"]
JUNOS_VOLATILE = [r"^## Last commit: ", r"^## Last changed: "]
JUNOS_ERRORS = [r"^\s*(error|syntax error|unknown command)\b[:.]", r"^\s*permission denied\b"]

PLATFORMS = [
    ("ios", "Cisco IOS / IOS-XE", "ios", 22, IOS_VOLATILE, CISCO_ERRORS, r"^end$"),
    ("iosxr", "Cisco IOS-XR (XML agent)", "iosxr", 22, IOSXR_VOLATILE, CISCO_ERRORS, r"^end$"),
    ("iosxr_netconf", "Cisco IOS-XR (NETCONF)", "iosxr_netconf", 830, IOSXR_VOLATILE, CISCO_ERRORS, r"^end$"),
    ("nxos", "Cisco NX-OS (NX-API)", "nxos", 443, NXOS_VOLATILE, CISCO_ERRORS, ""),
    ("nxos_ssh", "Cisco NX-OS (SSH)", "nxos_ssh", 22, NXOS_VOLATILE, CISCO_ERRORS, ""),
    ("eos", "Arista EOS (eAPI)", "eos", 443, EOS_VOLATILE, CISCO_ERRORS, r"^end$"),
    ("junos", "Juniper Junos (NETCONF)", "junos", 830, JUNOS_VOLATILE, JUNOS_ERRORS, r"^\}$"),
]


def ship_platforms(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    platform = apps.get_model("devices", "Platform")
    for slug, name, driver, port, volatile, errors, end in PLATFORMS:
        platform.objects.get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "driver": driver,
                "default_port": port,
                "volatile_patterns": "\n".join(volatile),
                "error_patterns": "\n".join(errors),
                "end_pattern": end,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("devices", "0001_initial")]
    operations = [migrations.RunPython(ship_platforms, migrations.RunPython.noop)]
