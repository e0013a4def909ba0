"""Which lines of a change belong together, and which words in them differ."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups.diff import compare
from backups.diff_words import LONGEST, differing, pair_lines

words = st.lists(st.sampled_from(["ip", " ", "10", ".", "é", "\t", "mtu"]), max_size=12).map("".join)


def marked(old: str, new: str) -> tuple[list[str], list[str]]:
    old_marks, new_marks = differing(old, new)
    return [old[start:end] for start, end in old_marks], [new[start:end] for start, end in new_marks]


def pairs(old: str, new: str) -> list[str]:
    (hunk,) = compare(old, new, "", context=0).hunks
    return [
        f"{pair.old.text if pair.old else '-'}={pair.new.text if pair.new else '-'}" for pair in pair_lines(hunk.lines)
    ]


@pytest.mark.parametrize(
    ("old", "new", "marks"),
    [
        (" ip address 192.0.2.1 255.255.255.0", " ip address 192.0.2.9 255.255.255.0", (["1"], ["9"])),
        (" no shutdown", " shutdown", (["no "], [])),
        (" mtu 1500", " mtu 9000 force", (["1500"], ["9000 force"])),
        ("router bgp 65000", " description to the core", ([], [])),
        ("a" * (LONGEST + 1), "a" * LONGEST, ([], [])),
    ],
)
def test_words_that_differ_are_marked(old: str, new: str, marks: tuple[list[str], list[str]]) -> None:
    assert marked(old, new) == marks


@given(words, words)
def test_without_what_is_marked_both_lines_are_the_same(old: str, new: str) -> None:
    old_marks, new_marks = differing(old, new)
    if not old_marks and not new_marks:
        return
    rest = []
    for text, marks in ((old, old_marks), (new, new_marks)):
        for start, end in reversed(marks):
            assert start < end
            text = text[:start] + text[end:]
        rest.append(text)
    assert rest[0] == rest[1]


def test_a_line_is_beside_the_one_that_it_became() -> None:
    assert pairs(" description users\n mtu 1500", " vrf A\n description staff users\n mtu 9000") == [
        "-= vrf A",
        " description users= description staff users",
        " mtu 1500= mtu 9000",
    ]
    assert pairs("ntp server 192.0.2.1\nntp peer 198.51.100.7", "ntp peer 198.51.100.8") == [
        "ntp server 192.0.2.1=-",
        "ntp peer 198.51.100.7=ntp peer 198.51.100.8",
    ]


@given(st.lists(words, max_size=8), st.lists(words, max_size=8))
def test_every_line_of_a_change_is_in_one_pair_in_order(old: list[str], new: list[str]) -> None:
    for hunk in compare("\n".join(old), "\n".join(new), "").hunks:
        beside = list(pair_lines(hunk.lines))
        assert [pair.old for pair in beside if pair.old] == [line for line in hunk.lines if line.sign != "+"]
        assert [pair.new for pair in beside if pair.new] == [line for line in hunk.lines if line.sign != "-"]


def test_long_changes_are_paired_in_their_order_at_once() -> None:
    old = "\n".join(f"old {number}" for number in range(3000))
    (hunk,) = compare(old, old.replace("old", "new"), "").hunks
    began = time.thread_time()
    assert all(pair.old and pair.new for pair in pair_lines(hunk.lines))
    assert time.thread_time() - began < 2
