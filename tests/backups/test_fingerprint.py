import hashlib
import re

from hypothesis import given
from hypothesis import strategies as st

from backups.fingerprint import change_hash, compile_patterns, content_hash, stable_lines
from devices.models import Platform
from devices.validators import validate_patterns

VOLATILE = "^! Last changed\n^ntp clock-period \\d+"


def test_content_hash_is_the_plain_sha256_of_the_bytes() -> None:
    assert content_hash(b"hostname a\r\n") == hashlib.sha256(b"hostname a\r\n").hexdigest()


def test_volatile_lines_do_not_count_as_a_change() -> None:
    before = "! Last changed at 10:00\nhostname a\nntp clock-period 17179\nend"
    after = "! Last changed at 11:00\nhostname a\nntp clock-period 17180\nend"
    assert change_hash(before, VOLATILE) == change_hash(after, VOLATILE)


def test_any_other_line_counts_as_a_change() -> None:
    assert change_hash("hostname a\nend", VOLATILE) != change_hash("hostname b\nend", VOLATILE)


def test_indentation_and_order_count() -> None:
    assert change_hash("interface a\n shutdown", "") != change_hash("interface a\nshutdown", "")
    assert change_hash("a\nb", "") != change_hash("b\na", "")


def test_an_empty_pattern_line_does_not_make_every_line_volatile() -> None:
    assert stable_lines("a\nb", "\n^b$\n\n") == ["a"]


PATTERNS = ["^a", "(?i)^B", "(?P<x>c)(?P=x)", "(?P<x>d)(?P=x)", r"(e)\1", r"(f)\1", "(?x) g g", "h|i", "(?:j|k)$"]


@given(st.lists(st.sampled_from(PATTERNS), max_size=9), st.text("abBcdefghijk ", max_size=6))
def test_each_pattern_means_what_it_means_by_itself(patterns: list[str], line: str) -> None:
    validate_patterns("\n".join(patterns))
    is_volatile = any(re.search(pattern, line) for pattern in patterns)
    assert compile_patterns("\n".join(patterns)).find_in(line) == is_volatile


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\r\n"), max_size=20), max_size=20))
def test_line_ends_and_trailing_blanks_do_not_count(lines: list[str]) -> None:
    unix = "\n".join(lines)
    dos = "\r\n".join(line + "  " for line in lines) + "\r\n\r\n"
    assert change_hash(unix, "") == change_hash(dos, "")


def test_lines_that_the_shipped_platforms_drop(db: None) -> None:
    dropped = {
        "ios": [
            "Building configuration...",
            "Current configuration : 4021 bytes",
            "! Last configuration change at 09:12:01 UTC Mon Nov 2 2026 by admin",
            "! NVRAM config last updated at 09:12:05 UTC Mon Nov 2 2026",
            "! No configuration change since last restart",
            "Using 4021 out of 262144 bytes",
            "ntp clock-period 17179865",
            "Load for five secs: 1%/0%; one minute: 2%; five minutes: 2%",
            "Time source is NTP, 09:13:00.101 UTC Mon Nov 2 2026",
        ],
        "nxos": [
            "!Command: show running-config",
            "!Time: Mon Nov  2 09:13:00 2026",
            "!Running configuration last done at: Mon Nov  2 09:00:00 2026",
        ],
        "iosxr": [
            "Mon Nov  2 09:13:00.101 UTC",
            "Building configuration...",
            "!! Last configuration change at Mon Nov  2 09:00:00 2026 by admin",
        ],
        "eos": [
            "! Command: show running-config",
            "! device: leaf1 (vEOS, EOS-4.30.1F)",
            "! Startup-config last modified at Mon Nov  2 09:00:00 2026 by admin",
        ],
        "junos": ["## Last commit: 2026-11-02 09:00:00 UTC by admin", "## Last changed: 2026-11-02 09:00:00 UTC"],
    }
    for slug, lines in dropped.items():
        patterns = Platform.objects.get(slug=slug).volatile_patterns
        assert stable_lines("\n".join([*lines, "hostname kept"]), patterns) == ["hostname kept"]
