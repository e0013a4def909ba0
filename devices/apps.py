"""Django application devices."""

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    """See docs/architecture.md for what lives here."""

    name = "devices"
