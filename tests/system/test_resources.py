"""A worker lives for weeks: a backup leaves nothing behind in its process."""

import os
import threading
from collections.abc import Callable

import psycopg
import pytest
from django.db import connection

from backups.models import Backup, Job
from backups.services import request_backups
from backups.tasks import run_batch
from devices.models import Device
from netraven.lab import Fault
from tests.conftest import database_url

DEVICES = 20
ROUNDS = 5
PLATFORMS = ("ios", "eos", "junos", "iosxr_netconf", "nxos")
FAULTS = (Fault.NONE, Fault.WRONG_PASSWORD, Fault.DROPS, Fault.REFUSES)


def open_files() -> set[str]:
    """What the file descriptors of this process lead to, but for those of the simulated network."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{number} {os.readlink(f'/proc/self/fd/{number}')}")
        except FileNotFoundError:  # the one that listed them
            continue
    return found


def threads() -> set[str]:
    return {f"{thread.name} {thread.ident}" for thread in threading.enumerate()}
