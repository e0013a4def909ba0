"""Settings of notifications: the mail server, where links lead, and which networks webhooks may reach."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def notification_settings(env: Env) -> dict[str, Any]:
    """What is in settings.NETRAVEN."""
    return {
        # Where people reach the pages, for links in messages.
        "BASE_URL": _base_url(env),
        # Networks that webhooks may be posted to although they are not public, also by http://.
        "WEBHOOK_ALLOW": _networks(env),
        "MAIL_IS_SET": bool(env.str("EMAIL_URL", default="")),
    }


def mail_settings(env: Env) -> dict[str, Any]:
    """Django's settings of the mail server that EMAIL_URL names; none, and no mail, without it."""
    if not env.str("EMAIL_URL", default=""):
        return {}
    try:
        found: dict[str, Any] = env.email_url("EMAIL_URL")
    except Exception:  # it may say the URL, which holds a password
        raise ImproperlyConfigured(
            "EMAIL_URL is no URL of a mail server. Give smtp://user:password@host:25, smtp+tls:// or smtp+ssl://."
        ) from None
    return found


def _base_url(env: Env) -> str:
    """Without a slash at its end; empty if it is not set."""
    value: str = env.str("NETRAVEN_BASE_URL", default="").rstrip("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise ImproperlyConfigured(f"NETRAVEN_BASE_URL is “{value}”. Give a URL such as https://netraven.example.net.")
    return value


def _networks(env: Env) -> list[Network]:
    """Of NETRAVEN_WEBHOOK_ALLOW: `10.1.0.0/16,2001:db8::/32`."""
    found = []
    for text in env.list("NETRAVEN_WEBHOOK_ALLOW", default=[]):
        try:
            found.append(ipaddress.ip_network(text.strip()))
        except ValueError:
            raise ImproperlyConfigured(
                f"NETRAVEN_WEBHOOK_ALLOW: “{text}” is no network. Give CIDRs such as 10.1.0.0/16."
            ) from None
    return found
