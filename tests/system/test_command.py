"""`manage.py backup`, for a person at a terminal and for a script."""

import pytest

from netraven.lab import Fault, Lab
from tests.system.installation import Installation


@pytest.mark.worker
def test_the_backup_command_tells_a_script_how_it_went(installation: Installation, lab: Lab) -> None:
    good, bad, untagged = lab.add("ios"), lab.add("eos", fault=Fault.WRONG_PASSWORD), lab.add("nxos")
    installation.record(good, bad, tags=["core"])
    installation.record(untagged)
    installation.start_worker()

    one = installation.manage("backup", "--wait", good.name, "--comments", "before the upgrade")
    assert one.returncode == 0, one.stderr
    assert "1 backups queued" in one.stdout
    assert "first backup" in row_of(one.stdout, good.name)
    assert "\x1b" not in one.stdout, "colours and cursor movements are for terminals"
    assert installation.backups(good).get().comments == "before the upgrade"

    tagged = installation.manage("backup", "--wait", "--tag", "core")
    assert tagged.returncode == 1
    assert tagged.stderr.strip().endswith("Not every backup completed.")
    assert "no change" in row_of(tagged.stdout, good.name)
    assert "authentication" in row_of(tagged.stdout, bad.name)
    assert untagged.name not in tagged.stdout

    everything = installation.manage("backup", "--wait", "--all")
    assert everything.returncode == 1
    assert "3 backups queued" in everything.stdout
    assert "first backup" in row_of(everything.stdout, untagged.name)


def row_of(output: str, hostname: str) -> str:
    """The table's row about a device."""
    (row,) = [line for line in output.splitlines() if f" {hostname} " in line]
    return row


def test_the_backup_command_refuses_what_it_cannot_do_in_one_sentence(installation: Installation, lab: Lab) -> None:
    installation.record(lab.add("ios"))
    refusals = {
        ("nowhere",): "No such device: nowhere",
        ("--tag", "nothing"): "No such tag: nothing",
        (): "Name devices, or give --tag, or --all.",
        ("nowhere", "--all"): "Name devices, or give --tag, or --all.",
    }
    for arguments, sentence in refusals.items():
        refused = installation.manage("backup", *arguments)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.strip() == f"CommandError: {sentence}"
    assert not installation.jobs().exists()
