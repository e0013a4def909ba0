"""Characters of several bytes arrive in pieces: none of them may be lost, on any platform."""

import pytest

from devices.connection import Target, Timeouts, fetch
from netraven.lab import Lab
from tests.devices.conftest import ONCE, PLATFORMS, RecordedLog, anybody, login_of, target_of

REMARK = "Zürich, 東京, déjà vu, 🦅 " * 8  # pieces of 4 and 64 KB end within one of these characters


def with_remarks(platform: str, text: str, count: int = 400) -> str:
    """The configuration with comments that make it some 100 KB long."""
    lines = text.splitlines()
    if platform == "junos":
        place = next(number for number, line in enumerate(lines) if line.endswith("{") and number > 5) + 1
        remarks = [f"    /* {REMARK}{number} */" for number in range(count)]
    else:
        place = len(lines) // 2
        remarks = [f"! {REMARK}{number}" for number in range(count)]
    return "\n".join([*lines[:place], *remarks, *lines[place:]]) + "\n"


@pytest.mark.parametrize("platform", [*PLATFORMS, "ios_telnet"])
def test_no_character_is_lost_between_two_reads(lab: Lab, log: RecordedLog, platform: str) -> None:
    device = lab.add(platform)
    device.running_config = with_remarks(platform, device.running_config)
    telnet = Target(device.name, device.address, device.port, "ios", {"transport": "telnet"})
    target = telnet if platform == "ios_telnet" else target_of(device)
    _, text = fetch(target, login_of(device), guard=anybody(), timeouts=Timeouts(2, 20, 20, 60), log=log, retry=ONCE)
    held = [line.rstrip() for line in device.running_config.splitlines() if line.strip()]
    came = [line.rstrip() for line in text.splitlines() if line.strip()]
    assert came[-len(held) :] == held
