"""One session with a device: connected to, asked, closed, whatever happens."""

import inspect
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from napalm.base.base import NetworkDriver

from devices.connection.cutting import CutSwitch
from devices.connection.diagnosis import diagnose
from devices.connection.drivers import prepared_driver
from devices.connection.facts import clean_facts
from devices.connection.peer_keys import KeyGuard
from devices.connection.secrets import Scrubber
from devices.connection.terms import Facts, Login, SessionLog, Target, Timeouts
from devices.connection.ways import way_to
from devices.connection.wire import Wire
from devices.exceptions import (
    ConnectionLost,
    DeadlineExceeded,
    DeviceError,
    DeviceTimeout,
    HostKeyRejected,
    UnexpectedDeviceError,
)
from devices.text import encode

CLOSE_SECONDS = 2.0  # netmiko would wait its whole read time-out for a prompt that IOS XR in XML mode does not give

Answer = TypeVar("Answer")


@contextmanager
def open_session(
    target: Target,
    login: Login,
    *,
    guard: KeyGuard,
    timeouts: Timeouts,
    log: SessionLog,
    switch: CutSwitch | None = None,
) -> Iterator["DeviceSession"]:
    """One attempt at a session, closed at the end of the block; the switch cuts it. Raises DeviceError.

    The guard is shown the device's key before the log-in is sent.
    """
    ends = time.monotonic() + timeouts.deadline
    through = f" through the gateway {target.gateway.name}" if target.gateway else ""
    message = f"Connecting to {target.address} port {target.port}{through}"
    log("connect", message, driver=target.driver, username=login.username)
    late = DeadlineExceeded(f"{target.hostname}: the session was cut, because it took longer than a backup may take.")
    with ExitStack() as stack:
        try:
            reached, wire = stack.enter_context(way_to(target, guard, timeouts, log))
        except DeviceError as error:
            log("connect_failure", str(error), level="error", reason=error.reason)
            raise
        stack.enter_context(wire.limit(ends - time.monotonic(), late))
        stack.enter_context((switch or CutSwitch()).on(wire))
        session = DeviceSession(target, reached, login, wire, log)
        try:
            session.open(timeouts)
            yield session
        finally:
            session.close()


class DeviceSession:
    """What can be asked of a device. `open_session` makes one.

    `target` is the device as people know it, `reached` is where the driver connects to: the same, or a tunnel to it.
    """

    def __init__(self, target: Target, reached: Target, login: Login, wire: Wire, log: SessionLog) -> None:
        self._target = target
        self._reached = reached
        self._login = login
        self._wire = wire
        self._log = log
        self._scrub = Scrubber(login)
        self._driver: NetworkDriver | None = None
        self._broken = False

    def open(self, timeouts: Timeouts) -> None:
        """Log in. Raises DeviceError."""
        slow = DeviceTimeout(f"{self._target.hostname}: logging in took longer than {timeouts.connect:g} seconds.")
        with self._wire.limit(timeouts.connect, slow):
            _, seconds = self._ask("logging in", lambda: self._log_in(timeouts), failure="connect_failure")
        self._log("connect_success", f"Logged in as {self._login.username}", seconds=seconds)

    def facts(self) -> Facts:
        """What the device says about itself, empty if it cannot say.

        Raises ConnectionLost, DeadlineExceeded and HostKeyRejected only.
        """
        driver = self._open_driver()
        self._log("command", "Reading the facts", command="get_facts")
        try:
            facts, seconds = self._ask("reading the facts", lambda: clean_facts(driver.get_facts()), level="warning")
        except (ConnectionLost, DeadlineExceeded, HostKeyRejected):
            raise
        except DeviceError:
            return Facts()
        self._log("response", f"{facts.vendor} {facts.model} {facts.os_version}".strip(), seconds=seconds)
        return facts

    def running_config(self) -> str:
        """The running configuration, exactly as the driver returns it. Raises DeviceError."""
        driver = self._open_driver()
        self._log("command", "Reading the running configuration", command="get_config")
        text, seconds = self._ask("reading the running configuration", lambda: _running_config(driver))
        size = len(encode(text))
        message = f"Received the running configuration: {size} bytes in {seconds:.2f} seconds"
        self._log("response", message, size_bytes=size, seconds=seconds)
        return text

    def close(self) -> None:
        """Hang up: politely, or at once if the session is broken.

        What a driver raises then is logged and no more, so that it does not hide the error before it.
        """
        if self._driver is None:
            return
        driver, self._driver = self._driver, None
        seconds = 0 if self._broken else CLOSE_SECONDS
        slow = DeviceTimeout(f"{self._target.hostname}: closing took longer than {CLOSE_SECONDS:g} seconds.")
        try:
            with self._wire.limit(seconds, slow), self._wire.recording():
                driver.close()
        except Exception as error:
            if not self._broken:
                self._log("close_failure", "Closing the session failed", level="warning", error=self._scrub(str(error)))

    def _log_in(self, timeouts: Timeouts) -> None:
        with prepared_driver(self._reached, self._login, timeouts) as self._driver:
            self._driver.open()

    def _open_driver(self) -> NetworkDriver:
        if self._driver is None:
            raise UnexpectedDeviceError(f"{self._target.hostname}: the session is closed.")
        return self._driver

    def _ask(
        self, step: str, call: Callable[[], Answer], *, failure: str = "response", level: str = "error"
    ) -> tuple[Answer, float]:
        """What `call` returns, and how many seconds that took; what it raises becomes a DeviceError."""
        started = time.monotonic()
        trace = ""
        try:
            with self._wire.recording():
                answer = call()
        except Exception as error:
            trouble = diagnose(error, step, self._target, self._scrub, self._wire.cut_by)
            trace = self._scrub("".join(traceback.format_exception(error)))
        else:
            if self._wire.cut_by is None:
                return answer, round(time.monotonic() - started, 3)
            trouble = self._wire.cut_by
        self._broken = True
        self._log(failure, str(trouble), level=level, reason=trouble.reason)
        if trace:
            self._log(failure, f"Where it failed while {step}", level="debug", traceback=trace)
        raise trouble  # not in the handler: the library's exception, with all that it holds, must not hang on this one


def _running_config(driver: NetworkDriver) -> str:
    """Community drivers lack the newer arguments of `get_config`, so it gets no more than it knows; never `sanitized`,
    which masks some secrets and leaves others."""
    known = inspect.signature(driver.get_config).parameters
    answer = driver.get_config(retrieve="running") if "retrieve" in known else driver.get_config()
    text = answer["running"]
    if not isinstance(text, str):
        raise TypeError(f"the driver returned a {type(text).__name__} instead of a text")
    return text
