"""Which version brought a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups import blame as module
from backups import storage
from backups.blame import blame, trace
from backups.models import Backup, Job
from devices.models import Device, Platform
from tests.pages.conftest import make_backup

lines = st.lists(st.sampled_from("abcdef"), max_size=10)

TEXTS = ["a\nb\n", "a\nb\nc\n", "a\nc\n", "! Last configuration change at 12:00\na\nd\nc\n"]


@pytest.fixture
def versions(db: None) -> list[Backup]:
    """Four versions, each backed up twice."""
    device = Device.objects.create(hostname="core1", address="192.0.2.1", platform=Platform.objects.get(slug="ios"))
    job = Job.objects.create(trigger="command")
    made = []
    for number, text in enumerate(TEXTS, start=1):
        made.append(make_backup(job, device, text, minutes_ago=100 - 10 * number, version=number, changed=True))
        make_backup(job, device, text, minutes_ago=95 - 10 * number, version=number, changed=False)
    return made


def told(backup: Backup) -> dict[int, str]:
    history = blame(backup, storage.read_text(backup))
    return {
        number: f"{'≤' if origin.or_older else ''}{origin.backup.version}" for number, origin in history.origins.items()
    }


def test_a_line_goes_back_until_it_breaks() -> None:
    assert trace(["a", "d", "c"], [["a", "c"], ["a", "b", "c"], ["a", "b"]]) == [3, 0, 2]
    assert trace(["a", "b"], [["b"], ["a", "b"]]) == [0, 2], "what was away is new"
    assert trace([], [["a"]]) == []


@given(lines, st.lists(lines, max_size=4))
def test_a_line_is_in_every_text_back_to_its_origin(newest: list[str], older: list[list[str]]) -> None:
    for line, back in zip(newest, trace(newest, older), strict=True):
        assert all(line in text for text in older[:back])


def test_lines_are_of_the_first_backup_of_the_version_that_brought_them(versions: list[Backup]) -> None:
    latest = Backup.objects.last_good(versions[0].device_id)
    assert latest
    assert told(latest) == {2: "1", 3: "4", 4: "2"}
    assert told(versions[1]) == {1: "1", 2: "1", 3: "2"}
    history = blame(latest, storage.read_text(latest))
    assert history.origins[3].backup == versions[3]
    assert not history.cut


def test_beyond_so_many_versions_lines_are_of_that_one_or_older(
    versions: list[Backup], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_VERSIONS", 1)
    assert told(versions[3]) == {2: "≤3", 3: "4", 4: "≤3"}
    monkeypatch.setattr(module, "MOST_VERSIONS", 200)
    monkeypatch.setattr(module, "SECONDS", -1)
    assert told(versions[3]) == {2: "≤4", 3: "≤4", 4: "≤4"}


def test_a_version_that_cannot_be_read_is_left_out(versions: list[Backup]) -> None:
    storage.config_storage().delete(versions[1].file_path)
    assert told(versions[3]) == {2: "1", 3: "4", 4: "3"}
    assert blame(versions[3], TEXTS[3]).unread == 1
