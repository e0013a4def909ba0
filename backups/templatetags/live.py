"""Parts of pages that stay up to date by themselves.

A page that follows a backup has `{% include "_live.html" %}` in its head, and where it shows it
`{% load live %}{% follow_backup backup %}`: its state, its log as it comes, and, when it has ended, the page anew.
Without JavaScript the page stands still. It is for users with `backups.view_job`, and one of these fits on a page.
"""

from typing import Any

from django import template

from backups.log_tail import tail, told
from backups.models import Backup

register = template.Library()


@register.inclusion_tag("pages/_follow_backup.html", takes_context=True)
def follow_backup(context: template.Context, backup: Backup) -> dict[str, Any]:
    """A backup that is under way; one query."""
    shared = {name: context.get(name) for name in ("user", "perms", "request")}
    return shared | backup_state(backup)


def backup_state(backup: Backup, after: int = 0) -> dict[str, Any]:
    """For the templates."""
    log = tail(told(backup.log.all()), after)
    return {"backup": backup, "log": log, "seen": f"{backup.status}.{backup.attempts}.{log.newest}"}
