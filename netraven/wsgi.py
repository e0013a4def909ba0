"""WSGI entry point: `gunicorn netraven.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "netraven.settings")

application = get_wsgi_application()

from credentials.checks import require_fitting_keys  # noqa: E402  (models are there once the application is)

require_fitting_keys()
