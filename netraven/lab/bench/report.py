"""What a comparison says: medians, the best of each contender, ratios; as JSON and as tables."""

from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from netraven.lab.bench import aims
from netraven.lab.bench.compare import NAPALM, NETRAVEN, NORNIR, ONE_PROCESS, Comparison
from netraven.lab.bench.meter import Usage

FIGURES = {
    "devices_per_second": "devices/s",
    "cpu_ms_per_device": "CPU ms",
    "peak_memory_mb": "MB, largest",
    "total_memory_mb": "MB, all",
}

Figures = dict[str, float]


def build_report(comparison: Comparison) -> dict[str, Any]:
    """Everything that was measured, its medians, and what follows from them."""
    rounds = {who: _figures(ways) for who, ways in comparison.measurements.items()}
    medians = {who: {how: _median(rows) for how, rows in ways.items()} for who, ways in rounds.items()}
    best = {who: _fastest(ways) for who, ways in medians.items()}
    report: dict[str, Any] = {
        "rounds": rounds,
        "median": medians,
        "best": best,
        "ratios": _ratios({who: medians[who][how] for who, how in best.items()}),
        "one_process": _one_process(medians),
        "statements_per_backup": _statements(comparison),
        "fleet": comparison.fleet,
    }
    return report | {"aims": [aim.as_json() for aim in _aims(report)]}


def _figures(ways: dict[str, list[Usage]]) -> dict[str, list[Figures]]:
    return {how: [usage.figures() for usage in usages] for how, usages in ways.items()}


def _median(rows: list[Figures]) -> Figures:
    return {name: median(row[name] for row in rows) for name in FIGURES}


def _fastest(ways: dict[str, Figures]) -> str:
    return max(ways, key=lambda how: ways[how]["devices_per_second"])


def _ratios(best: dict[str, Figures]) -> Figures:
    """NetRaven's best shape to the best of the others."""
    ours = best[NETRAVEN]
    return {
        f"{name}_to_{other}": ours[figure] / best[who][figure]
        for other, who in (("nornir", NORNIR), ("napalm", NAPALM))
        for name, figure in (("throughput", "devices_per_second"), ("cpu", "cpu_ms_per_device"))
    }


def _one_process(medians: dict[str, dict[str, Figures]]) -> Figures:
    """What NetRaven adds to NAPALM in one process; nothing, if NAPALM was not measured in one with as many threads."""
    ((how, ours),) = medians[ONE_PROCESS].items()
    if how not in medians[NAPALM]:
        return {}
    alone = medians[NAPALM][how]["cpu_ms_per_device"]
    added = ours["cpu_ms_per_device"] - alone
    return {"added_cpu_ms_per_device": added, "percent_of_napalm": 100 * added / alone}


def _statements(comparison: Comparison) -> dict[str, Any]:
    """Of the last round."""
    ((_, usages),) = comparison.measurements[ONE_PROCESS].items()
    counts = {kind: count / usages[-1].devices for kind, count in comparison.statements.items()}
    return {"total": sum(counts.values()), "by_kind": counts}


def _aims(report: dict[str, Any]) -> list[aims.Aim]:
    ratios, shapes = report["ratios"], report["median"][NETRAVEN]
    workers = [row["peak_memory_mb"] for how, row in shapes.items() if how.endswith(f"x {aims.THREADS}")]
    speed = "NetRaven's throughput"
    found = [
        aims.at_least(f"{speed}, times nornir's best", ratios["throughput_to_nornir"], aims.TIMES_NORNIR),
        aims.at_least(f"{speed}, of NAPALM's best", 100 * ratios["throughput_to_napalm"], aims.PERCENT_OF_NAPALM, " %"),
        aims.at_most("Database statements a backup", report["statements_per_backup"]["total"], aims.STATEMENTS),
    ]
    if workers:
        found.append(aims.at_most(f"Largest worker with {aims.THREADS} threads", max(workers), aims.WORKER_MB, " MB"))
    return found


def print_report(report: dict[str, Any], console: Console) -> None:
    """The tables, and the sentences that matter."""
    console.print(_usage_table(report), _statement_table(report["statements_per_backup"]), sep="\n")
    fleet, ratios, added = report["fleet"], report["ratios"], report["one_process"]
    own = 1000 * fleet["cpu_seconds"] / fleet["log_ins"]
    console.print(
        f"The simulated devices needed {own:.1f} ms CPU a log-in, on the same cores and in none of these figures.\n"
        f"NetRaven's CPU a device is {ratios['cpu_to_napalm']:.2f} times that of "
        f"NAPALM alone and {ratios['cpu_to_nornir']:.2f} times that of nornir, each at its best."
    )
    if added:
        console.print(
            f"In one process, NetRaven's own work is {added['added_cpu_ms_per_device']:.1f} ms CPU a backup, "
            f"{added['percent_of_napalm']:.0f} % of NAPALM's."
        )


def _usage_table(report: dict[str, Any]) -> Table:
    options, best = report["options"], report["best"]
    size = options["config_bytes"] // 1000
    table = Table(title=f"{options['devices']} devices of {size} KB, medians of {options['rounds']} rounds")
    table.add_column("processes x threads", no_wrap=True)
    for column in (*FIGURES.values(), "NetRaven's best"):
        table.add_column(column, justify="right")
    ours = report["median"][NETRAVEN][best[NETRAVEN]]["devices_per_second"]
    for who, ways in report["median"].items():
        for how, row in ways.items():
            style = "bold" if how == best[who] and len(ways) > 1 else None
            times = f"x {ours / row['devices_per_second']:.2f}"
            table.add_row(f"{who}, {how}", *(f"{row[figure]:.1f}" for figure in FIGURES), times, style=style)
        table.add_section()
    return table


def _statement_table(statements: dict[str, Any]) -> Table:
    table = Table(title=f"{statements['total']:.1f} database statements a backup", min_width=40)
    table.add_column("statement")
    table.add_column("a backup", justify="right")
    for kind, count in statements["by_kind"].items():
        table.add_row(kind, f"{count:.2f}")
    return table
