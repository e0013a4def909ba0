"""Telling the service manager (systemd, Type=notify) how the service is."""

import os
import socket
from contextlib import suppress


def notify(state: str) -> None:
    """Send `READY=1`, `WATCHDOG=1` or the like, as sd_notify(3) describes; without a service manager do nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):  # in Linux's abstract namespace
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, suppress(OSError):
        sender.sendto(state.encode(), address)
