"""The setting NETRAVEN_METRICS_TOKEN, and who brings what it says."""

from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import constant_time_compare
from environ import Env

SHORTEST = 20  # characters
RECIPE = "python -c 'import secrets; print(secrets.token_urlsafe(30))'"


def metrics_token(env: Env) -> str:
    """Empty: nobody gets metrics. Raises ImproperlyConfigured for one that could be guessed."""
    token: str = env.str("NETRAVEN_METRICS_TOKEN", default="").strip()
    if token and len(token) < SHORTEST:
        raise ImproperlyConfigured(
            f"NETRAVEN_METRICS_TOKEN is shorter than {SHORTEST} characters. Make one with: {RECIPE}"
        )
    return token


def brings(headers: Mapping[str, str], token: str) -> bool:
    """Whether a request has it as its bearer token; how long that takes tells nothing about it."""
    scheme, _, brought = headers.get("Authorization", "").partition(" ")
    return constant_time_compare(brought.strip(), token) and scheme.lower() == "bearer"
