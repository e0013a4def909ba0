"""`python -m netraven.lab.bench.responses`: how long does everything that can be read take in a large installation?"""

import argparse
import json
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import django
from rich.console import Console

from netraven.lab import playground

DATABASE = "postgres://postgres@127.0.0.1:5432/nr_scale"
KINDS = ("api", "pages")


def main() -> int:
    """Make the records if they are not there, measure, print tables."""
    options = parse_options()
    os.environ.setdefault("DATABASE_URL", DATABASE)
    os.environ |= {"DJANGO_SETTINGS_MODULE": "netraven.settings", "NETRAVEN_DEBUG": "1", "NETRAVEN_REDIS_URL": ""}
    os.environ |= {"NETRAVEN_DATA_DIR": str(options.data.resolve()), "NETRAVEN_LOG_LEVEL": "CRITICAL"}
    os.chdir(playground.ROOT)
    django.setup()
    from netraven.lab.bench.responses.database import ensure_records
    from netraven.lab.bench.responses.measuring import measure
    from netraven.lab.bench.responses.report import print_report

    console = Console(highlight=False)
    console.print(f"Database {urlsplit(os.environ['DATABASE_URL']).path[1:]}, files in {options.data}")
    ensure_records(options.devices, options.backups, options.seed)
    report = measure(options.only or list(KINDS), options.matching, options.runs, console)
    print_report(report, console, every=options.every)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0


def parse_options() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(prog="python -m netraven.lab.bench.responses", description=__doc__)
    data = playground.ROOT / "var" / "scale"
    parser.add_argument("--data", type=Path, default=data, help="the folder for files (default: var/scale)")
    parser.add_argument(
        "--devices", type=int, default=10_000, help="if the records are not there (default: %(default)s)"
    )
    parser.add_argument("--backups", type=int, default=1_000_000, help="the same (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the same (default: %(default)s)")
    parser.add_argument("--only", choices=KINDS, action="append", help="one kind (default: both)")
    parser.add_argument("--matching", default="", metavar="TEXT", help="only addresses that contain this")
    parser.add_argument(
        "--runs", type=int, default=7, help="requests of each, after a first one (default: %(default)s)"
    )
    parser.add_argument(
        "--every", action="store_true", help="print every question, not only the slowest of each address"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures into this file too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
