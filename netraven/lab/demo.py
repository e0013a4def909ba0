"""`make demo`: back up a simulated network through the real task queue, change a device, show the difference.

One device is then replaced: it shows another key than before, and waits for somebody to accept that.
"""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax

from netraven.lab import Fault, playground
from netraven.lab.schedules import NIGHTLY, record_schedules

if TYPE_CHECKING:
    from backups.models import Backup, Job

JOB_SECONDS = 120
CHANGED = "core1"
BEFORE = " description transit to provider A\n"
AFTER = " description transit to provider B, circuit 4711\n"
REPLACED = "dc2"

# What an operator must read about each way to misbehave
REASONS = {
    Fault.WRONG_PASSWORD: "authentication",
    Fault.WRONG_ENABLE: "authentication",
    Fault.REFUSES: "unreachable",
    Fault.DROPS: "unreachable",
    Fault.SILENT: "timeout",
    Fault.SLOW: "timeout",
    Fault.HANGS: "timeout",
    Fault.TRUNCATES: "incomplete",
    Fault.CLI_ERROR: "incomplete",
}

console = Console(highlight=False)


def main() -> int:
    """Run the demo; 0 if everything came out as it must."""
    folder = playground.configure(fresh=True)
    from django.core.management import call_command

    console.print("[bold]1.[/] Setting up a database in", _short(folder))
    call_command("migrate", verbosity=0)
    password = playground.ensure_admin(folder)
    console.print("[bold]2.[/] Starting the simulated network and a worker")
    with playground.simulated_network(folder) as inventory, playground.worker(folder):
        record_schedules()
        problems = _back_up_everything(inventory) + _change_one(inventory) + _replace_one(inventory)
    for problem in problems:
        console.print(f"[red]not as it must be:[/] {problem}")
    if not problems:
        console.print(
            "\n[bold green]Done.[/] Open the console with [bold]make serve[/] and log in at http://127.0.0.1:8000/ "
            f"as [bold]admin[/], password [bold]{password}[/]"
        )
    return 1 if problems else 0


def _back_up_everything(inventory: list[dict[str, Any]]) -> list[str]:
    from backups.models import Backup
    from devices.models import Device

    console.print(f"[bold]3.[/] Backing up all {len(inventory)} devices: seven platforms, a gateway, and every fault")
    backups = _run_job(Device.objects.all())
    problems = []
    for row in inventory:
        backup = backups[row["name"]]
        fault = Fault(row["fault"])
        if fault is Fault.NONE and backup.status != Backup.Status.COMPLETED:
            problems.append(f"{row['name']} is healthy, but failed: {backup.error}")
        way, wanted = backup.gateway and backup.gateway.name, row["gateway"] and row["gateway"]["name"]
        if way != wanted:
            problems.append(f"{row['name']} went through {way}, not {wanted}")
        if fault is not Fault.NONE and backup.failure_reason != REASONS[fault]:
            problems.append(f"{row['name']} ended {backup.status} {backup.failure_reason}, not {REASONS[fault]}")
    return problems


def _change_one(inventory: list[dict[str, Any]]) -> list[str]:
    from backups.models import Backup
    from backups.patches import as_patch
    from backups.storage import read_text
    from scheduling.models import Schedule
    from scheduling.services import run_now

    console.print(f"\n[bold]4.[/] Changing one line of {CHANGED}, and running the schedule “{NIGHTLY}” now")
    file = Path(next(row["config"] for row in inventory if row["name"] == CHANGED))
    text = file.read_text()
    if BEFORE not in text:
        return [f"{CHANGED} has no line {BEFORE.strip()!r} to change"]
    file.write_text(text.replace(BEFORE, AFTER, 1))
    run = run_now(Schedule.objects.get(name=NIGHTLY), user=None)
    if run.job is None:
        return [f"the schedule “{NIGHTLY}” did not run: {run.message}"]
    backups = _follow(run.job)
    versions = {name: backup.version for name, backup in backups.items()}
    problems = [] if versions == {name: 2 if name == CHANGED else 1 for name in backups} else [f"versions: {versions}"]
    first = Backup.objects.completed().filter(device__hostname=CHANGED, version=1).latest("finished_at")
    second = backups[CHANGED]
    platform = second.device.platform
    patch = as_patch(
        read_text(first), read_text(second), platform.volatile_patterns, f"{CHANGED} version 1", f"{CHANGED} version 2"
    )
    console.print(f"\n[bold]5.[/] What changed on {CHANGED}:")
    console.print(Syntax(patch, "diff", theme="ansi_dark", background_color="default"))
    changes = [line for line in patch.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    if changes != [f"-{BEFORE.rstrip()}", f"+{AFTER.rstrip()}"]:
        problems.append(f"the diff is not exactly the change: {changes}")
    return problems


def _replace_one(inventory: list[dict[str, Any]]) -> list[str]:
    from backups.models import Backup
    from devices.models import Device

    console.print(f"[bold]6.[/] Replacing {REPLACED}: it shows another host key, so no log-in is sent to it")
    config = next(row["config"] for row in inventory if row["name"] == REPLACED)
    Path(config).with_suffix(".keys").mkdir()  # see LabDevice
    backup = _run_job(Device.objects.filter(hostname=REPLACED))[REPLACED]
    if backup.failure_reason != Backup.FailureReason.SECURITY:
        return [f"{REPLACED} shows another key, but ended {backup.status} {backup.failure_reason}"]
    console.print("   Compare the two keys and accept the new one on the device's page.")
    return []


def _run_job(devices: Any) -> "dict[str, Backup]":
    """Ask for backups, and follow the job."""
    from backups.models import Job
    from backups.services import request_backups

    return _follow(request_backups(devices, user=None, trigger=Job.Trigger.COMMAND, comments="demo").job)


def _follow(job: "Job") -> "dict[str, Backup]":
    """Follow a job to its end, print the results; backups by hostname."""
    from backups.management.commands.backup import result_table
    from backups.models import Job

    give_up = time.monotonic() + JOB_SECONDS
    columns = (TextColumn("   "), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=job.backups.count())
        while job.status in Job.ACTIVE:
            if time.monotonic() > give_up:
                sys.exit(f"netraven: the job did not end in {JOB_SECONDS} s; see worker.log in the data folder")
            time.sleep(0.3)
            job.refresh_from_db()
            progress.update(bar, completed=job.backups.exclude(status__in=Job.ACTIVE).count())
    backups = list(job.backups.select_related("device__platform", "gateway").order_by("device__hostname"))
    console.print(result_table(backups))
    return {backup.device.hostname: backup for backup in backups}


def _short(folder: Path) -> str:
    return str(folder.relative_to(playground.ROOT)) if folder.is_relative_to(playground.ROOT) else str(folder)


if __name__ == "__main__":
    sys.exit(main())
