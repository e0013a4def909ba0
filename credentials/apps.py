"""Django application credentials."""

from django.apps import AppConfig


class CredentialsConfig(AppConfig):
    """See docs/architecture.md for what lives here."""

    name = "credentials"
