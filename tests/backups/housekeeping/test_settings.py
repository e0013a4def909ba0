"""A policy that is not understood stops every command, before anything is deleted."""

from pathlib import Path

import pytest

from tests.credentials.conftest import new_key
from tests.credentials.test_start_up import only_line, run_python

NAMES = ["NETRAVEN_KEEP_LAST", "NETRAVEN_KEEP_DAILY", "NETRAVEN_KEEP_WEEKLY", "NETRAVEN_KEEP_LOG_DAYS"]
NAMES += ["NETRAVEN_KEEP_AUDIT_DAYS"]


def check(folder: Path, **environment: str) -> list[str]:
    """Lines on stderr of a command."""
    done = run_python(folder, ["manage.py", "check"], {"NETRAVEN_FIELD_KEYS": new_key()} | environment)
    assert done.returncode == bool(done.stderr)
    return [only_line(done)] if done.stderr else []


@pytest.mark.parametrize(("name", "value"), list(zip(NAMES, ["-1", "many", "", "99999999", "1.5"], strict=True)))
def test_a_wrong_number_of_things_to_keep_is_one_line(name: str, value: str, tmp_path: Path) -> None:
    (line,) = check(tmp_path, **{name: value})
    assert line.startswith(f"netraven: {name} must be a whole number from 0 to ")
    assert line.endswith(f"it is “{value}”.")


def test_right_numbers_are_taken(tmp_path: Path) -> None:
    assert check(tmp_path, **dict(zip(NAMES, ["0", "14", " 52 ", "365", "0"], strict=True))) == []
