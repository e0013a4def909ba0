"""The settings of an object store for the configurations, from the environment; half of them are a mistake."""

from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BUCKET = "NETRAVEN_S3_BUCKET"
ENDPOINT = "NETRAVEN_S3_ENDPOINT_URL"
REGION = "NETRAVEN_S3_REGION"
ACCESS_KEY = "NETRAVEN_S3_ACCESS_KEY_ID"
SECRET_KEY = "NETRAVEN_S3_SECRET_ACCESS_KEY"  # noqa: S105 - the name of a variable


def object_store(env: environ.Env) -> dict[str, Any] | None:
    """An entry of STORAGES, None if no object store is wanted.

    Raises ImproperlyConfigured: else each host would keep its configurations to itself, and nobody would notice.
    """
    given = {name: env.str(name, default="").strip() for name in (BUCKET, ENDPOINT, REGION, ACCESS_KEY, SECRET_KEY)}
    if not any(given.values()):
        return None
    if not given[BUCKET]:
        names = ", ".join(name for name, value in given.items() if value)
        raise ImproperlyConfigured(f"{names}: set, but {BUCKET} is not. Name the bucket, or set none of them.")
    if bool(given[ACCESS_KEY]) != bool(given[SECRET_KEY]):
        raise ImproperlyConfigured(
            f"{ACCESS_KEY} and {SECRET_KEY} go together. Set both, or neither: "
            "then AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are used, or the role of the machine."
        )
    _check_endpoint(given[ENDPOINT])
    if find_spec("storages") is None or find_spec("boto3") is None:
        raise ImproperlyConfigured(f"{BUCKET} needs django-storages: pip install 'django-storages[s3]'")
    options = {
        "bucket_name": given[BUCKET],
        "endpoint_url": given[ENDPOINT] or None,
        "region_name": given[REGION] or None,
        "access_key": given[ACCESS_KEY] or None,
        "secret_key": given[SECRET_KEY] or None,
    }
    return {"BACKEND": "backups.object_storage.ConfigObjectStorage", "OPTIONS": options}


def _check_endpoint(url: str) -> None:
    """The URL itself is not quoted: it might hold a password."""
    if not url:
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ImproperlyConfigured(f"{ENDPOINT} is not a URL such as https://objects.example.net:9000")
    if parts.username or parts.password:
        raise ImproperlyConfigured(f"{ENDPOINT} holds a user name: the key belongs into {ACCESS_KEY} and {SECRET_KEY}")
