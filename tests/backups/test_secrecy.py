"""What fails is told and logged without the secrets of what it quotes."""

import importlib
from collections.abc import Callable

import pytest
from django.apps import apps
from django.db import connection
from pytest_django import Settings

from backups.blocks import MARKER
from backups.completeness import check_complete
from backups.joblog import JobLogger
from backups.models import Backup, Job, JobLog
from backups.secrecy import masking_key
from devices.exceptions import IncompleteConfig
from devices.models import Device, Platform
from devices.secret_patterns import BY_DRIVER
from netraven.lab import LabDevice
from tests.conftest import MakeDevice

BackUp = Callable[[Device], Backup]


@pytest.fixture
def ios(db: None) -> Platform:
    return Platform.objects.get(slug="ios")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hostname x\nenable secret the hunter two", "“enable secret *”"),
        ("hostname x\nsnmp-server community hunter2 RO\n\n", "“snmp-server community * RO”"),
        ("hostname x\n-----BEGIN RSA PRIVATE KEY-----\nhunter2MIIEpAIBAAKCAQEA", "“*”"),
        ("% Invalid input: username x password hunter2\n", "error text: % Invalid input: username x password *"),
    ],
)
def test_a_quotation_of_an_incomplete_configuration_is_masked(ios: Platform, text: str, told: str) -> None:
    with pytest.raises(IncompleteConfig) as caught:
        check_complete(text, ios, None)
    assert told in MARKER.sub("*", str(caught.value))
    assert "hunter" not in str(caught.value)
    assert caught.value.config == text


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_nothing_that_is_recorded_or_logged_of_a_backup_holds_a_secret(
    make_device: MakeDevice,
    simulated: Callable[[Device], LabDevice],
    back_up: BackUp,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    device = make_device("ios")
    simulated(device).running_config = "hostname x\n!\nsnmp-server community hunter2hunter2 RO\n"
    backup = back_up(device)
    assert backup.failure_reason == "incomplete"
    told = [backup.error, *JobLog.objects.filter(backup=backup).values_list("message", flat=True)]
    assert sum("snmp-server community <secret:" in text for text in told) == 2
    output = capfd.readouterr()
    assert "snmp-server community <secret:" in output.out + output.err + caplog.text
    for text in (*told, output.out, output.err, caplog.text):
        assert "hunter2" not in text
    assert "hunter2hunter2" in simulated(device).running_config


def test_what_a_library_says_is_masked_before_it_is_logged(ios: Platform, caplog: pytest.LogCaptureFixture) -> None:
    device = Device.objects.create(hostname="core1", address="192.0.2.1", platform=ios)
    job = Job.objects.create(trigger="command")
    log = JobLogger(job.pk, Backup.objects.create(job=job, device=device))
    said = "core1: CommandError: could not run: username x secret 5 $1$hunter2$hunter2"
    log("connect_failure", said, level="error", reason="unexpected")
    log("close_failure", "Closing failed", level="warning", error=said)
    log("response", "Where it failed", level="debug", traceback=f"Traceback:\n  File x, line 1\nValueError: {said}\n")
    entries = list(JobLog.objects.order_by("id"))
    assert "hunter2" not in caplog.text + "".join(f"{entry.message} {entry.details}" for entry in entries)
    assert MARKER.sub("*", entries[0].message) == "core1: CommandError: could not run: username x secret 5 *"
    assert "ValueError: core1: CommandError" in entries[2].details["traceback"]


@pytest.mark.parametrize(
    "sentence",
    [
        "core1 did not accept the enable secret.",
        "core1 showed the key ssh-ed25519 SHA256:abc, but ssh-ed25519 SHA256:xyz is known.",
        "core1 accepted none of 2 log-ins: “password of the lab”, “secret key”.",
    ],
)
def test_sentences_of_netraven_stay_as_they_are(ios: Platform, sentence: str) -> None:
    device = Device.objects.create(hostname="core1", address="192.0.2.1", platform=ios)
    job = Job.objects.create(trigger="command")
    JobLogger(job.pk, Backup.objects.create(job=job, device=device))("connect_failure", sentence, reason="security")
    assert JobLog.objects.get().message == sentence


def test_the_key_is_the_installation_s(settings: Settings) -> None:
    before = masking_key()
    assert masking_key() == before
    settings.SECRET_KEY = "another"
    assert masking_key() != before


def test_every_shipped_platform_has_patterns(db: None) -> None:
    shipped = dict(Platform.objects.values_list("driver", "secret_patterns"))
    assert shipped == BY_DRIVER


def test_the_migration_fills_in_platforms_of_known_drivers_and_changes_none(ios: Platform) -> None:
    Platform.objects.filter(slug="ios").update(secret_patterns="")
    Platform.objects.filter(slug="eos").update(secret_patterns="(mine)")
    Platform.objects.create(slug="own", name="Own", driver="vyos", default_port=22)
    migration = importlib.import_module("devices.migrations.0006_platform_secret_patterns")
    migration.fill_in(apps, connection.schema_editor())
    found = dict(Platform.objects.filter(slug__in=["ios", "eos", "own"]).values_list("slug", "secret_patterns"))
    assert found == {"ios": BY_DRIVER["ios"], "eos": "(mine)", "own": ""}


def test_a_platform_whose_patterns_were_taken_away_stays_without(ios: Platform) -> None:
    ios.secret_patterns = ""
    ios.save()
    ios.refresh_from_db()
    assert ios.secret_patterns == ""
