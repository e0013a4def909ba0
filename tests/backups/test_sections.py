"""Golden files: the outline of each platform's configuration. To renew: `python -m tests.backups.test_sections`."""

from pathlib import Path

import pytest

from backups.sections import DEPTH, Outline

FOLDER = Path(__file__).parent / "golden" / "sections"
LAB = Path(__file__).parents[2] / "netraven" / "lab" / "configs"
NAMES = ["eos", "ios", "iosxr", "junos", "nxos"]


def told(name: str) -> str:
    """The sections of the simulated device, each with the paths that are in it."""
    lines = (LAB / f"{name}.cfg").read_text(encoding="utf-8").split("\n")
    outline = Outline(lines)
    rows: list[str] = []
    for section in outline.sections():
        rows.append(f"{section.start + 1}-{section.end} {lines[section.start]}")
        paths = (" › ".join(outline.path(number)[1:]) for number in range(section.start, section.end))
        rows += [f"    {path}" for path in dict.fromkeys(paths) if path]
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_sections_are_as_the_golden_file_has_them(name: str) -> None:
    assert told(name) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def outline_of(text: str) -> tuple[Outline, list[str]]:
    lines = text.split("\n")
    outline = Outline(lines)
    return outline, [f"{section.start}-{section.end}" for section in outline.sections()]


def test_what_a_banner_says_is_nobodys_heading() -> None:
    outline, sections = outline_of("hostname x\nbanner motd ^\ninterface Vlan1\n  deep\n^\nline con 0\n login\n!\nend")
    assert sections == ["1-5", "5-8"]
    assert outline.path(3) == ("banner motd ^",)
    assert outline.banners == {2, 3, 4}


def test_blank_lines_and_lines_that_stand_alone_are_in_no_section() -> None:
    assert outline_of("\n\na\n b\n\n\nc\n!\n\n!\nd")[1] == ["2-4"]
    assert outline_of("")[1] == []
    assert outline_of("  a\n  b\nc")[1] == []


def test_the_innermost_headings_are_told_of_lines_however_deep() -> None:
    outline, _ = outline_of("\n".join(" " * number + f"level {number}" for number in range(2000)))
    assert outline.path(1999) == tuple(f"level {number}" for number in range(1999 - DEPTH, 1999))


def test_a_long_heading_is_cut() -> None:
    outline, _ = outline_of("a" * 10_000 + "\n b")
    assert outline.path(1) == ("a" * 80 + "…",)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each in NAMES:
        (FOLDER / f"{each}.txt").write_text(told(each), encoding="utf-8")
