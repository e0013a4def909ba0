import pytest

from backups.completeness import check_complete
from devices.exceptions import IncompleteConfig
from devices.models import Platform

WHOLE = "Building configuration...\n!\nhostname core1\n!\ninterface Gi0\n ip address 192.0.2.1 255.255.255.0\n!\nend\n"


@pytest.fixture
def ios(db: None) -> Platform:
    return Platform.objects.get(slug="ios")


def test_a_whole_configuration_passes(ios: Platform) -> None:
    check_complete(WHOLE, ios, last_good_size=len(WHOLE))


@pytest.mark.parametrize("text", ["", "\n \r\n\t\n"])
def test_an_empty_answer_is_incomplete(ios: Platform, text: str) -> None:
    with pytest.raises(IncompleteConfig, match="empty"):
        check_complete(text, ios, None)


@pytest.mark.parametrize(
    "line",
    [
        "% Invalid input detected at '^' marker.",
        "% Authorization failed.",
        "%Error opening system:/running-config (Permission denied)",
        "Command authorization failed.",
        "Unknown command: show running-config",
    ],
)
def test_an_error_text_is_not_a_configuration(ios: Platform, line: str) -> None:
    with pytest.raises(IncompleteConfig, match="error text") as caught:
        check_complete(f"show running-config\n   ^\n{line}\n", ios, None)
    assert caught.value.config.startswith("show running-config")


def test_an_error_text_quoted_in_a_banner_is_no_error(ios: Platform) -> None:
    quoting = WHOLE.replace("end\n", "banner motd ^C\n% Invalid input is logged here\n^C\nend\n")
    check_complete(quoting, ios, None)


def test_a_missing_end_marker_is_incomplete_and_says_where_it_stops(ios: Platform) -> None:
    with pytest.raises(IncompleteConfig, match="interface Gi0"):
        check_complete("hostname core1\n!\ninterface Gi0\n", ios, None)


def test_a_platform_without_an_end_marker_relies_on_the_size(db: None) -> None:
    nxos = Platform.objects.get(slug="nxos")
    half = WHOLE[: len(WHOLE) // 2 - 5]
    check_complete(half, nxos, last_good_size=None)
    with pytest.raises(IncompleteConfig, match="smaller than the last good one"):
        check_complete(half, nxos, last_good_size=len(WHOLE))


def test_the_size_rule_can_be_switched_off(db: None) -> None:
    nxos = Platform.objects.get(slug="nxos")
    nxos.max_shrink_percent = 100
    check_complete("hostname a", nxos, last_good_size=1_000_000)


def test_junos_ends_in_a_closing_brace_at_the_margin(db: None) -> None:
    junos = Platform.objects.get(slug="junos")
    check_complete("system {\n    host-name fw1;\n}\n", junos, None)
    with pytest.raises(IncompleteConfig):
        check_complete("system {\n    login {\n    }\n", junos, None)
