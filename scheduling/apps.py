"""Django application scheduling."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """See docs/architecture.md for what lives here."""

    name = "scheduling"

    def ready(self) -> None:
        """Each cluster looks every few seconds for schedules that are due."""
        from backups.cluster.clock import keep_on_time
        from scheduling.tick import tick

        keep_on_time(tick)
