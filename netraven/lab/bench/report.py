"""What the measurements say: medians, what NetRaven adds, as JSON and as tables."""

import os
import platform
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from netraven.lab.bench.fleet import CONFIG_BYTES
from netraven.lab.bench.meter import Usage

FIGURES = {
    "devices_per_second": "devices/s",
    "cpu_ms_per_device": "CPU ms/device",
    "peak_memory_mb": "peak memory, MB",
}


def build_report(
    options: dict[str, Any], napalm: list[Usage], netraven: list[Usage], cluster: Usage, statements: dict[str, int]
) -> dict[str, Any]:
    """Everything that was measured, and its medians; `statements` are those of one round."""
    rounds = {"napalm": [usage.figures() for usage in napalm], "netraven": [usage.figures() for usage in netraven]}
    medians = {who: {name: median(row[name] for row in rows) for name in FIGURES} for who, rows in rounds.items()}
    alone, full = (medians[who]["cpu_ms_per_device"] for who in ("napalm", "netraven"))
    devices = netraven[0].devices
    return {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "database": "SQLite"},
        "options": options | {"config_bytes": CONFIG_BYTES},
        "rounds": rounds,
        "median": medians,
        "overhead": {"cpu_ms_per_device": full - alone, "percent_of_napalm": 100 * (full - alone) / alone},
        "cluster": cluster.figures(),
        "statements_per_backup": {
            "total": sum(statements.values()) / devices,
            "by_kind": {kind: count / devices for kind, count in statements.items()},
        },
    }


def print_report(report: dict[str, Any], console: Console) -> None:
    """The tables, and the sentence that matters."""
    console.print(_usage_table(report))
    overhead = report["overhead"]
    console.print(
        f"NetRaven's own work: [bold]{overhead['cpu_ms_per_device']:.1f} ms[/] CPU a backup, "
        f"[bold]{overhead['percent_of_napalm']:.0f} %[/] of NAPALM's.\n"
    )
    console.print(_statement_table(report["statements_per_backup"]))


def _usage_table(report: dict[str, Any]) -> Table:
    options = report["options"]
    table = Table(
        title=f"{options['devices']} devices of {options['config_bytes'] // 1000} KB, {options['threads']} threads, "
        f"medians of {options['rounds']} rounds"
    )
    table.add_column("")
    rows = {
        "NAPALM alone, 1 process": report["median"]["napalm"],
        "NetRaven, 1 process": report["median"]["netraven"],
        f"NetRaven, cluster of {options['workers']} (once)": report["cluster"],
    }
    for title in FIGURES.values():
        table.add_column(title, justify="right")
    for name, figures in rows.items():
        table.add_row(name, *(f"{figures[figure]:.1f}" for figure in FIGURES))
    return table


def _statement_table(statements: dict[str, Any]) -> Table:
    table = Table(title=f"{statements['total']:.1f} database statements a backup", min_width=40)
    table.add_column("statement")
    table.add_column("a backup", justify="right")
    for kind, count in statements["by_kind"].items():
        table.add_row(kind, f"{count:.2f}")
    return table
