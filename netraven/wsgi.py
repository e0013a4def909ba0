"""WSGI entry point: `gunicorn netraven.wsgi`."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

from netraven.content_types import make_readable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "netraven.settings")

django_application = get_wsgi_application()

from credentials.checks import require_fitting_keys  # noqa: E402  (models are there once the application is)

require_fitting_keys()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request."""
    make_readable(environ)
    return django_application(environ, start_response)
