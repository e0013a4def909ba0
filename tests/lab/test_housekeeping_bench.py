"""A small run of the measurement of housekeeping: more backups take more steps, and neither memory nor larger steps."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.services import require_postgresql
from tests.system.scratch import scratch_postgresql

FEW, MANY = 1000, 8000
CHORES = {"verification", "retention", "log_pruning", "orphans"}


def run(file: Path, *arguments: str) -> dict[int, dict[str, Any]]:
    """What each kind cost, by number of backups."""
    command = ["-m", "netraven.lab.bench.housekeeping", "--backups", str(FEW), str(MANY), "--json", str(file)]
    done = subprocess.run(
        [sys.executable, *command, *arguments], cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {report["backups"]: report["chores"] for report in json.loads(file.read_text())}


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_memory_and_steps_stay_as_they_are_when_backups_grow(database: str, tmp_path: Path) -> None:
    if database == "postgresql":
        require_postgresql()
        with scratch_postgresql() as url:
            costs = run(tmp_path / "report.json", "--database-url", url)
    else:
        costs = run(tmp_path / "report.json")
    assert costs[FEW].keys() == costs[MANY].keys() == CHORES
    for chore in CHORES:
        few, many = costs[FEW][chore], costs[MANY][chore]
        assert many["steps"] > 3 * few["steps"], chore
        assert many["peak_memory"] < few["peak_memory"] + 8e6, chore
        assert many["statements"] / many["steps"] < 1.5 * few["statements"] / few["steps"], chore
    assert costs[MANY]["verification"]["counts"] == {"examined": MANY * 95 // 100}
    assert 0 < costs[MANY]["retention"]["counts"]["deleted"] < MANY * 3 // 4
    assert costs[MANY]["orphans"]["counts"]["files"] == MANY // 100
