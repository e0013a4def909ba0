"""Golden files: each platform's configuration in colours. To renew: `python -m tests.backups.test_highlighting`.

A piece is written `‹colour text›`.
"""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups import highlighting
from backups.highlighting import LONGEST_LINE, highlight
from backups.sections import Outline

FOLDER = Path(__file__).parent / "golden" / "highlighting"
LAB = Path(__file__).parents[2] / "netraven" / "lab" / "configs"
NAMES = ["eos", "ios", "iosxr", "junos", "nxos"]

SECRET = "<secret:3fa9c1d2>"
PIECES = [" ", "\t", '"', "\\", "{", "}", ";", "/*", "*/", "*", "#", "!", "a", "no ", "interface ", "description "]
PIECES += ["1", "10.0.0.1", "/24", "::", "f", ".", "-", "ge-0/0/0", SECRET, "\x0c", "é", "banner x ^", "[", "]"]


def painted(lines: list[str], driver: str) -> str:
    pieces = highlight(lines, driver, Outline(lines))
    assert pieces is not None
    return "\n".join(
        "".join(f"‹{colour} {text}›" if colour else text for colour, text in line).rstrip() for line in pieces
    )


@pytest.mark.parametrize("name", NAMES)
def test_colours_are_as_the_golden_file_has_them(name: str) -> None:
    lines = (LAB / f"{name}.cfg").read_text(encoding="utf-8").split("\n")
    assert painted(lines, name) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_markers_of_secrets_stand_out() -> None:
    assert painted([f"enable secret {SECRET}"], "ios") == f"‹k enable› secret ‹ge {SECRET}›"
    assert f'"‹ge {SECRET}›"' not in painted([f'    secret "{SECRET}";'], "junos")


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), min_size=1, max_size=8))
def test_no_character_is_added_lost_or_moved_to_another_line(lines: list[str]) -> None:
    for driver in ("ios", "junos"):
        pieces = highlight(lines, driver, Outline(lines))
        assert pieces is not None
        assert ["".join(text for _, text in line) for line in pieces] == lines


@pytest.mark.parametrize("driver", ["ios", "junos"])
def test_no_line_takes_long_however_it_is_made(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines ten times as long as are coloured: a pattern that goes back and forth would take a hundred times longer."""
    monkeypatch.setattr(highlighting, "LONGEST_LINE", 20_000)
    for head in ("", "interface ", '"'):
        for filler in [
            '"',
            "\\",
            "*",
            " ",
            "a",
            "1",
            ":",
            "a-",
            "1.1.",
            "a:b:",
            "a-1/",
            '\\"',
            '"a',
            "a b",
            "a{",
            "0/",
        ]:
            lines = [(head + filler * 20_000)[:20_000]]
            began = time.thread_time()
            highlight(lines, driver, Outline(lines))
            assert time.thread_time() - began < 0.6, (head, filler)


def test_what_is_long_or_unknown_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    assert highlight(["hostname x"], "no such driver", Outline([])) is None
    long = "hostname " + "x" * LONGEST_LINE
    assert highlight(["hostname x", long], "ios", Outline([])) == [
        [("k", "hostname"), ("", " x")],
        [("", long)],
    ]
    for limit in ("MOST_LINES", "MOST_CHARACTERS", "MOST_TOKENS"):
        with monkeypatch.context() as patch:
            patch.setattr(highlighting, limit, 1)
            assert highlight(["hostname x", "end"], "ios", Outline([])) is None


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each in NAMES:
        text = painted((LAB / f"{each}.cfg").read_text(encoding="utf-8").split("\n"), each)
        (FOLDER / f"{each}.txt").write_text(text, encoding="utf-8")
