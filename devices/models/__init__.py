"""What is backed up, how it is reached, and who it has proven to be."""

from devices.models.device import Device, DeviceQuerySet, Viewer, effective_gateway, visible_to
from devices.models.gateway import Gateway
from devices.models.host_key import HostKey
from devices.models.platform import Platform
from devices.models.tag import Tag, TagCredential

__all__ = [
    "Device",
    "DeviceQuerySet",
    "Gateway",
    "HostKey",
    "Platform",
    "Tag",
    "TagCredential",
    "Viewer",
    "effective_gateway",
    "visible_to",
]
