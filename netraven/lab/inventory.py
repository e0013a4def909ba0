"""The default network: a healthy device for each NAPALM driver, one behind a gateway, one for each way to misbehave."""

from netraven.lab.device import DeviceSpec, Fault

DEFAULT_INVENTORY: tuple[DeviceSpec, ...] = (
    DeviceSpec("ios", "core1"),
    DeviceSpec("iosxr", "core2"),
    DeviceSpec("iosxr_netconf", "edge1"),
    DeviceSpec("nxos", "dc1"),
    DeviceSpec("nxos_ssh", "dc2"),
    DeviceSpec("eos", "leaf1"),
    DeviceSpec("junos", "fw1"),
    DeviceSpec("eos", "branch1", gateway="jump1"),
    DeviceSpec("ios", "bad-password", Fault.WRONG_PASSWORD),
    DeviceSpec("ios", "bad-refuses", Fault.REFUSES),
    DeviceSpec("ios", "bad-silent", Fault.SILENT),
    DeviceSpec("ios", "bad-slow", Fault.SLOW),
    DeviceSpec("ios", "bad-hangs", Fault.HANGS),
    DeviceSpec("ios", "bad-drops", Fault.DROPS),
    DeviceSpec("ios", "bad-truncates", Fault.TRUNCATES),
    DeviceSpec("ios", "bad-cli-error", Fault.CLI_ERROR),
    DeviceSpec("ios", "bad-enable", Fault.WRONG_ENABLE),
)
