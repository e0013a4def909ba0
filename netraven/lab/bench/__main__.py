"""`python -m netraven.lab.bench`: NAPALM alone and NetRaven in turns, against the same simulated devices."""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import django
from cryptography.fernet import Fernet
from rich.console import Console

from netraven.lab import playground
from netraven.lab.bench.cluster import measure_cluster
from netraven.lab.bench.fleet import change_configs, simulated_fleet
from netraven.lab.bench.meter import Usage
from netraven.lab.bench.report import build_report, print_report

WORKERS = 2

console = Console(highlight=False)


def main() -> int:
    """0 if everything was measured; whatever goes wrong ends it, since half a measurement says nothing."""
    options = parse_options()
    var = playground.ROOT / "var"
    var.mkdir(exist_ok=True)
    # Not in the system's temporary folder, which may be memory: flushing files to a disk is part of the work.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=var) as folder:
        report = measure(Path(folder), options)
    print_report(report, console)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0


def parse_options() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(prog="python -m netraven.lab.bench", description="What does a backup cost?")
    parser.add_argument("--devices", type=int, default=100, help="simulated IOS devices (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=25, help="devices at once per process (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of each kind, in turns (default: %(default)s)")
    parser.add_argument(
        "--latency-ms", type=float, default=0, help="a device waits so long before it sends its configuration"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures into this file too")
    return parser.parse_args()


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The report; see `build_report`."""
    prepare_installation(folder, options.threads)
    napalm: list[Usage] = []
    netraven: list[Usage] = []
    statements: dict[str, int] = {}
    with simulated_fleet(folder, options.devices, options.latency_ms / 1000) as inventory:
        playground.record_devices(inventory)
        for number in range(1, options.rounds + 1):
            console.print(f"Round {number} of {options.rounds}")
            change_configs(inventory, number)
            answer = run_module(folder, "napalm_alone", str(folder / "fleet" / "inventory.json"), str(options.threads))
            napalm.append(Usage(**answer))
            answer = run_module(folder, "full_path")
            netraven.append(Usage(**answer["usage"]))
            statements = answer["statements"]
        console.print("Through the task queue\n")
        cluster = measure_cluster(folder)
    settings = {name: getattr(options, name) for name in ("devices", "threads", "rounds", "latency_ms")}
    return build_report(settings | {"workers": WORKERS}, napalm, netraven, cluster, statements)


def prepare_installation(folder: Path, threads: int) -> None:
    """A new database, and the settings of a production system, for this process and those it starts."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "netraven.settings",
        "NETRAVEN_DEBUG": "0",  # otherwise Django keeps a list of all queries
        "NETRAVEN_SECRET_KEY": secrets.token_urlsafe(50),
        "NETRAVEN_FIELD_KEYS": Fernet.generate_key().decode(),
        "NETRAVEN_DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'netraven.sqlite3'}",
        "NETRAVEN_REDIS_URL": "",
        "NETRAVEN_LOG_LEVEL": "WARNING",
        "NETRAVEN_LOG_JSON": "1",
        "NETRAVEN_THREADS": str(threads),
        "NETRAVEN_WORKERS": str(WORKERS),
    }
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    os.environ["NETRAVEN_LOG_LEVEL"] = "INFO"  # for the processes: writing the log is part of the work


def run_module(folder: Path, name: str, *arguments: str) -> Any:
    """What a module of this package prints as JSON; its log goes into a file in the folder."""
    log = folder / f"{name}.log"
    with log.open("w") as errors:
        done = subprocess.run(
            [sys.executable, "-m", f"netraven.lab.bench.{name}", *arguments],
            cwd=playground.ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    if done.returncode:
        sys.exit(f"netraven: {name} failed:\n{''.join(log.read_text().splitlines(keepends=True)[-20:])}")
    return json.loads(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
