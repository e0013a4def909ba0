"""One try at a time: worker processes, on any host, do not send the same wrong log-in to a gateway one after the other.

Each of them remembers what it was told itself. Here they tell each other, through the cache that all processes share.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog
from django.core.cache import cache
from django.utils.crypto import salted_hmac

from credentials.models import Credential
from devices.exceptions import GatewayRejected
from devices.models import Gateway

Answer = TypeVar("Answer")

# All in seconds
REJECTED = 60  # for so long a rejected log-in is not tried again, by nobody
WORKS = 60  # for so long one that was accepted needs no turns; it may be changed at the gateway at any time
TURN = 30  # a process that has not come back by then has died over it
LOOK_AGAIN = 0.1
SETTLE = 0.05  # two processes may both believe that they have added an entry to a cache of files

logger = structlog.get_logger("netraven.devices")


class Turns:
    """At one log-in of one gateway; a changed password is another log-in. `at_once` is for a person who asks for it."""

    def __init__(self, gateway: Gateway, credential: Credential, *, at_once: bool = False) -> None:
        secrets = [str(getattr(credential, name)) for name in ("username", *Credential.SECRET_FIELDS)]
        login = repr([gateway.address, gateway.port, *secrets])
        self._key = f"gateway-{salted_hmac('netraven.turns', login, algorithm='sha256').hexdigest()}"
        self._at_once = at_once

    @contextmanager
    def turn(self, seconds: float) -> Iterator[None]:
        """Try the log-in in the block. Raises GatewayRejected if another process just did, in vain."""
        claim = "" if self._at_once else self._wait(seconds)
        try:
            yield
        except GatewayRejected as error:
            told = str(error), time.time()
            self._ask(lambda: cache.set(f"{self._key}-rejected", told, REJECTED))
            self._ask(lambda: cache.delete(f"{self._key}-works"))
            raise
        else:
            self._ask(lambda: cache.set(f"{self._key}-works", True, WORKS))
            self._ask(lambda: cache.delete(f"{self._key}-rejected"))
        finally:
            if claim:
                self._give_back()

    def _wait(self, seconds: float) -> str:
        """Until nobody else is trying a log-in that is not known to work; our claim, empty if none is needed."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            self._refuse_if_rejected()
            if self._ask(lambda: cache.get(f"{self._key}-works")):
                return ""
            if claim := self._claim():
                try:
                    self._refuse_if_rejected()  # again: whoever had the turn before has told by now
                except GatewayRejected:
                    self._give_back()
                    raise
                return claim
            time.sleep(LOOK_AGAIN)
        return ""

    def _refuse_if_rejected(self) -> None:
        if rejected := self._ask(lambda: cache.get(f"{self._key}-rejected")):
            raise GatewayRejected(rejected[0], seconds_ago=max(time.time() - rejected[1], 0))

    def _claim(self) -> str:
        claim, key = uuid.uuid4().hex, f"{self._key}-turn"
        if not self._ask(lambda: cache.add(key, claim, TURN), otherwise=True):
            return ""
        time.sleep(SETTLE)
        return claim if self._ask(lambda: cache.get(key), otherwise=claim) == claim else ""

    def _give_back(self) -> None:
        self._ask(lambda: cache.delete(f"{self._key}-turn"))

    @staticmethod
    def _ask(call: Callable[[], Answer], otherwise: Answer | None = None) -> Answer | None:
        """A cache that is away is no reason to fail: then each process remembers for itself."""
        try:
            return call()
        except Exception as error:  # each cache has errors of its own
            logger.warning("The shared cache is away", error=type(error).__name__)
            return otherwise
