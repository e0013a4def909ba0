"""The search over stored configurations: what it finds, in which of them, and how far it goes.

`golden/search/found.txt` is what a search in `golden/masking/ios.cfg` finds. `renew()` writes it anew.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from backups import storage
from backups.models import Backup
from backups.search import searching
from backups.search.query import LONGEST, BadQuery, Query
from backups.search.scan import CONTEXT, HITS, Found, scan
from backups.search.searching import Result, search
from backups.search.sources import Scope
from devices.models import Device, Platform, Tag
from tests.api.conftest import add_backup, add_device

GOLDEN = Path(__file__).parent / "golden"
QUERY = Query(r"^snmp-server (community|host)\b", is_regex=True)
Find = Callable[..., Result]


def printed(found: Found) -> str:
    """As `grep -n -C 2` prints it, with the match in brackets."""
    blocks = [
        "".join(
            f"{line.number}{':' if line.is_hit else '-'}{line.before}{f'[{line.matched}]' * line.is_hit}{line.after}\n"
            for line in block
        )
        for block in found.blocks
    ]
    return "--\n".join(blocks) + "more\n" * found.more


def found_in_golden_file() -> str:
    return printed(scan(QUERY.pattern, (GOLDEN / "masking" / "ios.cfg").read_bytes()))


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root")


@pytest.fixture
def find(root: User) -> Find:
    """Search for a text as somebody who reads everything."""

    def run(
        text: str, *, user: User = root, masked: bool = False, absent: bool = False, after: str = "", **more: Any
    ) -> Result:
        query = Query(text, **{name: more.pop(name) for name in ("is_regex", "match_case") if name in more})
        return search(query, Scope(**more), user, masked=masked, absent=absent, after=after)

    return run


def add(hostname: str, *texts: str, platform: str = "ios") -> list[Backup]:
    """A device with versions of its configuration, the oldest first."""
    device = Device.objects.filter(hostname=hostname).first()
    device = device or add_device(hostname, platform=Platform.objects.get(slug=platform))
    return [add_backup(device, content=text.encode(), version=number) for number, text in enumerate(texts, start=1)]


def names(result: Result) -> list[str]:
    return [match.device.hostname for match in result.matches]


def numbers(found: Found) -> list[int]:
    return [line.number for block in found.blocks for line in block if line.is_hit]


def test_what_is_found_is_as_the_golden_file_has_it() -> None:
    assert found_in_golden_file() == (GOLDEN / "search" / "found.txt").read_text(encoding="utf-8")


TEXTS = st.lists(st.text("ab .\té→\x0c", max_size=6), max_size=40)
EXPRESSIONS = ["a", "^a", "b$", "^$", r"\s", "[^a]+b", "(?i)A|B", "a.*b", "é", "→?$", r"\s*"]


@hypothesis_settings(max_examples=60, deadline=None)
@given(lines=TEXTS, expression=st.sampled_from(EXPRESSIONS))
def test_lines_are_found_as_python_finds_them(lines: list[str], expression: str) -> None:
    expected = [number for number, line in enumerate(lines or [""], start=1) if re.search(expression, line, re.A)]
    found = scan(Query(expression, is_regex=True, match_case=True).pattern, "\n".join(lines).encode())
    assert numbers(found) == expected[:HITS]
    assert found.more == (len(expected) > HITS)
    shown = [line for block in found.blocks for line in block]
    assert [line.text for line in shown] == [lines[line.number - 1] if lines else "" for line in shown]
    near = {near for hit in expected[:HITS] for near in range(hit - CONTEXT, hit + CONTEXT + 1)}
    assert [line.number for line in shown] == sorted(near & set(range(1, max(len(lines), 1) + 1)))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("(?=a)", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "Backreferences"),
        (r"(?P<x>a)(?P=x)", "Backreferences"),
        ("(", "missing )"),
        ("a)|(b", "unexpected )"),
        ("*", "repetition"),
        ("a{2000}", "repetition"),
        (r"(?:\pL?){1000}", "too large"),
        ("(?:(?:.?){30}){30}y", "too large"),
        ("a\\", "trailing \\"),
        ("x" * (LONGEST + 1), "at most"),
        ("a\nb", "one line"),
        ("\ud800", "half a character"),
        ("  ", "Give something"),
    ],
)
def test_what_cannot_be_searched_for_is_told(text: str, told: str) -> None:
    with pytest.raises(BadQuery, match=f"(?i){re.escape(told)}"):
        Query(text, is_regex=True).pattern  # noqa: B018
    Query("(?=a)\\1[").pattern  # noqa: B018  (a text may hold all of it)


def test_a_long_line_is_cut_around_its_match() -> None:
    (line,) = scan(Query("needle").pattern, b"x" * 5000 + b" needle " + b"y" * 5000).blocks[0]
    assert line.matched == "needle"
    assert len(line.text) < 400


def test_the_current_configurations_are_searched_in_any_case_and_by_filter(find: Find) -> None:
    add("core1", "ip route 10.0.0.0\nend", "IP Route 10.0.0.0\nend")
    old = add("core2", "ip route 10.0.0.0\nend", "end")
    add("edge1", "set ip route", platform="junos")
    add_device("empty")
    Device.objects.get(hostname="core1").tags.add(Tag.objects.create(name="core"))
    result = find("ip route")
    assert (names(result), result.hits, result.searched, result.total, result.without) == (
        (["core1", "edge1"], 2, 4, 4, 1)
    )
    assert names(find("ip route", match_case=True)) == ["edge1"]
    assert names(find("ip route", tag="core")) == names(find("10.0.0.0", platform="ios")) == ["core1"]
    assert names(find("end", device="CORE")) == ["core1", "core2"]
    assert names(find("end", device=str(old[0].device_id))) == ["core2"]
    assert names(find("ip route", absent=True)) == ["core2"]
    assert find("ip route", tag="none").total == 0


def test_all_versions_tell_from_when_to_when_a_line_was_there(find: Find) -> None:
    backups = add("core1", "ntp a", "ntp a\nx", "y", "ntp a", "ntp b")
    add_backup(backups[0].device, content=b"ntp b\n! later", version=5)
    runs = find("ntp", every_version=True).matches[0].runs
    assert [(run.backup.version, run.oldest, run.versions, run.found.hits) for run in runs] == [
        (5, 5, 1, ["ntp b"]),
        (4, 4, 1, ["ntp a"]),
        (2, 1, 2, ["ntp a"]),
    ]
    assert names(find("ntp a")) == []
    assert names(find("ntp", every_version=True, absent=True)) == []
    assert names(find("ntp c", every_version=True, absent=True)) == ["core1"]


def test_a_device_with_too_many_different_versions_says_so(find: Find) -> None:
    add("core1", *(f"ntp {number}" for number in range(searching.RUNS + 2)))
    match = find("ntp", every_version=True).matches[0]
    assert (len(match.runs), match.whole) == (searching.RUNS, False)


def test_only_devices_that_one_sees_are_searched(find: Find) -> None:
    add("open", "ntp a")
    add("secret", "ntp a")
    tag = Tag.objects.create(name="restricted")
    tag.groups.add(Group.objects.create(name="insiders"))
    Device.objects.get(hostname="secret").tags.add(tag)
    somebody = User.objects.create_user("somebody")
    for absent, text in ((False, "ntp"), (True, "nothing")):
        result = find(text, user=somebody, absent=absent)
        assert (names(result), result.total) == (["open"], 1)


def pages(find: Find, text: str, **more: Any) -> Iterator[Result]:
    after = ""
    while True:
        result = find(text, after=after, **more)
        yield result
        assert result.after > after or not result.after
        if not (after := result.after):
            return


def test_a_full_page_says_where_to_go_on(find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "DEVICES", 2)
    for number in range(6):
        add(f"core{number}", "ntp a" if number != 1 else "x")
    found = list(pages(find, "ntp"))
    assert [names(result) for result in found] == [["core0", "core2"], ["core3", "core4"], ["core5"]]
    assert [(result.searched, result.total, result.timed_out) for result in found] == [
        (3, 6, False),
        (5, 6, False),
        (6, 6, False),
    ]


@pytest.mark.parametrize("every_version", [False, True])
def test_a_search_whose_time_is_up_gets_on_all_the_same(find: Find, settings: Any, every_version: bool) -> None:
    settings.NETRAVEN = settings.NETRAVEN | {"SEARCH_SECONDS": 0}
    for number in range(3):
        add(f"core{number}", "ntp a", "ntp b")
    found = list(pages(find, "ntp", every_version=every_version))
    assert [(result.searched, names(result), result.timed_out) for result in found[:2]] == [
        (1, ["core0"], True),
        (2, ["core1"], True),
    ]
    assert [name for result in found for name in names(result)] == ["core0", "core1", "core2"]
    assert [match.whole for match in found[0].matches] == [not every_version]
    absent = list(pages(find, "nothing", every_version=True, absent=True))
    assert absent[0].unreadable == ["core0: It took too long."]


def test_what_cannot_be_read_is_told_and_counts_as_neither(find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, large = add("gone", "ntp a"), add("large", "ntp a")
    storage.delete(gone[0].file_path)
    Backup.objects.filter(pk=large[0].pk).update(file_size=searching.LARGEST + 1)
    add("here", "ntp a")
    result = find("ntp")
    assert (names(result), result.unread) == (["here"], 2)
    assert [sentence.split(":")[0] for sentence in result.unreadable] == ["gone", "large"]
    assert "is missing" in result.unreadable[0]
    assert names(find("something else", absent=True)) == ["here"]


def test_lines_are_numbered_as_pages_number_them(find: Find) -> None:
    add("core1", "")
    add_backup(Device.objects.get(hostname="core1"), content=b"one\r\ntwo\rd\xe9j\xe0\n\x0cthree\r\n\r\n", version=2)
    assert numbers(find("three").matches[0].runs[0].found) == [4]
    assert find(r"d\xe9j\xe0").matches[0].runs[0].found.hits == [r"d\xe9j\xe0"]
    assert names(find("^$", is_regex=True)) == [], "the end of the last line is no line"


def test_a_search_takes_few_queries(find: Find, django_assert_max_num_queries: Any) -> None:
    for number in range(5):
        add(f"core{number}", "ntp a", "ntp b")
    for absent in (False, True):
        with django_assert_max_num_queries(6):
            find("ntp", absent=absent)


def renew() -> None:
    (GOLDEN / "search" / "found.txt").write_text(found_in_golden_file(), encoding="utf-8")
