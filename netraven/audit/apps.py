"""The app of the audit trail."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """See the package. It comes after the apps whose records it follows, and after the library."""

    name = "netraven.audit"
    label = "audit"
    verbose_name = "Audit"

    def ready(self) -> None:
        """Follow the records that people change, and log-ins."""
        from netraven.audit.followed import follow
        from netraven.audit.log_ins import listen

        follow()
        listen()
