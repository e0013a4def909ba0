"""Posts one message to one receiver, which may be anybody: it gets ten seconds, and little of what it says is read."""

import http.client
import socket
import ssl
import time
from contextlib import suppress
from threading import Timer

from backups.notifications.addresses import RefusedAddress, Target, check_url, resolve
from backups.notifications.outcome import Outcome
from backups.notifications.signing import UnusableSecret, sign

CONNECT_SECONDS = 5.0
SECONDS = 10.0  # for all of it, from the connection to the end of the answer
MOST_READ = 4096  # bytes of an answer: they only let the receiver finish, nothing is kept
MOST_TRIED = 3  # addresses of one name
JSON = "application/json"


class _Connection(http.client.HTTPConnection):
    """To an address that has been looked at, whatever the name means by now; its certificate is the name's."""

    def __init__(self, target: Target, addresses: list[str]) -> None:
        super().__init__(target.host, target.port, timeout=SECONDS)
        self._target = target
        self._addresses = addresses
        self._watchdog = Timer(SECONDS, self.cut)
        self._watchdog.daemon = True
        self._overdue = False

    def connect(self) -> None:
        """To the first of the addresses that answers. Raises OSError."""
        self._watchdog.start()
        self.sock = self._dial()
        self.sock.settimeout(SECONDS)
        if self._target.scheme == "https":
            context = ssl.create_default_context()
            name = self._target.host.rstrip(".")
            self.sock = context.wrap_socket(self.sock, server_hostname=name, do_handshake_on_connect=False)
            self.sock.do_handshake()
        if self._overdue:
            raise TimeoutError

    def cut(self) -> None:
        """Whatever waits for the receiver fails at once: it may send a byte now and then for ever."""
        self._overdue = True
        if self.sock:
            with suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """For good."""
        self._watchdog.cancel()
        super().close()

    @property
    def overdue(self) -> bool:
        """Whether its time was up."""
        return self._overdue

    def _dial(self) -> socket.socket:
        *others, last = self._addresses[:MOST_TRIED]
        for address in others:
            with suppress(OSError):
                return socket.create_connection((address, self._target.port), CONNECT_SECONDS)
        return socket.create_connection((last, self._target.port), CONNECT_SECONDS)


def post(url: str, secret: str, message_id: str, body: bytes) -> Outcome:
    """Post it, signed; whatever happens is in the outcome, and neither the URL nor the answer's text is."""
    try:
        target = check_url(url)
        headers = sign(secret, message_id, int(time.time()), body)
        connection = _Connection(target, resolve(target))
    except (RefusedAddress, UnusableSecret) as error:
        return Outcome(False, f"Not sent: {error}")
    headers |= {"Content-Type": JSON, "User-Agent": "NetRaven", "Host": target.host_header, "Connection": "close"}
    try:
        connection.request("POST", target.path, body, headers)
        response = connection.getresponse()
        status = response.status
        with suppress(OSError, http.client.HTTPException):
            response.read(MOST_READ)
    except (OSError, http.client.HTTPException) as error:
        return Outcome(False, _describe(error, connection))
    finally:
        connection.close()
    if 300 <= status < 400:
        return Outcome(False, f"HTTP {status}: redirects are not followed. Give the URL that it leads to.", status)
    return Outcome(200 <= status < 300, f"HTTP {status}", status)


def _describe(error: Exception, connection: _Connection) -> str:
    """A sentence without anything that the receiver said."""
    if connection.overdue or isinstance(error, TimeoutError):
        return f"No answer within {SECONDS:.0f} s."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"Its certificate was not accepted: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        return "It does not speak TLS as it should."
    if isinstance(error, OSError):
        return f"The connection failed: {error.strerror or type(error).__name__}."
    return f"Its answer was no HTTP ({type(error).__name__})."
