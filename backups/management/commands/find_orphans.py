"""`manage.py find_orphans`: delete old files that no backup refers to."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from backups.housekeeping.orphans import OLD, Orphans
from backups.management.housekeeping import HousekeepingCommand


def days(value: str) -> timedelta:
    """At least one: a file that is being stored at this moment has no row yet."""
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 36_500):
        raise ArgumentTypeError("give a whole number of days, at least 1")
    return timedelta(days=int(value))


class Command(HousekeepingCommand):
    """Delete files in the storage that no record refers to."""

    help = "Delete files that no backup refers to, as killed workers leave them behind."
    doing = "Looking for orphans"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Allow to try it, and to go further."""
        self.add_dry_run(parser, "only tell which files would be deleted")
        parser.add_argument(
            "--older-than",
            type=days,
            default=OLD,
            metavar="DAYS",
            help=f"only files written more than so many days ago (default: {OLD.days})",
        )
        parser.add_argument(
            "--believe-the-database",
            action="store_true",
            help="delete even if most files belong to no backup, which looks as if the database were the wrong one",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Search, and delete."""
        dry_run, believe = options["dry_run"], options["believe_the_database"]
        self.carry_out(Orphans(options["older_than"], dry_run=dry_run, believe=believe), dry_run=dry_run)
