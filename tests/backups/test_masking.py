"""Golden files: configurations of each platform with invented secrets, each of which holds one of two plants.

`golden/masking/*.cfg` are what devices print, `*.masked` what those see who may not read secrets. To renew them after a
change that is meant: `python -m tests.backups.test_masking`, and read the diff.
"""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backups.blocks import MARKER
from backups.masking import LONGEST, mask
from backups.safety_net import HINTS
from devices.secret_patterns import BY_DRIVER, SHIPPED

KEY = b"the key of the golden files"
FOLDER = Path(__file__).parent / "golden" / "masking"
PLATFORMS = ["eos", "ios", "iosxr", "junos", "nxos"]
NAMES = [*PLATFORMS, "other"]  # the last: systems that no platform is shipped for
PLANTS = re.compile("Plant3d|5EC2E7", re.IGNORECASE)
LAB = Path(__file__).parents[2] / "netraven" / "lab" / "configs"


def read(name: str, suffix: str = "cfg") -> str:
    return (FOLDER / f"{name}.{suffix}").read_text(encoding="utf-8")


def patterns_for(name: str) -> str:
    return BY_DRIVER.get(name, "")


def shown(line: str, patterns: str = "") -> str:
    """The line as it is shown, with `*` for each marker."""
    return MARKER.sub("*", mask(line, patterns, KEY))


@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_is_masked_as_its_golden_file_has_it(name: str) -> None:
    assert mask(read(name), patterns_for(name), KEY) == read(name, "masked")


@pytest.mark.parametrize("name", NAMES)
def test_no_planted_secret_survives(name: str) -> None:
    text = read(name)
    assert len(PLANTS.findall(text)) > 40
    assert not PLANTS.findall(mask(text, patterns_for(name), KEY))


@pytest.mark.parametrize("name", NAMES)
def test_without_any_pattern_only_the_rest_of_passwords_with_spaces_is_seen(name: str) -> None:
    masked = mask(read(name), "", KEY)
    seen = {line.strip().split(" ")[0] for line in masked.split("\n") if PLANTS.search(line)}
    assert seen <= {"enable", "username", "key-string"}
    assert sum(bool(PLANTS.search(line)) for line in masked.split("\n")) <= 3


@pytest.mark.parametrize("path", sorted(LAB.glob("*.cfg")), ids=lambda path: path.stem)
def test_no_secret_of_the_simulated_network_survives(path: Path) -> None:
    text, patterns = path.read_text(encoding="utf-8"), patterns_for(path.stem.split("-")[0])
    assert "FAKE" in text
    assert patterns
    assert "FAKE" not in mask(text, patterns, KEY)


# What other masking leaves: untyped passwords, SNMPv3 keys, keys of servers, pre-shared keys, keys of clocks …
LEAKS = [
    (" password hunter2", " password *"),
    ("username admin password hunter2", "username admin password *"),
    ("username admin privilege 15 secret hunter2", "username admin privilege 15 secret *"),
    ("enable password hunter2", "enable password *"),
    ("enable secret hunter2", "enable secret *"),
    (
        "snmp-server user u g v3 auth sha hunter2 priv aes 128 hunter3",
        "snmp-server user u g v3 auth sha * priv aes 128 *",
    ),
    ("snmp-server user u g v3 auth md5 hunter2", "snmp-server user u g v3 auth md5 *"),
    (
        "snmp-server user u auth md5 0xa1b2 priv 0xc3d4 localizedkey",
        "snmp-server user u auth md5 * priv * localizedkey",
    ),
    ("snmp-server host 192.0.2.1 traps version 1 hunter2", "snmp-server host 192.0.2.1 traps version 1 *"),
    ("snmp-server host 192.0.2.1 hunter2", "snmp-server host 192.0.2.1 *"),
    (
        "snmp-server host 192.0.2.1 informs version 2c hunter2 bgp",
        "snmp-server host 192.0.2.1 informs version 2c * bgp",
    ),
    ("radius-server key hunter2", "radius-server key *"),
    ("radius-server key 12345678", "radius-server key *"),
    ("radius-server host 192.0.2.1 key hunter2", "radius-server host 192.0.2.1 key *"),
    ("tacacs-server key hunter2", "tacacs-server key *"),
    ('tacacs-server key 7 "fewhg"', 'tacacs-server key 7 "*"'),
    ("tacacs server T\n key 12345678", "tacacs server T\n key *"),
    ("tacacs server T\n key 7 0A1B2C", "tacacs server T\n key 7 *"),
    (
        "crypto ikev2 keyring K\n peer P\n  pre-shared-key hunter2",
        "crypto ikev2 keyring K\n peer P\n  pre-shared-key *",
    ),
    ("  pre-shared-key address 192.0.2.1 key hunter2", "  pre-shared-key address 192.0.2.1 key *"),
    ("crypto isakmp key hunter2 address 192.0.2.1", "crypto isakmp key * address 192.0.2.1"),
    ("ntp authentication-key 1 md5 hunter2", "ntp authentication-key 1 md5 *"),
    ("ntp authentication-key 1 md5 0A1B2C 7", "ntp authentication-key 1 md5 * 7"),
    (" neighbor 192.0.2.1 password hunter2", " neighbor 192.0.2.1 password *"),
    (" ip ospf message-digest-key 1 md5 hunter2", " ip ospf message-digest-key 1 md5 *"),
    (" standby 1 authentication hunter2", " standby 1 authentication *"),
    (" path scp://user:hunter2@192.0.2.1/x", " path scp://user:*@192.0.2.1/x"),
    (" path scp://user:hu@nt/er2@192.0.2.1/x", " path scp://user:*@192.0.2.1/x"),
]


@pytest.mark.parametrize("patterns", ["ios", ""], ids=["with patterns", "without"])
@pytest.mark.parametrize(("line", "masked"), LEAKS, ids=[line.strip() for line, _ in LEAKS])
def test_what_other_masking_leaks_is_masked(line: str, masked: str, patterns: str) -> None:
    assert shown(line, patterns_for(patterns)) == masked


PLAIN = [
    "service password-encryption",
    "no password strength-check",
    "aaa authentication login default group tacacs+ local",
    "ntp server 192.0.2.1 key 1 prefer",
    "ntp trusted-key 1",
    "ssh key rsa 2048",
    "key chain OSPF\n key 1\n key 22",
    "crypto key generate rsa",
    " ip ospf authentication message-digest",
    " authentication key-chain OSPF",
    "ip community-list standard CUSTOMERS permit 64496:100",
    " set community 64496:100 additive",
    " match community CUSTOMERS",
    "  community CUSTOMERS members 64496:100;",
    "snmp-server group G v3 priv read ALL",
    "snmp-server host 192.0.2.1 use-vrf management",
    "username open privilege 1 nopassword",
    "username x passphrase  lifetime 99999 warntime 14 gracetime 3",
    "username admin ssh-key ssh-rsa AAAAB3NzaC1yc2E admin@desk",
    "authentication-order [ radius password ];",
    "encrypted-password /* SECRET-DATA */; ## SECRET-DATA",
    "interface Gi0/1\n description uplink to core2\n switchport port-security",
    "http://192.0.2.1:8080/path\nmail to admin@example.net: ask",
    "-----BEGIN CERTIFICATE-----\nMIIDpublic\n-----END CERTIFICATE-----",
]


@pytest.mark.parametrize("name", ["ios", "other"])
@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_stays(text: str, name: str) -> None:
    assert mask(text, patterns_for(name), KEY) == text


def test_a_secret_has_the_same_marker_wherever_it_stands() -> None:
    text = 'enable secret s3cret-A\nradius-server key 7 "s3cret-A"\n set x password="s3cret-A";\nenable secret s3cret-B'
    markers = MARKER.findall(mask(text, patterns_for("ios"), KEY))
    assert len(markers) == 4
    assert len(set(markers[:3])) == 1
    assert markers[3] != markers[0]
    other = MARKER.findall(mask(text, patterns_for("ios"), b"another key"))
    assert not set(markers) & set(other)


def test_bytes_that_are_no_text_have_the_same_marker_however_they_were_decoded() -> None:
    secret = b"enable secret p\xe9ss"
    exact = mask(secret.decode("utf-8", "surrogateescape"), "", KEY)
    assert exact == mask(secret.decode("utf-8", "backslashreplace"), "", KEY) == f"enable secret {exact[-17:]}"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_keep_their_ends(end: str) -> None:
    masked = mask(f"a{end}enable secret hunter2{end}{end}b\x0cc\u2028d{end}", "", KEY)
    assert MARKER.sub("*", masked) == f"a{end}enable secret *{end}{end}b\x0cc\u2028d{end}"


def test_a_private_key_is_masked_to_its_end_line_by_line() -> None:
    lines = [
        "-----BEGIN RSA PRIVATE KEY-----",
        "Proc-Type: 4",
        "",
        "MIIE",
        "-----END RSA PRIVATE KEY-----",
        "x",
    ]
    assert shown("\n".join(lines)).split("\n") == [lines[0], "*", "", "*", *lines[4:]]


def test_a_private_key_that_never_ends_hides_the_rest() -> None:
    assert shown(' set key "-----BEGIN PRIVATE KEY-----\nMIIE\nhostname x') == (
        ' set key "-----BEGIN PRIVATE KEY-----\n*\n*'
    )


BANNERS = [
    "banner motd ^C\nThe password changes each week.\n^C",
    "banner login # The secret password. #",
    "banner motd !\nThe secret password.\n!",
    "banner login\nThe secret password.\nEOF",
    '        message "The secret password.\\nYour password is yours.";',
]


@pytest.mark.parametrize("banner", BANNERS)
def test_a_banner_is_prose_and_what_follows_it_is_not(banner: str) -> None:
    masked = shown(f"{banner}\nusername a password hunter2\nsecret hunter2", patterns_for("ios"))
    assert masked == f"{banner}\nusername a password *\nsecret *"


def test_commands_in_a_banner_are_masked_all_the_same() -> None:
    masked = shown("banner motd ^C\nenable secret hunter2\nuser:$1$abcd$efgh\n^C", patterns_for("ios"))
    assert masked == "banner motd ^C\nenable secret *\nuser:*\n^C"


@pytest.mark.parametrize("start", ["banner motd ^C", "banner motd text", "banner motd $"])
def test_a_banner_without_an_end_is_none(start: str) -> None:
    lines = [start, *["x"] * 150, "my password hunter2"]
    assert shown("\n".join(lines)).endswith("\nmy password *")


def test_a_long_suspicious_line_is_masked_whole() -> None:
    assert shown(f" password x {'y ' * LONGEST}\nnext") == " * \nnext"
    harmless = "x " * LONGEST
    assert shown(harmless) == harmless


def test_white_space_is_no_way_around() -> None:
    assert shown(f"password{' ' * 30}hunter2") == f"password{' ' * 30}*"
    assert shown("\tsecret\t0\thunter2\npwd = hunter2\tPass:hunter2") == "\tsecret\t0\t*\npwd = *\tPass:*"


def test_capitals_are_no_way_around() -> None:
    assert shown("PASSWORD: Hunter2") == "PASSWORD: *"
    assert shown("İ Password Hunter2") == "İ Password *"  # its lower case is longer


@pytest.mark.parametrize("pattern", sorted(SHIPPED))
def test_lines_that_a_shipped_pattern_matches_are_looked_at(pattern: str) -> None:
    assert any(hint in pattern.lower() for hint in HINTS)


# A secret as somebody might choose it, without the characters that end one in some syntax
SECRETS = st.text(
    st.sampled_from("abcXYZ019!#$%&()*+-.=?^_|~éß中"), min_size=8, max_size=24
).map(lambda text: f"q{text}Z")  # fmt: skip
PLANTED = re.compile(r"[^\s\"';,@:/<>\\$%\[\]=]*(?:Plant3d|5EC2E7)[^\s\"';,@/<>\\\[\]]*", re.IGNORECASE)


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(PLATFORMS), secret=SECRETS)
def test_whatever_the_secret_is_it_does_not_survive(name: str, secret: str) -> None:
    text = PLANTED.sub(lambda _: secret, read(name))
    assert text.count(secret) > 30
    assert secret not in mask(text, patterns_for(name), KEY)


WORDS = [
    "password ",
    "secret ",
    "key ",
    "key 7 ",
    "community ",
    "snmp-server ",
    "banner motd ",
    "^C",
    "#",
    '"',
    "'",
    ";",
]
WORDS += ["{", "}", " ", "  ", "=", ":", "://", "@", "$1$", "<secret:0123abcd>", "-----BEGIN PRIVATE KEY-----"]
WORDS += ["EOF", "-----END PRIVATE KEY-----", "## SECRET-DATA", "7", "md5 ", "hunter2", "x", "authentication "]
FRAGMENTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=8).map("".join)
GOLDEN_LINES = st.sampled_from(sorted({line for name in NAMES for line in read(name).split("\n")}))


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    lines=st.lists(GOLDEN_LINES | FRAGMENTS, max_size=30),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_masking_twice_is_masking_once_and_no_line_comes_or_goes(name: str, lines: list[str], end: str) -> None:
    text = end.join(lines)
    once = mask(text, patterns_for(name), KEY)
    assert mask(once, patterns_for(name), KEY) == once
    for mark in "\r\n":
        assert once.count(mark) == text.count(mark)


if __name__ == "__main__":
    assert os.environ.get("DJANGO_SETTINGS_MODULE"), "Set DJANGO_SETTINGS_MODULE=tests.settings."
    for name in NAMES:
        (FOLDER / f"{name}.masked").write_text(mask(read(name), patterns_for(name), KEY), encoding="utf-8")
