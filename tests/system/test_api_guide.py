"""The session in docs/api.md, as somebody pastes it, prints what is written below each command."""

import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from netraven.lab import DeviceSpec, Lab
from netraven.lab.__main__ import inventory_row, write_inventory
from tests.services import require_programs
from tests.system.installation import Installation

pytestmark = pytest.mark.worker

SECONDS = 120
STEP = re.compile(r"```bash\n(?P<commands>.*?)```\n(?:\n```(?:json|text|diff)\n(?P<printed>.*?)```\n)?", re.DOTALL)
MARK = "--- step"


def session() -> list[tuple[str, str]]:
    """The commands of each step, and what they print."""
    text = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
    _, _, part = text.partition("## The first ten minutes\n")
    return [(step["commands"], step["printed"] or "") for step in STEP.finditer(part.partition("\n## ")[0])]


def test_the_session_in_the_guide_does_what_it_says(installation: Installation, tmp_path: Path) -> None:
    require_programs("bash", "curl", "jq")
    steps = session()
    assert len(steps) == 10
    demo = tmp_path / "var" / "demo"
    demo.mkdir(parents=True)
    installation.start_worker()
    url = installation.start_web()
    (demo / "admin-login").write_text(installation.create_admin()[1])
    with Lab(demo / "lab", devices=[DeviceSpec("ios", "core1"), DeviceSpec("eos", "leaf1")]) as lab:
        write_inventory(lab.directory, [inventory_row(device) for device in lab])
        script = "set -euo pipefail\n" + "".join(f"{commands}echo '{MARK}'\n" for commands, _ in steps)
        done = subprocess.run(
            ["bash"],
            input=script,
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "NETRAVEN": url, "no_proxy": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    printed = done.stdout.split(f"{MARK}\n")
    for (commands, wanted), output in zip(steps, printed, strict=False):
        assert output == wanted, f"{commands}\n{done.stderr}"
    assert (done.returncode, done.stderr, len(printed)) == (0, "", len(steps) + 1)
