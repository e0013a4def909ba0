"""`python -m netraven.lab.bench`: what a backup costs; docs/performance.md says how it is measured."""

import argparse
import json
import os
import platform
import signal
import sys
from typing import Any

from rich.console import Console

from netraven.lab.bench import report, scale, trouble
from netraven.lab.bench.aims import print_aims
from netraven.lab.bench.compare import compare
from netraven.lab.bench.configs import CONFIG_BYTES
from netraven.lab.bench.installation import installation
from netraven.lab.bench.options import parse_options

console = Console(highlight=False)


def main() -> int:
    """0 if everything was measured, whether the aims hold or not; half a measurement says nothing and ends it."""
    options = parse_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("netraven: ended from outside"))  # what it started ends with it
    with installation(options.database_url, options.redis_url) as folder:
        if options.trouble:
            measured, print_tables = trouble.measure_trouble(folder, options, console), trouble.print_report
        elif options.scale:
            measured, print_tables = scale.measure_scale(folder, options, console), scale.print_report
        else:
            measured, print_tables = report.build_report(compare(folder, options, console)), report.print_report
    whole = {"machine": machine(options), "options": described(options)} | measured
    console.print()
    print_tables(whole, console)
    print_aims(whole["aims"], console)
    if options.json:
        options.json.write_text(json.dumps(whole, indent=2) + "\n")
    return 0


def machine(options: argparse.Namespace) -> dict[str, Any]:
    """Where it was measured."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "database": "PostgreSQL" if options.database_url else "SQLite",
        "task_queue": "Redis" if options.redis_url else "database",
    }


def described(options: argparse.Namespace) -> dict[str, Any]:
    """The options, without what may hold a password, and without where the report goes."""
    left_out = ("database_url", "redis_url", "json")
    values = {name: value for name, value in vars(options).items() if name not in left_out}
    shapes = {name: [str(shape) for shape in values[name]] for name in ("napalm", "netraven")}
    return values | shapes | {"config_bytes": CONFIG_BYTES}


if __name__ == "__main__":
    sys.exit(main())
