"""The simulated network: devices that speak their real wire protocols on loopback, for tests and demonstrations."""

from netraven.lab.device import DeviceSpec, Fault, LabDevice
from netraven.lab.jump_host import GatewayFault, LabGateway
from netraven.lab.network import Lab

__all__ = ["DeviceSpec", "Fault", "GatewayFault", "Lab", "LabDevice", "LabGateway"]
