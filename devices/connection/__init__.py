"""Sessions with network devices. This package alone knows NAPALM and the libraries under it.

`fetch` does all that a backup needs; `open_session` is one attempt of it.
"""

from devices.connection.attempts import fetch
from devices.connection.cutting import CutSwitch
from devices.connection.drivers import ALLOWED_OPTIONAL_ARGS, available_drivers, validate_driver
from devices.connection.jump_host import JumpHost
from devices.connection.peer_keys import KeyGuard, PeerKey
from devices.connection.reachability import check_reachable
from devices.connection.session import DeviceSession, open_session
from devices.connection.terms import Facts, Login, RetryPolicy, SessionLog, Target, Timeouts
from devices.connection.ways import close_gateways, try_jump_host, try_way

__all__ = [
    "ALLOWED_OPTIONAL_ARGS",
    "CutSwitch",
    "DeviceSession",
    "Facts",
    "JumpHost",
    "KeyGuard",
    "Login",
    "PeerKey",
    "RetryPolicy",
    "SessionLog",
    "Target",
    "Timeouts",
    "available_drivers",
    "check_reachable",
    "close_gateways",
    "fetch",
    "open_session",
    "try_jump_host",
    "try_way",
    "validate_driver",
]
