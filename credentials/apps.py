"""Django application credentials."""

from django.apps import AppConfig
from django.core.checks import register


class CredentialsConfig(AppConfig):
    """Log-ins for devices, their secrets encrypted at rest."""

    name = "credentials"

    def ready(self) -> None:
        """Refuse to start when the keys do not fit what is stored."""
        from credentials.checks import check_keys_fit

        register(check_keys_fit, "credentials")
