"""Settings of backups, housekeeping and search, for netraven/settings.py."""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

CENTURY = 36_500  # days: reckoning with dates goes no further


def backup_settings(env: environ.Env) -> dict[str, Any]:
    """What is in settings.NETRAVEN."""
    return engine(env) | housekeeping(env) | search(env)


def engine(env: environ.Env) -> dict[str, Any]:
    """How devices are talked to, and how many at once."""
    threads = env.int("NETRAVEN_THREADS", default=25)
    return {
        # Talking to a device; seconds. The deadline is for one backup, all its attempts together.
        "TCP_TIMEOUT": env.float("NETRAVEN_TCP_TIMEOUT", default=5),
        "CONNECT_TIMEOUT": env.float("NETRAVEN_CONNECT_TIMEOUT", default=30),
        "READ_TIMEOUT": env.float("NETRAVEN_READ_TIMEOUT", default=60),
        "DEADLINE": env.float("NETRAVEN_DEADLINE", default=300),
        # Attempts at a device that is unreachable or slow; waits of base * factor^n seconds with jitter between them.
        "RETRY_ATTEMPTS": env.int("NETRAVEN_RETRY_ATTEMPTS", default=3),
        "RETRY_BASE": env.float("NETRAVEN_RETRY_BASE", default=2),
        "RETRY_FACTOR": env.float("NETRAVEN_RETRY_FACTOR", default=2),
        # Credentials tried on one device in one backup: more would lock accounts.
        "LOGIN_ATTEMPTS": env.int("NETRAVEN_LOGIN_ATTEMPTS", default=3),
        # "trust": the first host key of a device is taken on trust; "strict": it waits for somebody to accept it.
        "HOST_KEYS": _one_of(env, "NETRAVEN_HOST_KEYS", "trust", "strict"),
        # Devices at once in one worker process. One that has taken SLOW seconds already mostly waits, and does not
        # count; but there are never more than MAX_THREADS.
        "THREADS": threads,
        "SLOW": env.float("NETRAVEN_SLOW", default=2),
        "MAX_THREADS": env.int("NETRAVEN_MAX_THREADS", default=4 * threads),
        # Devices at once, by all workers together; 0: no limit. Gateways and tags have limits of their own.
        "MAX_SESSIONS": env.int("NETRAVEN_MAX_SESSIONS", default=0),
        # A running backup belongs to its worker for so long after the worker's last sign of life; seconds.
        "LEASE": env.float("NETRAVEN_LEASE", default=60),
        # Workers that may die over one backup before it is given up.
        "MAX_CLAIMS": env.int("NETRAVEN_MAX_CLAIMS", default=3),
    }


def housekeeping(env: environ.Env) -> dict[str, Any]:
    """What is kept, and for how long."""
    return {
        # Good backups kept of each device: the last so many, one a day and one a week; 0, 0 and 0 keep everything.
        "KEEP_LAST": _whole_number(env, "NETRAVEN_KEEP_LAST", 0, 1_000_000),
        "KEEP_DAILY": _whole_number(env, "NETRAVEN_KEEP_DAILY", 0, CENTURY),
        "KEEP_WEEKLY": _whole_number(env, "NETRAVEN_KEEP_WEEKLY", 0, CENTURY // 7),
        # Days that log entries are kept; 0 is for ever.
        "KEEP_LOG_DAYS": _whole_number(env, "NETRAVEN_KEEP_LOG_DAYS", 90, CENTURY),
        # Days that the audit trail is kept; 0 is for ever.
        "KEEP_AUDIT_DAYS": _whole_number(env, "NETRAVEN_KEEP_AUDIT_DAYS", 365, CENTURY),
    }


def search(env: environ.Env) -> dict[str, Any]:
    """How long a search may take, and what is kept ready for it."""
    return {
        # Seconds; then a search says how far it came, and goes on from there when asked to.
        "SEARCH_SECONDS": env.float("NETRAVEN_SEARCH_SECONDS", default=10),
        # Room for masked configurations, in MB; 0: none are kept.
        "MASKED_TEXTS_MB": _whole_number(env, "NETRAVEN_MASKED_TEXTS_MB", 256, 1_000_000),
    }


def _one_of(env: environ.Env, name: str, default: str, *others: str) -> str:
    value: str = env.str(name, default=default)
    if value not in (default, *others):
        raise ImproperlyConfigured(f"{name} is “{value}”. Give one of: {', '.join((default, *others))}.")
    return value


def _whole_number(env: environ.Env, name: str, default: int, most: int) -> int:
    """A number of things to keep: a wrong one must not delete anything, so it stops every command."""
    value = env.str(name, default=str(default)).strip()
    if not (value.isascii() and value.isdigit() and int(value) <= most):
        raise ImproperlyConfigured(f"{name} must be a whole number from 0 to {most:,}; it is “{value}”.")
    return int(value)
