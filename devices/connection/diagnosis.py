"""What a library's exception means. The seven drivers stand on five libraries that agree on nothing.

Exceptions are known by the names of their classes: that covers community drivers too, and needs no import of libraries
that a driver may not use. The whole chain counts, because NAPALM often raises its own exception over the telling one.
"""

import errno
import re
import traceback
from collections.abc import Iterator

from devices.connection.secrets import Scrubber
from devices.connection.terms import Target
from devices.exceptions import (
    AuthenticationFailed,
    ConnectionLost,
    DeviceError,
    DeviceTimeout,
    DeviceUnreachable,
    SessionCancelled,
    UnexpectedDeviceError,
)

QUOTED_LENGTH = 300

AUTHENTICATION = {
    "AuthenticationException",  # paramiko, and netmiko's, which derives from it
    "AuthenticationError",  # ncclient
    "ConnectAuthError",  # PyEZ, NAPALM
    "NXAPIAuthError",
}
# At the beginning only: further on, a message may quote the device, and banners speak of unauthorized access.
AUTHENTICATION_TEXT = re.compile(
    r"unauthorized\b"  # eAPI's status 401
    r"|failed to enter enable mode"  # netmiko, a bare ValueError
    r"|error \[\d+\]: cli command \d+ of \d+ 'enable' failed",  # eAPI
    re.IGNORECASE,
)
UNREACHABLE = {
    "ConnectionRefusedError",
    "NoValidConnectionsError",  # paramiko
    "gaierror",
    "ConnectTimeout",  # requests
    "ConnectRefusedError",  # PyEZ, also for a connection that was closed early
    "ConnectUnknownHostError",  # PyEZ
}
UNREACHABLE_ERRNO = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}
TIMEOUT = {
    "TimeoutError",  # Python's, which is also the socket's, and pyIOSXR's
    "Timeout",  # requests
    "ReadTimeout",  # netmiko
    "TimeoutExpiredError",  # ncclient
    "RpcTimeoutError",  # PyEZ
    "ConnectTimeoutError",  # PyEZ, NAPALM
    "CommandTimeoutException",  # NAPALM
}
# "No existing session" is paramiko's way to say that the key exchange took too long.
TIMEOUT_TEXT = re.compile(r"timed out|authentication timeout|timeout exceeded|no existing session", re.IGNORECASE)
LOST = {
    "EOFError",
    "ConnectionResetError",
    "BrokenPipeError",
    "ConnectionAbortedError",
    "SSLEOFError",
    "SSLZeroReturnError",
    "IncompleteRead",  # http.client
    "ProtocolError",  # urllib3
    "SessionCloseError",  # ncclient
    "ConnectClosedError",  # PyEZ
    "ConnectionClosedException",  # NAPALM
}
LOST_TEXT = re.compile(r"socket is closed|channel (stream )?closed|not connected to netconf", re.IGNORECASE)


def diagnose(
    error: BaseException, step: str, target: Target, scrub: Scrubber, cut_by: DeviceError | None = None
) -> DeviceError:
    """The DeviceError for `error`, which a library raised while `step` (such as "reading the running configuration").

    `cut_by` says why NetRaven itself had cut the session before, if it had: the rest is then only a consequence.
    """
    if isinstance(error, DeviceError) and not cut_by:
        return error
    if isinstance(cut_by, SessionCancelled):
        return cut_by
    chain = list(_chain(error))
    texts = [str(link)[:QUOTED_LENGTH] for link in chain]
    name = target.hostname
    if _during_enable(chain) and (cut_by or not _is_any(chain, LOST)):
        return AuthenticationFailed(f"{name} did not accept the enable secret.")
    if cut_by:
        return cut_by
    timed_out = any(map(TIMEOUT_TEXT.search, texts))
    if (_is_any(chain, AUTHENTICATION) or any(map(AUTHENTICATION_TEXT.match, texts))) and not timed_out:
        return AuthenticationFailed(f"{name} rejected the log-in.")
    if _is_any(chain, {"ForeignAddress"}):
        foreign = next(link for link in chain if type(link).__name__ == "ForeignAddress")
        return UnexpectedDeviceError(f"{name}: the driver wanted a {foreign}. Is there a redirect, or a proxy setting?")
    if _is_any(chain, LOST) or any(map(LOST_TEXT.search, texts)):
        return ConnectionLost(f"{name} closed the connection while {step}.")
    if _is_any(chain, UNREACHABLE) or any(getattr(link, "errno", None) in UNREACHABLE_ERRNO for link in chain):
        return DeviceUnreachable(f"{name} took no connection on {target.address} port {target.port} while {step}.")
    if _is_any(chain, TIMEOUT) or timed_out:
        return DeviceTimeout(f"{name} did not answer in time while {step}.")
    return UnexpectedDeviceError(f"{name}: {_quote(chain, step, scrub)}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and all behind it, the outermost first. PyEZ keeps what it caught in an attribute."""
    waiting, seen = [error], set[int]()
    while waiting:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        behind = (link.__cause__, link.__context__, getattr(link, "_orig", None), *link.args)
        waiting.extend(other for other in behind if isinstance(other, BaseException))


def _is_any(chain: list[BaseException], names: set[str]) -> bool:
    return any(ancestor.__name__ in names for link in chain for ancestor in type(link).__mro__)


def _during_enable(chain: list[BaseException]) -> bool:
    """Whether netmiko was entering enable mode: a device that asks again for the secret looks like one that is slow.

    A second try with a wrong secret locks accounts, so in doubt the secret is wrong.
    """
    frames = (frame for link in chain for frame in traceback.extract_tb(link.__traceback__))
    return any(frame.name == "enable" and "netmiko" in frame.filename for frame in frames)


def _quote(chain: list[BaseException], step: str, scrub: Scrubber) -> str:
    """What the innermost exception that says anything says, on one line: the outer ones often only say "cannot"."""
    cause = next((link for link in reversed(chain) if str(link) not in ("", "None")), chain[-1])
    text = " ".join(scrub(str(cause)).split())[:QUOTED_LENGTH] or "no explanation"
    return f"{type(cause).__name__} while {step}: {text}"
