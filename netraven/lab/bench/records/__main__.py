"""`python -m netraven.lab.bench.records`: fills an empty database with the records of a large installation."""

import argparse
import os
import sys

import django


def main() -> int:
    """Fill the database of DATABASE_URL, with files in NETRAVEN_DATA_DIR."""
    parser = argparse.ArgumentParser(prog="python -m netraven.lab.bench.records", description=__doc__)
    parser.add_argument("--devices", type=int, default=10_000, help="default: %(default)s")
    parser.add_argument("--backups", type=int, default=1_000_000, help="default: %(default)s")
    parser.add_argument(
        "--seed", type=int, default=1, help="the same one makes the same records (default: %(default)s)"
    )
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "netraven.settings")
    django.setup()
    from netraven.lab.bench.records.making import NotEmpty, Size, make_records

    try:
        make_records(Size(options.devices, options.backups), options.seed)
    except (NotEmpty, ValueError) as error:
        sys.exit(f"netraven: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
