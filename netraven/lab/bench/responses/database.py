"""The database to measure over, made if it is not there."""

import sys

from django.core.management import call_command
from django.db import DatabaseError, connection

from devices.models import Device
from netraven.lab.bench.records.making import Size, make_records


def ensure_records(devices: int, backups: int, seed: int) -> None:
    """A database with records in it: the one that DATABASE_URL names, with whatever devices it has."""
    if connection.vendor == "postgresql":
        _create()
    call_command("migrate", verbosity=0)
    if not Device.objects.exists():
        make_records(Size(devices, backups), seed)


def _create() -> None:
    name = str(connection.settings_dict["NAME"])
    try:
        with connection._nodb_cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if not cursor.fetchone():
                cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(name)}")
    except DatabaseError as error:
        sys.exit(f"netraven: the database in DATABASE_URL cannot be used: {str(error).splitlines()[0]}")
