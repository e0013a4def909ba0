"""`manage.py rotate_keys`: encrypt every stored secret with the first key of NETRAVEN_FIELD_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import Progress

from credentials.rotation import Rotation, rotate
from credentials.stored import ModelClass, models_with_secrets
from netraven.audit.trail import Action, note_kind


class Command(BaseCommand):
    """Rotate the keys of secrets at rest."""

    help = (
        "Encrypt every stored secret with the first key of NETRAVEN_FIELD_KEYS. Put the new key in front of the old "
        "one, restart everything, run this, then drop the old key. It may be interrupted and run again."
    )
    requires_system_checks = []  # the check of the keys would refuse what this command explains better

    def add_arguments(self, parser: CommandParser) -> None:
        """Only --dry-run."""
        parser.add_argument("--dry-run", action="store_true", help="Count, change nothing.")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        """Raises CommandError, naming the first row and field, if any secret fits no key."""
        unreadable: list[str] = []
        for model, names in models_with_secrets():
            result = self._rotate(model, names, dry_run)
            unreadable += result.unreadable
            if result.rotated and not dry_run:
                note_kind(Action.ROTATE_KEYS, model, rows=result.rotated)
            verb = "would be encrypted anew" if dry_run else "encrypted anew"
            self.stdout.write(
                f"{model._meta.label}: {result.rotated} rows {verb}, {result.current} needed nothing, "
                f"{len(result.unreadable)} secrets fit no key."
            )
        if unreadable:
            more = f" (and {len(unreadable) - 1} more)" if len(unreadable) > 1 else ""
            raise CommandError(
                f"No key in NETRAVEN_FIELD_KEYS fits {unreadable[0]}{more}. "
                "Put the key that encrypted it back at the end of NETRAVEN_FIELD_KEYS and run this again."
            )

    def _rotate(self, model: ModelClass, names: list[str], dry_run: bool) -> Rotation:
        result = Rotation()
        with Progress(console=Console(stderr=True), transient=True, disable=not self.stderr.isatty()) as bar:
            task = bar.add_task(str(model._meta.verbose_name_plural), total=model._default_manager.count())
            for result in rotate(model, names, dry_run=dry_run):
                bar.update(task, completed=result.rotated + result.current)
        return result
