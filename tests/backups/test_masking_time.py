"""However a configuration or a pattern is made, masking ends, and what there was no time for is masked whole."""

import itertools
import re
import signal
import sys
import time

import pytest

from backups import masking, own_patterns, pattern_process, safety_net
from backups.masking import LONGEST, mask
from backups.pattern_process import secret_spans
from devices.secret_patterns import BY_DRIVER, SHIPPED
from tests.backups.test_masking import KEY, NAMES, read, shown

CATASTROPHE = r"^(?:a+)+(?P<secret>b)$"
HOSTILE = "a" * 60 + "!"
RULES = {rule.pattern.pattern for rules in safety_net.ALL for rule in rules}


@pytest.mark.parametrize("pattern", sorted(SHIPPED | RULES))
def test_no_pattern_of_ours_takes_long_on_any_line(pattern: str) -> None:
    """Half a line that it matches, then as much as there is room for of what might match again, or nearly."""
    compiled = re.compile(pattern)
    words = list(dict.fromkeys(re.findall(r"[a-z][a-z0-9-]{2,}", pattern)))[:6]
    fillers = [" ", "a", "1 ", '"', "\\", "://a:", "$1$", ";", *(f"{word} " for word in words)]
    fillers += [f"{first} {second} " for first, second in itertools.permutations(words[:4], 2)]
    lines = {line.lower() if pattern in RULES else line for name in NAMES for line in read(name).split("\n")}
    matching = [line for line in sorted(lines) if compiled.search(line)][:2]
    for head in ["", *(line[: len(line) * 2 // 3] for line in matching)]:
        for filler in fillers:
            line = f"{head} {filler * LONGEST}"[:LONGEST]
            began = time.thread_time()
            list(secret_spans(compiled, line))
            assert time.thread_time() - began < 0.5, (head, filler)


def test_when_its_time_is_up_masking_hides_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "SECONDS", -1.0)
    assert shown("hostname x\n username a password b\ninterface y") == "hostname x\n *\ninterface y"


def test_a_pattern_of_an_operator_is_used_beside_the_shipped_ones() -> None:
    patterns = BY_DRIVER["ios"] + "\n\n^ description (.+?) *$\nsite-code (?P<other>\\d+)-(?P<secret>\\d+)"
    text = " description the vault \nsite-code 12-345 site-code 6-78\nenable secret hunter2\n"
    assert shown(text, patterns) == " description * \nsite-code 12-* site-code 6-*\nenable secret *\n"
    assert shown(mask(text, patterns, KEY), patterns) == shown(text, patterns)


def test_a_pattern_that_takes_too_long_hides_the_line_and_nobody_waits() -> None:
    patterns = f"{CATASTROPHE}\n^name (.*)"
    text = f"hostname x\n {HOSTILE}\n{HOSTILE}\nname y\n\nend"
    began = time.monotonic()
    assert shown(text, patterns) == f"hostname x\n {HOSTILE}\n*\nname *\n\nend"
    assert time.monotonic() - began < own_patterns.PATIENCE


def test_many_lines_that_take_too_long_take_no_longer_than_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_patterns, "SECONDS", 0.5)
    text = "\n".join(["hostname x", *[HOSTILE] * 500, "hostname y"])
    masked = shown(text, CATASTROPHE).split("\n")
    assert masked[0] == "hostname x"
    assert set(masked[1:]) == {"*"}  # the last one too: there was no time to look at it


def test_a_process_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_patterns, "LINE_SECONDS", 600)
    monkeypatch.setattr(own_patterns, "PATIENCE", 1.0)
    began = time.monotonic()
    assert shown(f"hostname x\n\n{HOSTILE}", CATASTROPHE) == "*\n\n*"
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("executable", ["/nonexistent/python", "/bin/true", "/bin/false", "/bin/echo"])
def test_where_the_executable_is_no_python_nothing_is_shown(monkeypatch: pytest.MonkeyPatch, executable: str) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    assert shown("hostname x\n\nend", "(x)") == "*\n\n*"


@pytest.mark.parametrize("pattern", ["([", "(" * 5000 + ")" * 5000, "no group"])
def test_a_wrong_pattern_that_got_in_shows_nothing(pattern: str) -> None:
    assert shown("hostname x\nno group", pattern) == "*\n*"


def test_the_process_interrupts_one_line_and_goes_on() -> None:
    patterns = [re.compile(CATASTROPHE), re.compile("(x)")]
    before = signal.signal(signal.SIGVTALRM, pattern_process._interrupt)
    try:
        found = pattern_process.find_spans(
            pattern_process.secret_spans, patterns, ["x", HOSTILE, "axx", "nothing"], 0.1, 1e9
        )
    finally:
        signal.signal(signal.SIGVTALRM, before)
    assert found == {0: [(0, 1)], 1: None, 2: [(1, 2), (2, 3)]}
