"""What each cluster does about notifications every few seconds."""

from backups.notifications.noticing import look
from backups.notifications.sending import send_due


def notify() -> dict[str, int]:
    """Look for what is new, and send what is due."""
    return {"looked_at": look(), "tried": send_due()}
