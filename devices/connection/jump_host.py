"""What a session is told of the gateway it goes through."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from devices.connection.peer_keys import KeyGuard
from devices.connection.terms import Login


@dataclass(frozen=True)
class JumpHost:
    """A gateway: where it is, how NetRaven logs in (None: not at all, no key decrypts its credential), its guard.

    `turn` is entered to send the log-in, and waits so many seconds at most until others have tried it. Two are the
    same, and share one connection, if all but guard and turn are equal: each session has a guard of its own.
    """

    name: str
    address: str
    port: int
    login: Login | None
    guard: KeyGuard = field(compare=False, repr=False)
    turn: Callable[[float], AbstractContextManager[None]] = field(
        default=lambda seconds: nullcontext(), compare=False, repr=False
    )
