"""Django application backups."""

from django.apps import AppConfig


class BackupsConfig(AppConfig):
    """See docs/architecture.md for what lives here."""

    name = "backups"
