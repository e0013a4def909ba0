"""The whole fetch of a configuration, tried again where that makes sense."""

import time
from collections.abc import Callable
from dataclasses import replace

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from devices.connection.cutting import CutSwitch
from devices.connection.peer_keys import KeyGuard
from devices.connection.session import DeviceSession, open_session
from devices.connection.terms import Facts, Login, RetryPolicy, SessionLog, Target, Timeouts
from devices.exceptions import DeviceError, HostKeyRejected


def fetch(
    target: Target,
    login: Login,
    *,
    guard: KeyGuard,
    timeouts: Timeouts,
    log: SessionLog,
    retry: RetryPolicy,
    on_login: Callable[[], None] = lambda: None,
    switch: CutSwitch | None = None,
) -> tuple[Facts, str]:
    """Facts and running configuration of a device, over a fresh connection for each attempt. Raises DeviceError.

    The deadline covers all attempts and the waits between them; no wait is begun that would outlast it. The switch ends
    it at any time. `on_login` is called each time the device has accepted the log-in, whatever becomes of the session
    then.
    """
    ends = time.monotonic() + timeouts.deadline
    switch = switch or CutSwitch()

    def attempt() -> tuple[Facts, str]:
        remaining = replace(timeouts, deadline=ends - time.monotonic())
        switch.check()
        with open_session(target, login, guard=guard, timeouts=remaining, log=log, switch=switch) as session:
            on_login()
            text = session.running_config()
            return _facts(session), text

    def announce(state: RetryCallState) -> None:
        wait = round(state.next_action.sleep, 1) if state.next_action else 0
        number = state.attempt_number + 1
        message = f"Attempt {number} of {retry.attempts} in {wait:g} seconds"
        log("retry", message, level="warning", attempt=number, seconds=wait)

    retrying = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, DeviceError) and error.retryable),
        stop=stop_after_attempt(retry.attempts) | stop_before_delay(timeouts.deadline),
        wait=wait_exponential(multiplier=retry.base, exp_base=retry.factor, max=retry.max_wait)
        + wait_random(0, retry.base),
        before_sleep=announce,
        sleep=switch.wait,
        reraise=True,
    )
    return retrying(attempt)


def _facts(session: DeviceSession) -> Facts:
    """Asked for last: a late answer to another command must not mix with the configuration, which is safe by now."""
    try:
        return session.facts()
    except HostKeyRejected:
        raise
    except DeviceError:
        return Facts()
