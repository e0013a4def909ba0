"""The tables: the slowest question of each address, and what is over the aims."""

from collections import defaultdict
from typing import Any

from rich.console import Console
from rich.table import Table

AIMS = {"api": 100, "pages": 300}  # milliseconds
NO_WORKER = 503
SHOWN = 60  # of those that missed
TITLES = {"api": "REST API", "pages": "Pages and console"}


def print_report(report: dict[str, Any], console: Console, *, every: bool = False) -> None:
    """A table of each kind, then the aims."""
    for kind, title in TITLES.items():
        answers = [answer for answer in report["answers"] if answer["kind"] == kind]
        if answers:
            console.print(_table(title, answers if every else _slowest(answers), AIMS[kind]))
            _print_aim(kind, answers, console)
    left_out = defaultdict(list)
    for template, why in report["left_out"].items():
        left_out[why].append(template)
    for why, templates in left_out.items():
        console.print(f"Left out ({why}): {', '.join(templates)}", soft_wrap=True)
    records = ", ".join(f"{number:,} {name}" for name, number in report["records"].items())
    console.print(f"{records}; {report['database']}, Python {report['python']}, {report['date']}")


def is_over(answer: dict[str, Any]) -> bool:
    """Whether it missed its aim; a file of the whole network has none. 503 is said where no worker runs."""
    failed = answer["status"] >= 500 and answer["status"] != NO_WORKER
    return bool(failed or (answer["median"] > AIMS[answer["kind"]] and not answer["streams"]))


def _slowest(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each address and user."""
    by_address = defaultdict(list)
    for answer in answers:
        by_address[answer["about"], answer["who"]].append(answer)
    slowest = [max(group, key=lambda answer: answer["median"]) for group in by_address.values()]
    return [answer | {"asked": len(by_address[answer["about"], answer["who"]])} for answer in slowest]


def _table(title: str, answers: list[dict[str, Any]], aim: int) -> Table:
    table = Table(title=f"{title}: milliseconds")
    table.add_column("address, and the slowest of what was asked of it", overflow="fold", ratio=1)
    for column in ("who", "asked", "queries", "median", "p95", "work", ""):
        table.add_column(column, justify="left" if column == "who" else "right", no_wrap=True)
    for answer in answers:
        query = answer["path"].partition("?")[2]
        asked = f"{answer['about']}{f' ?{query}' if query else ''}"
        verdict = "file" if answer["streams"] else f"[red]over {aim}[/]" if is_over(answer) else ""
        figures = (f"{answer['queries']}", *(f"{answer[name]:.0f}" for name in ("median", "p95", "median_work")))
        who = "some devices" if answer["who"] == "scale-regional" else "superuser"
        shown = verdict if answer["status"] < 400 else f"[red]{answer['status']}[/]"
        table.add_row(asked[:200].replace("[", "\\["), who, f"{answer.get('asked', 1)}", *figures, shown)
    return table


def _print_aim(kind: str, answers: list[dict[str, Any]], console: Console) -> None:
    over = [answer for answer in answers if is_over(answer)]
    verdict = "[red]missed[/]" if over else "[green]holds[/] "
    busy = sum(answer["median_work"] > AIMS[kind] for answer in over)
    console.print(
        f"{verdict}  {len(answers)} questions: the median of {len(over)} is over {AIMS[kind]} ms, the work of {busy}"
    )
    for answer in sorted(over, key=lambda answer: -answer["median_work"])[:SHOWN]:
        shown = f"{answer['median_work']:7.0f} {answer['median']:7.0f}  {answer['who']}  {answer['path']}"
        console.print(shown, soft_wrap=True, markup=False)
