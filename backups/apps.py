"""Django application backups."""

from django.apps import AppConfig


class BackupsConfig(AppConfig):
    """See docs/architecture.md for what lives here."""

    name = "backups"

    def ready(self) -> None:
        """Each cluster looks every few seconds for what people are to be told."""
        from backups.cluster.clock import keep_on_time
        from backups.notifications.duty import notify

        keep_on_time(notify, apart=True)
