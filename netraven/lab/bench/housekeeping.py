"""`python -m netraven.lab.bench.housekeeping`: does housekeeping need more memory for more backups?"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from netraven.lab import playground
from netraven.lab.bench.installation import run_module, set_environment

# In this order: what is deleted cannot be verified
CHORES = ["verification", "retention", "log_pruning", "orphans"]
POLICY = {
    "NETRAVEN_KEEP_LAST": "10",
    "NETRAVEN_KEEP_DAILY": "14",
    "NETRAVEN_KEEP_WEEKLY": "5",
    "NETRAVEN_KEEP_LOG_DAYS": "14",
}

console = Console(highlight=False)


def main() -> int:
    """Measure each kind over each number of backups."""
    options = parse_options()
    var = playground.ROOT / "var"
    var.mkdir(exist_ok=True)
    reports = []
    for backups in options.backups:
        with tempfile.TemporaryDirectory(prefix="bench-", dir=var) as folder:
            reports.append(measure(Path(folder), backups, options.database_url))
    print_reports(reports)
    if options.json:
        options.json.write_text(json.dumps(reports, indent=2) + "\n")
    return 0


def parse_options() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(prog="python -m netraven.lab.bench.housekeeping", description=__doc__)
    parser.add_argument("--backups", type=int, nargs="+", default=[10_000, 100_000], help="default: %(default)s")
    parser.add_argument(
        "--database-url", default="", metavar="URL", help="an empty database; IT IS EMPTIED (default: SQLite)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures into this file too")
    return parser.parse_args()


def measure(folder: Path, backups: int, database_url: str) -> dict[str, Any]:
    """What each kind of housekeeping cost over so many backups."""
    console.print(f"{backups} backups")
    os.environ |= POLICY
    set_environment(folder, database_url or f"sqlite:///{folder / 'netraven.sqlite3'}")
    run_module(folder, "chore", "make", str(backups))
    return {"backups": backups, "chores": {chore: run_module(folder, "chore", chore) for chore in CHORES}}


def print_reports(reports: list[dict[str, Any]]) -> None:
    """A row for each kind and number of backups, and what the last ones did."""
    table = Table("", "backups", "seconds", "peak memory, MB", "steps", "statements a step")
    for column in table.columns[1:]:
        column.justify = "right"
    for chore in CHORES:
        for report in reports:
            cost = report["chores"][chore]
            figures = (f"{cost['seconds']:.1f}", f"{cost['peak_memory'] / 1e6:.1f}", f"{cost['steps']}")
            a_step = cost["statements"] / max(cost["steps"], 1)
            table.add_row(chore, f"{report['backups']}", *figures, f"{a_step:.1f}")
    console.print(table)
    for chore in CHORES:
        console.print(reports[-1]["chores"][chore]["result"], soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
