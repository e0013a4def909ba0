"""What the page of a backup shows of its configuration."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from backups.models import Backup
from backups.views import config_listing
from tests.pages.conftest import Network, make_backup

Login = Callable[..., Client]

VERSION_3 = """hostname core1
!
interface Vlan10
 mtu 9000
 description staff of core1
!
interface Vlan20
 description phones & <printers>
!
end
"""


@pytest.fixture
def reader(login: Login) -> Client:
    return login("reader")


@pytest.fixture
def third(network: Network) -> Backup:
    return make_backup(network.job, network.device, VERSION_3, minutes_ago=5, version=3, changed=True)


def text_of(client: Client, backup: Backup, **query: str) -> str:
    answer = client.get(reverse("pages:backup", args=[backup.pk]), query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_lines_have_numbers_anchors_and_colours(third: Backup, reader: Client) -> None:
    text = text_of(reader, third)
    painted = '<span class="k">description</span> <span class="s">phones &amp; &lt;printers&gt;</span>'
    assert re.search(rf'id="L8"><a href="#L8"[^>]*>8</a><span class="nr-text"> {painted}</span>', text)
    assert 'id="L10"' in text
    assert 'id="L11"' not in text


def test_sections_fold_with_their_last_line_and_are_open_unless_asked(third: Backup, reader: Client) -> None:
    text = text_of(reader, third)
    assert re.findall(r'<details open><summary><span class="nr-hidden">([^<]*)', text) == [
        "Lines 4 to 6",
        "Lines 8 to 9",
    ]
    assert re.search(r'id="L6">.*\n</div></details><div class="nr-line" id="L7">', text), (
        "the ! is in the section that it ends"
    )
    folded = text_of(reader, third, fold="1")
    assert folded.count("<details><summary") == 2
    assert "<details open><summary" in text_of(reader, third, fold="1", find="phones"), "what is found is seen"


def test_a_configuration_without_a_lexer_is_plain_and_says_so(third: Backup, reader: Client) -> None:
    third.device.platform.driver = "unknown"
    third.device.platform.save()
    text = text_of(reader, third)
    assert '<span class="nr-text"> description phones &amp; &lt;printers&gt;</span>' in text
    assert "Shown without colours" in text


def test_a_long_configuration_is_cut_and_says_so(
    network: Network, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config_listing, "LINES_SHOWN", 20)
    lines = "\n".join(f"line {number}" for number in range(21))
    long = make_backup(network.job, network.device, lines, minutes_ago=1, version=3, changed=True)
    text = text_of(reader, long)
    assert 'id="L20"' in text
    assert 'id="L21"' not in text
    assert "21 lines; the first 20 are shown" in text
    assert 'id="copy"' not in text
    monkeypatch.setattr(config_listing, "CHARACTERS_SHOWN", 30)
    assert "the first 5 are shown" in text_of(reader, long)


def test_a_line_of_megabytes_is_cut(network: Network, reader: Client) -> None:
    long = make_backup(network.job, network.device, "x" * 5_000_000, minutes_ago=1, version=3, changed=True)
    text = text_of(reader, long)
    assert "4995000 more characters" in text
    assert len(text) < 50_000


def test_what_is_found_is_marked_within_its_colour_and_linked(third: Backup, reader: Client) -> None:
    text = text_of(reader, third, find="CORE")
    assert '2 lines with “CORE”: <a href="#L1">1</a>, <a href="#L5">5</a>' in text
    assert '<span class="s">staff of </span><mark><span class="s">core</span></mark><span class="s">1</span>' in text
    assert "No line has “nothing&lt;”." in text_of(reader, third, find="nothing<")


def test_more_finds_than_can_be_marked_are_counted(
    third: Backup, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config_listing, "HITS_MARKED", 1)
    text = text_of(reader, third, find="interface")
    assert "2 lines with" in text
    assert text.count("<mark>") == 1
    assert text.count("nr-line nr-hit") == 2


@pytest.mark.parametrize(
    ("line", "anchor"), [("4", "L4"), (" 007 ", "L7"), ("0", "configuration"), ("x", "configuration")]
)
def test_the_form_for_a_line_leads_to_it(line: str, anchor: str, third: Backup, reader: Client) -> None:
    url = reverse("pages:backup", args=[third.pk])
    answer = reader.get(url, {"line": line, "find": "a b", "blame": "1"})
    assert answer["Location"] == f"{url}?find=a+b&blame=1#{anchor}"


def test_each_line_names_the_version_that_brought_it(network: Network, third: Backup, reader: Client) -> None:
    text = text_of(reader, third, blame="1")
    margins = dict(re.findall(r'id="L(\d+)"><span class="nr-margin">(?:<a href="[^"]*">(v\d)</a>)?', text))
    assert "".join(margins.values()) == "v1v3v2v1v3v1", margins
    assert (margins["4"], margins["5"], margins["6"], margins["7"]) == ("v3", "v2", "v1", "v3")
    assert reverse("pages:diff-with-previous", args=[third.pk]) in text
    assert "3 versions looked at" in text
