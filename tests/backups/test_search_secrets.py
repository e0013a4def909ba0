"""Who may not read secrets finds none by searching: not whole, not by its beginning, not by its absence."""

import os
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from backups import masked_texts, storage
from backups.blocks import MARKER
from backups.search.query import Query
from backups.search.searching import Result, search
from backups.search.sources import Scope
from devices.models import Platform
from tests.api.conftest import add_backup, add_device

CONFIG = "hostname core1\nsnmp-server community {} RO\nlocation site {}\nend\n"
SECRET, SITE = "zquhnty", "wzxjkq"  # the second by the operator's own pattern; no letters of markers
ALPHABET = string.ascii_lowercase


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return masked_texts.folder()


@pytest.fixture
def root(db: None) -> User:
    """Two devices that differ in their secrets alone."""
    Platform.objects.filter(slug="ios").update(secret_patterns=r"^location site (\S+)")
    for hostname, community, site in (("one", SECRET, SITE), ("two", "unlike", "another")):
        add_backup(add_device(hostname), content=CONFIG.format(community, site).encode())
    return User.objects.create_superuser("root")


def names(result: Result) -> list[str]:
    return [match.device.hostname for match in result.matches]


def guesses(secret: str, before: str) -> Iterator[str]:
    """What somebody tries who finds it out character by character, by halves of the alphabet."""
    for length in range(len(secret)):
        known, middle = secret[:length], ALPHABET.index(secret[length]) // 2 + 1
        for half in (ALPHABET[:middle], ALPHABET[middle:]):
            yield f"{before}{known}[{half}]"
            yield f"^{before[:-1]}.{known}[{half}]"
        yield known + secret[length]
    yield f"\\b{secret}( RO)?$"


@pytest.mark.parametrize(
    ("secret", "before"), [(SECRET, "snmp-server community "), (SITE, "location site ")], ids=["net", "own pattern"]
)
def test_a_secret_is_not_found_out_by_guessing(root: User, secret: str, before: str) -> None:
    right = 0
    for number, guess in enumerate(guesses(secret, before)):
        query, scope = Query(guess, is_regex=True, match_case=True), Scope(every_version=number % 3 == 0)
        for absent in (False, True):
            found = names(search(query, scope, root, masked=True, absent=absent))
            assert found in ([], ["one", "two"]), f"{guess} tells one from the other"
        right += names(search(query, scope, root, masked=False)) == ["one"]
    assert right > len(secret), "who may read secrets finds it out so"


def test_a_secret_is_found_by_its_marker(root: User) -> None:
    (line,) = search(Query("snmp-server"), Scope(device="one"), root, masked=True).matches[0].runs[0].found.hits
    marker = MARKER.search(line)
    assert marker
    assert names(search(Query(marker[0]), Scope(), root, masked=True)) == ["one"]


def test_masked_texts_are_kept_and_nothing_else_is_looked_at(root: User, own_folder: Path) -> None:
    first = search(Query("hostname"), Scope(), root, masked=True)
    kept = list(own_folder.glob("??/*"))
    assert [file.stat().st_mode & 0o777 for file in kept] == [0o600, 0o600]
    for match in first.matches:
        assert match.newest
        storage.delete(match.newest.file_path)
    assert search(Query("hostname"), Scope(), root, masked=True).hits == 2
    kept[0].write_bytes(b"torn")
    again = search(Query("hostname"), Scope(), root, masked=True)
    assert (again.hits, again.unread) == (1, 1), "it would be made anew"


def test_other_patterns_are_other_texts(root: User) -> None:
    assert search(Query("hostname core1"), Scope(), root, masked=True).hits == 2
    Platform.objects.filter(slug="ios").update(secret_patterns=r"^hostname (\S+)")
    assert search(Query("hostname core1"), Scope(), root, masked=True).hits == 0
    assert search(Query(SITE), Scope(), root, masked=True).hits == 1


def test_a_text_in_which_patterns_failed_is_not_kept(root: User, own_folder: Path) -> None:
    Platform.objects.filter(slug="ios").update(secret_patterns="(")  # no expression: every line is masked
    assert search(Query("hostname"), Scope(), root, masked=True).hits == 0
    assert not list(own_folder.glob("??/*"))


def test_without_room_none_are_kept(root: User, own_folder: Path, settings: Any) -> None:
    settings.NETRAVEN = settings.NETRAVEN | {"MASKED_TEXTS_MB": 0}
    assert search(Query("hostname"), Scope(), root, masked=True).hits == 2
    assert not own_folder.exists()


def test_those_that_were_not_used_for_long_are_pruned(own_folder: Path) -> None:
    for age in range(10):
        masked_texts.masked_text(str(age), "", b"key", lambda: os.urandom(1000))
    files = sorted(own_folder.glob("??/*"))
    for age, file in enumerate(files):
        os.utime(file, (1_000_000 - age, 1_000_000 - age))
    masked_texts.prune(20_000)
    assert len(list(own_folder.glob("??/*"))) == 10
    masked_texts.prune(9_000)
    assert sorted(own_folder.glob("??/*")) == files[:7]
