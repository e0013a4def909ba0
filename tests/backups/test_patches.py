"""Patches apply to the old file as it is stored, whatever is in it, and make of it what counts as the new one."""

import re
import subprocess
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from backups.fingerprint import change_hash
from backups.patches import as_patch
from tests.backups.test_diff import NEW, OLD, VOLATILE, texts
from tests.services import require_programs

ENDS = st.sampled_from(["", "\n", "\n\n", "\r\n"])


def apply_patch(old: str, patch: str) -> str:
    """Strictly: each line of the patch must be in its place."""
    if not patch:
        return old
    lines = re.findall(r"[^\n]*\n|[^\n]+$", old)
    rows = re.findall(r"[^\n]*\n", patch)[2:]
    result: list[str] = []
    at = 0
    for row, following in zip(rows, [*rows[1:], ""], strict=True):
        text = row[1:-1] if following.startswith("\\") else row[1:]
        if header := re.match(r"@@ -(\d+),(\d+) \+(\d+),(\d+) @@", row):
            start = int(header[1]) - (header[2] != "0")
            result += lines[at:start]
            assert len(result) == int(header[3]) - (header[4] != "0")
            at = start
        elif row.startswith("+"):
            result.append(text)
        elif not row.startswith("\\"):
            assert lines[at] == text
            result += [text] if row.startswith(" ") else []
            at += 1
    assert all(line.endswith("\n") for line in (result + lines[at:])[:-1])
    return "".join(result + lines[at:])


@given(texts, ENDS, texts, ENDS, st.sampled_from(["", VOLATILE]), st.integers(0, 4))
@example("a", "", "a\nb", "", "", 3)
@example("a\nb", "", "a", "", "", 3)
@example("a\nb\nend", "", "a\nc\nend", "\n", "", 1)
@example("! Last change 1\na", "\n", "! Last change 2\nb\na", "", VOLATILE, 3)
def test_a_patched_file_counts_as_the_new_one(
    old: str, old_end: str, new: str, new_end: str, volatile: str, context: int
) -> None:
    old, new = old + old_end, new + new_end
    patched = apply_patch(old, as_patch(old, new, volatile, context=context))
    assert change_hash(patched, volatile) == change_hash(new, volatile)


def test_what_does_not_count_stays_as_the_old_file_has_it() -> None:
    old = OLD.replace(" description users", " description users  ").replace("\n", "\r\n")
    patched = apply_patch(old, as_patch(old, NEW.replace("phones", "printers"), VOLATILE))
    assert patched.startswith("! Last change at 10:00\r\nhostname core1\r\n")
    assert " description staff\n ip address 192.0.2.1" in patched
    assert patched.endswith(" description printers\n!\r\nend\r\n")


def test_the_command_patch_takes_it(tmp_path: Path) -> None:
    require_programs("patch")
    new = "banner\n" + NEW.replace("!\ninterface Vlan20", "!\ninterface Vlan15\n shutdown\n!\ninterface Vlan20")
    new = new.replace("end\n", "line vty 0 4\nend")
    (tmp_path / "old.txt").write_text(OLD)
    (tmp_path / "x.patch").write_text(as_patch(OLD, new, VOLATILE, "old.txt\t2026-01-01", "new.txt\t2026-01-02"))
    told = subprocess.run(["patch", "-i", "x.patch"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "fuzz" not in told
    assert "offset" not in told
    assert change_hash((tmp_path / "old.txt").read_text(), VOLATILE) == change_hash(new, VOLATILE)
