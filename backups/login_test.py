"""Try a credential against a device now: log in and hang up, read nothing. The process that asks does it, no worker."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from backups.exceptions import TooManyTests
from backups.models import LoginAttempt
from credentials.fields import SecretUnreadable
from credentials.models import Credential
from devices import host_keys
from devices.exceptions import AuthenticationFailed, DeviceError
from devices.models import Device

if TYPE_CHECKING:  # importing it for real loads NAPALM, which a web server needs for nothing else
    from devices.connection import Timeouts

logger = structlog.get_logger("netraven.backups")

PERMISSIONS = ("credentials.view_credential", "backups.run_backup")
ACCEPTED, REJECTED, UNREADABLE = "accepted", "rejected", "unreadable"

# A credential on a device: more would lock its account.
TESTS = 5
PERIOD = 60  # seconds
# Somebody is waiting: shorter than for backups, where the settings allow more. All in seconds.
TCP_TIMEOUT = 5.0
CONNECT_TIMEOUT = 15.0
DEADLINE = 20.0


@dataclass(frozen=True)
class LoginTest:
    """What came of it: `result` is accepted, rejected, unreadable (its key is missing), or why the device could not be
    asked, as a backup would fail: unreachable, timeout, gateway, security, unexpected. `message` is a sentence."""

    result: str
    message: str
    seconds: float

    @property
    def accepted(self) -> bool:
        """Whether the device let us in."""
        return self.result == ACCEPTED


def try_login(credential: Credential, device: Device, *, user: User | None) -> LoginTest:
    """Log in to a device that the user sees, with this credential only; takes up to 20 seconds.

    What the device says is recorded as a log-in attempt. `user` None is the system itself (command line).
    Raises PermissionDenied, TooManyTests.
    """
    if user is not None and not _may_test(user, device):
        raise PermissionDenied("You may not test log-ins on this device.")
    _refuse_too_many(credential, device)
    started = time.monotonic()
    result, message = _log_in(credential, device)
    test = LoginTest(result, message, round(time.monotonic() - started, 2))
    if test.result in (ACCEPTED, REJECTED):
        _record(test, credential, device, user)
    if user is not None:
        facts = {"device": device.hostname, "credential": credential.name, "user": user.get_username()}
        logger.info("Log-in tested", result=result, **facts)
    return test


def _may_test(user: User, device: Device) -> bool:
    return user.has_perms(PERMISSIONS) and Device.objects.visible_to(user).filter(pk=device.pk).exists()


def _log_in(credential: Credential, device: Device) -> tuple[str, str]:
    """The result, and a sentence about it."""
    from devices.connection import open_session
    from devices.gateways import gateway_id_of, jump_host_of, ways_through
    from devices.login import login_of, target_of

    trusted = host_keys.trusted_keys(devices=[device.pk]).get(device.pk, [])
    guard = host_keys.guard_of(device, trusted)
    gateway_id = gateway_id_of(device)
    way = ways_through([gateway_id])[gateway_id] if gateway_id else None
    target = target_of(device, jump_host_of(way) if way else None)
    try:
        login = login_of(Credential.objects.get(pk=credential.pk))
        with open_session(target, login, guard=guard, timeouts=_timeouts(), log=_log):
            return ACCEPTED, f"{device.hostname} accepted the credential “{credential.name}”."
    except (SecretUnreadable, Credential.DoesNotExist):
        return UNREADABLE, f"No key in NETRAVEN_FIELD_KEYS fits the credential “{credential.name}”."
    except AuthenticationFailed as error:
        return REJECTED, str(error)
    except DeviceError as error:
        return error.reason, str(error)
    finally:
        shown = host_keys.worth_recording(device, trusted, guard)
        if way and target.gateway:
            shown += host_keys.worth_recording(way.gateway, way.host_keys, target.gateway.guard)
        host_keys.record(shown)


def _timeouts() -> "Timeouts":
    from devices.connection import Timeouts

    config = settings.NETRAVEN
    return Timeouts(
        tcp=min(config["TCP_TIMEOUT"], TCP_TIMEOUT),
        connect=min(config["CONNECT_TIMEOUT"], CONNECT_TIMEOUT),
        read=min(config["READ_TIMEOUT"], CONNECT_TIMEOUT),
        deadline=min(config["DEADLINE"], DEADLINE),
    )


def _log(event: str, message: str, *, level: str = "info", **details: Any) -> None:
    """The session's events, for the process log: there is no job that they could belong to. The answer has the rest."""
    logger.debug(message, log_event=event, log_level=level, **details)


def _record(test: LoginTest, credential: Credential, device: Device, user: User | None) -> None:
    try:
        LoginAttempt.objects.create(credential=credential, device=device, accepted=test.accepted, tested_by=user)
    except IntegrityError:  # one of them was deleted meanwhile
        logger.info("Log-in tested, but not recorded", device=device.hostname, credential=credential.name)


def _refuse_too_many(credential: Credential, device: Device) -> None:
    """Each test takes one of five places, which is free again a minute later."""
    places = (f"login-test:{credential.pk}:{device.pk}:{place}" for place in range(TESTS))
    if not any(cache.add(place, True, PERIOD) for place in places):
        raise TooManyTests(f"{TESTS} tests of one credential on one device a minute are enough: more may lock it.")
