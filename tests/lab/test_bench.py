"""Small runs of the benchmark: is what it reports complete and possible? How fast it was is not tested."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from django.conf import settings

DEVICES, ROUNDS = 6, 2


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "netraven.lab.bench", *options]


def small_run(file: Path, *options: str) -> dict[str, Any]:
    """The report of one run in a process of its own: it has its own settings."""
    done = subprocess.run(
        command("--devices", str(DEVICES), "--netraven", "2x3", "--json", str(file), *options),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(file.read_text())
    for aim in report["aims"]:
        assert f"{'holds ' if aim['holds'] else 'missed'}  {aim['sentence']}" in done.stdout
    return report


@pytest.mark.endurance
@pytest.mark.worker
def test_a_small_comparison_reports_figures_that_fit_together(tmp_path: Path) -> None:
    options = ("--rounds", str(ROUNDS), "--napalm", "1x3,2x3", "--nornir", "3")
    report = small_run(tmp_path / "report.json", *options)

    for who, ways in report["rounds"].items():
        for how, rounds in ways.items():
            assert report["median"][who][how]["cpu_ms_per_device"] == pytest.approx(check_rounds(rounds))
    best = {who: report["median"][who][how] for who, how in report["best"].items()}
    assert best["NAPALM alone"] == max(report["median"]["NAPALM alone"].values(), key=speed)
    assert report["ratios"]["throughput_to_napalm"] == pytest.approx(
        speed(best["NetRaven"]) / speed(best["NAPALM alone"])
    )
    assert report["ratios"]["throughput_to_nornir"] == pytest.approx(speed(best["NetRaven"]) / speed(best["nornir"]))
    check_statements(report["statements_per_backup"])
    assert report["fleet"]["log_ins"] >= DEVICES * ROUNDS * 5  # in five ways
    assert report["fleet"]["cpu_seconds"] > 0


@pytest.mark.endurance
@pytest.mark.worker
def test_a_small_fleet_in_trouble_ends_with_the_right_reasons(tmp_path: Path) -> None:
    options = ("--records", "24", "--latency-ms", "5", "--slow-seconds", "1")
    report = small_run(tmp_path / "report.json", "--trouble", *options)

    # One device of six is dead, one slow, one rejects the log-in; four records for each
    assert report["endings"] == [
        {"fault": "dead", "status": "failed", "reason": "unreachable", "count": 4},
        {"fault": "none", "status": "completed", "reason": "", "count": 12},
        {"fault": "slow", "status": "completed", "reason": "", "count": 4},
        {"fault": "wrong-password", "status": "failed", "reason": "authentication", "count": 4},
    ]
    assert [aim["holds"] for aim in report["aims"][1:]] == [True]
    healthy, troubled = (report["median"][name] for name in ("healthy fleet", "fleet in trouble"))
    percent = 100 * speed(troubled) / speed(healthy)
    assert report["percent_of_healthy"]["devices_per_second"] == pytest.approx(percent)


@pytest.mark.endurance
@pytest.mark.worker
def test_a_small_job_at_scale_is_asked_for_through_the_api_and_sampled(tmp_path: Path) -> None:
    report = small_run(tmp_path / "report.json", "--scale", "20")

    assert report["endings"] == [{"fault": "none", "status": "completed", "reason": "", "count": 20}]
    assert report["samples"][-1]["ended"] == 20
    assert all(10 < sample["web"] < 1000 for sample in report["samples"])
    assert all(10 < sample["largest_worker"] < sample["all_workers"] for sample in report["samples"])
    assert 0 < report["request_seconds"] < report["seconds"]


def speed(figures: dict[str, float]) -> float:
    return figures["devices_per_second"]


def check_rounds(rounds: list[dict[str, float]]) -> float:
    """All are there and possible; the median of the milliseconds of CPU per device."""
    assert len(rounds) == ROUNDS
    for figures in rounds:
        assert figures["devices"] == DEVICES
        assert figures["cpu_seconds"] > 0
        assert 10e6 < figures["peak_memory"] <= figures["total_memory"] < 2e9
    return float(median(1000 * figures["cpu_seconds"] / DEVICES for figures in rounds))


def check_statements(statements: dict[str, Any]) -> None:
    assert statements["total"] == pytest.approx(sum(statements["by_kind"].values()))
    assert statements["by_kind"]["UPDATE backups_backup"] >= 1
    assert 0 < statements["by_kind"]["INSERT backups_joblog"] < 20


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--napalm", "4y25"), "“4y25” is not a list like the default"),
        (("--nornir", "0"), "“0” is not a list like the default"),
        (("--devices", "-5"), "“-5” is not a number of things"),
        (("--latency-ms", "nan"), "“nan” is not a number from 0 up"),
        (("--dead", "60", "--slow", "60"), "at least one of 10 devices must be healthy"),
        (("--trouble", "--devices", "2"), "at least one of 10 devices must be healthy"),
        (("--trouble", "--scale", "10"), "not allowed with argument"),
        (("--database-url", "mysql://127.0.0.1/netraven"), "it must begin with postgres://"),
        (("--database-url", "postgres://x:secret@127.0.0.1:1/x"), "database in --database-url cannot be used"),
        (("--redis-url", "redis://:secret@127.0.0.1:1/0"), "Redis in --redis-url cannot be used"),
    ],
)
def test_wrong_options_are_refused_in_a_sentence(options: tuple[str, ...], sentence: str) -> None:
    done = subprocess.run(command(*options), cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=60)

    assert done.returncode != 0
    assert sentence in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
