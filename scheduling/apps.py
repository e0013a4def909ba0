"""Django application scheduling."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """See docs/architecture.md for what lives here."""

    name = "scheduling"
