"""A small run of the benchmark: is what it reports complete and possible? How fast it was is not tested."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from django.conf import settings

from devices.connection import Login, Target, Timeouts
from devices.connection.drivers import prepared_driver
from netraven.lab.bench.fleet import CHASSIS, CONFIG_BYTES, change_configs, long_config
from netraven.lab.bench.full_path import kind_of
from netraven.lab.bench.napalm_alone import driver_for

DEVICES, ROUNDS = 6, 2


def small_run(file: Path) -> dict[str, Any]:
    """The report of one run in a process of its own: it has its own settings."""
    options = ["--devices", str(DEVICES), "--rounds", str(ROUNDS), "--threads", "3", "--json", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "netraven.lab.bench", *options],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NetRaven's own work" in done.stdout
    report: dict[str, Any] = json.loads(file.read_text())
    return report


@pytest.mark.slow
def test_a_small_run_reports_figures_that_fit_together(tmp_path: Path) -> None:
    # One test, not several with a shared run: pytest-xdist would do the run once in each of its processes.
    report = small_run(tmp_path / "report.json")
    alone, full = (check_rounds(report["rounds"][who]) for who in ("napalm", "netraven"))
    assert report["median"]["netraven"]["cpu_ms_per_device"] == pytest.approx(full)
    assert report["overhead"]["cpu_ms_per_device"] == pytest.approx(full - alone)
    assert report["overhead"]["percent_of_napalm"] == pytest.approx(100 * (full / alone - 1))

    statements = report["statements_per_backup"]
    assert statements["total"] == pytest.approx(sum(statements["by_kind"].values()))
    assert statements["by_kind"]["UPDATE backups_backup"] >= 1
    assert 0 < statements["by_kind"]["INSERT backups_joblog"] < 20

    assert report["cluster"]["devices"] == DEVICES
    assert report["cluster"]["cpu_seconds"] > 0


def check_rounds(rounds: list[dict[str, float]]) -> float:
    """All are there and possible; the median of the milliseconds of CPU per device."""
    assert len(rounds) == ROUNDS
    for figures in rounds:
        assert figures["devices"] == DEVICES
        assert figures["cpu_seconds"] > 0
        assert 10e6 < figures["peak_memory"] < 1e9
    return float(median(1000 * figures["cpu_seconds"] / DEVICES for figures in rounds))


def test_napalm_alone_gets_the_arguments_that_netraven_gives() -> None:
    login = Login(username="netraven", password="pass", enable_secret="enable")
    target = Target(hostname="router1", address="127.0.0.1", port=2201, driver="ios")
    row = {"address": target.address, "port": target.port, "enable_secret": login.enable_secret}
    with prepared_driver(target, login, Timeouts()) as ours:
        alone = driver_for(row | {"username": login.username, "password": login.password})

    assert type(ours) is type(alone)
    assert vars(ours) == vars(alone)


def test_long_configs_end_as_short_ones_do_and_change_in_one_line(tmp_path: Path) -> None:
    config = long_config("hostname router1\n!\nend\n")
    file = tmp_path / "router1.cfg"
    file.write_text(config)
    change_configs([{"config": str(file)}], 7)

    assert CONFIG_BYTES <= len(config) < CONFIG_BYTES + 1000
    assert config.startswith("hostname router1\n")
    assert config.endswith("!\nend\n")
    assert set(file.read_text().splitlines()) - set(config.splitlines()) == {f"{CHASSIS}7"}
    assert len(file.read_text().splitlines()) == len(config.splitlines())


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ('SELECT "a"."id" FROM "a" INNER JOIN "b" ON 1', "SELECT a"),
        ('INSERT INTO "a" ("id") VALUES (%s)', "INSERT a"),
        ('UPDATE "a" SET "x" = (SELECT 1 FROM "b")', "UPDATE a"),
        ('DELETE FROM "a"', "DELETE a"),
        ("BEGIN IMMEDIATE", "BEGIN"),
    ],
)
def test_statements_are_known_by_verb_and_first_table(sql: str, kind: str) -> None:
    assert kind_of(sql) == kind
