"""The diff in a message: of masked texts, always, and short enough to be read."""

from dataclasses import dataclass
from typing import Any

from backups import secrecy
from backups.diff import count, unified
from backups.exceptions import BackupError
from backups.models import Backup

MOST_LINES = 200
MOST_CHARACTERS = 8_000
LONGEST_LINE = 200


@dataclass(frozen=True)
class Diff:
    """None for numbers that were not reckoned; `problem` says why a text could not be read."""

    text: str = ""
    added: int | None = None
    removed: int | None = None
    is_cut: bool = False
    problem: str = ""

    def described(self, *, with_text: bool) -> dict[str, Any]:
        """As in the payload of a webhook."""
        numbers = {"lines_added": self.added, "lines_removed": self.removed}
        told = {"diff": (self.text or None) if with_text else None, "diff_cut": self.is_cut and with_text}
        return numbers | told | ({"problem": self.problem} if self.problem else {})


def masked_diff(backup: Backup, room: int = MOST_CHARACTERS) -> Diff:
    """What changed since the good backup before, in at most so many characters; of a first one there is none."""
    old = Backup.objects.select_related("device__platform").good_before(backup)
    if old is None or not backup.file_path:
        return Diff()
    try:
        before, after = (secrecy.read_text(side, masked=True) for side in (old, backup))
    except BackupError:
        return Diff(problem="A stored configuration cannot be read: the verification will say more.")
    hunks = unified(before, after, backup.device.platform.volatile_patterns)
    rows = [row for hunk in hunks for row in (hunk.header, *(line.sign + line.text for line in hunk.lines))]
    added, removed = count(hunks)
    text, is_cut = _cut(rows, min(room, MOST_CHARACTERS))
    return Diff(text, added, removed, is_cut)


def _cut(rows: list[str], room: int) -> tuple[str, bool]:
    """The first rows, as many as there is room for, and whether anything was left out."""
    kept, is_cut = list[str](), False
    for row in rows:
        short = row if len(row) <= LONGEST_LINE else row[:LONGEST_LINE] + "…"
        room -= len(short) + 1
        if len(kept) == MOST_LINES or room < 0:
            return "\n".join(kept), True
        is_cut = is_cut or short != row
        kept.append(short)
    return "\n".join(kept), is_cut
