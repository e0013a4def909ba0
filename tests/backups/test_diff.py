"""Diffs of configurations: they agree with the change hash, they are true patches, and they come at once."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backups.diff import Hunk, changes, compare, count, unified
from backups.fingerprint import change_hash, split_lines
from backups.line_changes import find_changes
from backups.patches import as_patch

VOLATILE = r"^! Last change\b" + "\n" + r"^ntp clock-period \d+"

OLD = """! Last change at 10:00
hostname core1
!
interface Vlan10
 description users
 ip address 192.0.2.1 255.255.255.0
!
interface Vlan20
 description phones
!
end
"""
NEW = OLD.replace("10:00", "11:00").replace("users", "staff")

config_lines = st.sampled_from(
    [
        "",
        " ",
        "!",
        "end",
        "a",
        "a  ",
        " b",
        "c\x0cd",
        "e\u2028f",
        "! Last change 1",
        "! Last change 2",
        "ntp clock-period 5",
    ]
)
texts = st.builds(
    lambda lines, end: end.join(lines), st.lists(config_lines, max_size=14), st.sampled_from(["\n", "\r\n"])
)


@given(texts, texts)
@example("", "\n")
@example("a", "")
def test_a_diff_is_empty_exactly_when_the_change_hashes_are_equal(old: str, new: str) -> None:
    same = change_hash(old, VOLATILE) == change_hash(new, VOLATILE)
    assert same is (unified(old, new, VOLATILE) == [])
    assert same is (as_patch(old, new, VOLATILE) == "")


@given(texts, texts)
def test_every_line_has_its_number_in_the_stored_file(old: str, new: str) -> None:
    for line in (line for hunk in unified(old, new, VOLATILE) for line in hunk.lines):
        if line.old_number:
            assert split_lines(old)[line.old_number - 1].rstrip() == line.text
        if line.new_number:
            assert split_lines(new)[line.new_number - 1].rstrip() == line.text
        assert (
            line.sign
            == {(True, True): " ", (True, False): "-", (False, True): "+"}[bool(line.old_number), bool(line.new_number)]
        )


def test_one_changed_line_is_shown_with_its_surroundings_and_section() -> None:
    (hunk,) = unified(OLD, NEW, VOLATILE, context=1)
    assert [line.sign + line.text for line in hunk.lines] == [
        " interface Vlan10",
        "- description users",
        "+ description staff",
        "  ip address 192.0.2.1 255.255.255.0",
    ]
    assert hunk.header == "@@ -4,3 +4,3 @@ interface Vlan10"
    (added,) = unified(OLD, OLD.replace(" description phones\n", " description phones\n shutdown\n"), VOLATILE)
    assert added.header.endswith("@@ interface Vlan20")
    (removed,) = unified(OLD, OLD.replace("end\n", ""), VOLATILE)
    assert removed.header.endswith("@@")


def test_volatile_lines_count_only_when_asked_for() -> None:
    assert changes(OLD, NEW, VOLATILE) == (1, 1)
    assert changes(OLD, NEW, "") == (2, 2)


def test_line_numbers_are_those_of_the_stored_file_though_volatile_lines_are_skipped() -> None:
    new = OLD.replace("! Last change at 10:00\n", "").replace("end\n", "line vty 0 4\nend\n")
    (hunk,) = unified(OLD, new, VOLATILE, context=0)
    assert (hunk.old_start, hunk.new_start) == (10, 10)
    assert [(line.old_number, line.new_number, line.text) for line in hunk.lines] == [(None, 10, "line vty 0 4")]


def test_a_new_block_is_shown_with_its_own_end_mark() -> None:
    block = "interface Vlan15\n description guests\n!\n"
    (hunk,) = unified(OLD, OLD.replace("interface Vlan20", block + "interface Vlan20"), VOLATILE, context=0)
    assert [line.text for line in hunk.lines] == ["interface Vlan15", " description guests", "!"]
    (hunk,) = unified(OLD.replace("interface Vlan20", block + "interface Vlan20"), OLD, VOLATILE, context=0)
    assert [line.text for line in hunk.lines] == ["interface Vlan15", " description guests", "!"]


def test_changes_far_apart_are_hunks_of_their_own() -> None:
    old = "\n".join(f"line {number}" for number in range(100))
    new = old.replace("line 10\n", "line ten\n").replace("line 90\n", "line ninety\n")
    hunks = unified(old, new, "")
    assert [(hunk.old_start, len(hunk.lines)) for hunk in hunks] == [(8, 8), (88, 8)]
    assert count(hunks) == (2, 2)


def _seconds(old: str, new: str) -> tuple[float, list[Hunk]]:
    start = time.perf_counter()
    hunks = unified(old, new, VOLATILE)
    return time.perf_counter() - start, hunks


def test_400_changes_in_10000_lines_come_at_once() -> None:
    lines = [f"ip route 10.{number // 250}.{number % 250}.0 255.255.255.0 Null0" for number in range(10_000)]
    new = [line.replace("Null0", "Null1") if number % 25 == 0 else line for number, line in enumerate(lines)]
    seconds, hunks = _seconds("\n".join(lines), "\n".join(new))
    assert count(hunks) == (400, 400)
    assert seconds < 3  # takes 0.1 s; difflib.HtmlDiff takes minutes


def test_wholly_different_texts_come_at_once() -> None:
    seconds, hunks = _seconds("\n".join(map(str, range(3000))), "\n".join(map(str, range(5000, 8000))))
    assert count(hunks) == (3000, 3000)
    assert seconds < 3


def test_long_texts_that_change_in_many_places_are_compared_between_the_lines_they_share() -> None:
    old = [f"ip route 10.0.{number}.0 255.255.255.0 Null0" for number in range(50_000)]
    new = [line.replace("Null0", "Null1") if number % 500 == 7 else line for number, line in enumerate(old)]
    start = time.perf_counter()
    diff = compare("\n".join(old), "\n".join(new), "")
    assert diff.exact
    assert count(diff.hunks) == (100, 100)
    assert len(diff.hunks) == 100
    assert time.perf_counter() - start < 10  # takes 0.6 s


def test_texts_too_long_and_too_different_are_one_inexact_hunk() -> None:
    old = ["same", *(f"old {number}" for number in range(30_000)), "same"]
    new = ["same", *(f"new {number}" for number in range(30_000)), "same"]
    diff = compare("\n".join(old), "\n".join(new), "")
    assert not diff.exact
    assert count(diff.hunks) == (30_000, 30_000)


@given(texts, texts, st.integers(0, 4))
def test_hunks_and_gaps_are_the_whole_of_both_texts(old: str, new: str, context: int) -> None:
    diff = compare(old, new, VOLATILE, context)
    if not diff.hunks:
        return
    lines = list(diff.lines_in(diff.gaps[0]))
    for hunk, gap in zip(diff.hunks, diff.gaps[1:], strict=True):
        lines += [*hunk.lines, *diff.lines_in(gap)]
    assert [line.text for line in lines if line.sign != "+"] == diff.before.lines
    assert [line.text for line in lines if line.sign != "-"] == diff.after.lines
    assert [line.new_number for line in lines if line.sign != "-"] == diff.after.numbers


@given(st.lists(st.sampled_from("abcde"), max_size=12), st.lists(st.sampled_from("abcde"), max_size=12))
def test_changes_found_between_unique_lines_are_changes_too(old: list[str], new: list[str]) -> None:
    """As if all of it were too long to compare at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("backups.line_changes.MAX_CELLS", 3)
        found, _ = find_changes(old, new)
    result, at = list[str](), 0
    for change in found:
        result += old[at : change.old_start] + new[change.new_start : change.new_end]
        at = change.old_end
    assert result + old[at:] == new
