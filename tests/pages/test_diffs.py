"""What the pages of diffs show, and the way to them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backups.models import Backup
from backups.views import diff_parts
from devices.models import Tag
from tests.pages.conftest import NEW_CONFIG, Network, make_backup, make_network

Login = Callable[..., Client]


@pytest.fixture
def reader(login: Login) -> Client:
    return login("reader")


@pytest.fixture
def far_apart(network: Network) -> tuple[Backup, Backup]:
    """Two versions with changes in three places."""
    old = "\n".join(f"interface Vlan{number}\n description {number}\n!" for number in range(1, 41))
    new = re.sub(r"description (5|20|39)\b", r"description number \1", old)
    return (
        make_backup(network.job, network.device, old, minutes_ago=6, version=3, changed=True),
        make_backup(network.job, network.device, new, minutes_ago=5, version=4, changed=True),
    )


def text_of(client: Client, page: str, *args: Any, **query: Any) -> str:
    answer = client.get(reverse(f"pages:{page}", args=args), query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_diff_shows_signs_numbers_words_and_sums(network: Network, reader: Client) -> None:
    text = text_of(reader, "diff", network.old.pk, network.new.pk)
    assert '<span class="nr-added">+1</span> <span class="nr-removed">−1</span>' in text
    old, new = (re.search(rf'<tr class="nr-{kind}">(.*?)</tr>', text) for kind in ("minus", "plus"))
    assert old
    assert new
    cells = [re.sub("</?td[^>]*>", "|", row[1]) for row in (old, new)]
    assert cells == ["|5||||-|| description <del>users</del>|", "|||5||+|| description <ins>staff of core1</ins>|"]
    assert "@@ interface Vlan10" in text
    assert "Last configuration change" not in text


def test_side_by_side_is_remembered_until_unified_is_asked_for(network: Network, reader: Client) -> None:
    split = 'class="nr-diff nr-split"'
    diff = ("diff", network.old.pk, network.new.pk)
    assert split not in text_of(reader, *diff)
    text = text_of(reader, *diff, view="split")
    row = re.search(r"<tr>((?:(?!</tr>).)*<del>.*?)</tr>", text)
    assert row
    assert re.sub("</?td[^>]*>", "|", row[1]) == (
        "|5|| description <del>users</del>||5|| description <ins>staff of core1</ins>|"
    )
    assert split in text_of(reader, *diff)
    assert split not in text_of(reader, *diff, view="unified")
    assert split not in text_of(reader, *diff, view="nonsense")


def test_unchanged_lines_are_shown_a_gap_at_a_time_or_all(far_apart: tuple[Backup, Backup], reader: Client) -> None:
    pks = [backup.pk for backup in far_apart]
    text = text_of(reader, "diff", *pks)
    assert re.findall(r"Show (\d+) unchanged", text) == ["10", "38", "50"]
    assert "description 12" not in text
    opened = text_of(reader, "diff", *pks, open="2")
    assert re.findall(r"Show (\d+) unchanged", opened) == ["10", "50"]
    assert "description 12" in opened
    assert "?open=1&amp;open=2#gap-1" in opened
    everything = text_of(reader, "diff", *pks, lines="all")
    assert "unchanged line" not in everything
    assert everything.count("<tr><td") + everything.count('<tr class="nr-minus') == 120
    assert len(re.findall('id="change-', everything)) == 3


def test_changes_are_listed_by_section_and_lead_to_each_other(far_apart: tuple[Backup, Backup], reader: Client) -> None:
    text = text_of(reader, "diff", *(backup.pk for backup in far_apart))
    assert re.findall(r'<li><a href="#change-(\d)">([^<]*)', text) == [
        ("1", "interface Vlan5"),
        ("2", "interface Vlan20"),
        ("3", "interface Vlan39"),
    ]
    assert re.findall(r'href="#change-(\d)" aria-label="(\w+)', text) == [
        ("2", "Next"),
        ("1", "Previous"),
        ("3", "Next"),
        ("2", "Previous"),
    ]


def test_a_diff_of_every_line_shows_the_volatile_ones_too(network: Network, reader: Client) -> None:
    text = text_of(reader, "diff", network.old.pk, network.new.pk, volatile="1")
    assert '<span class="nr-added">+2</span>' in text
    assert "Last configuration change at 11:00:00" in text.replace("<ins>", "").replace("</ins>", "")


def test_a_diff_as_patch_is_a_file(network: Network, reader: Client) -> None:
    answer = reader.get(reverse("pages:diff", args=[network.old.pk, network.new.pk]), {"format": "patch"})
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="core1_\d{8}_\d{6}\.masked\.patch"', answer["Content-Disposition"])
    lines = answer.content.decode().splitlines()
    assert re.match(r"--- core1_\d{8}_\d{6}\.masked\.txt\t", lines[0]), "the name that the download has"
    assert "- description users" in lines
    assert "+ description staff of core1" in lines


def test_a_diff_without_changes_says_why(network: Network, reader: Client) -> None:
    assert "byte for byte" in text_of(reader, "diff", network.new.pk, network.new.pk)
    later = NEW_CONFIG.format(name="core1").replace("11:00", "12:00")
    same = make_backup(network.job, network.device, later, minutes_ago=1, version=2, changed=False)
    assert "Nothing changed but lines that change by themselves" in text_of(reader, "diff", network.new.pk, same.pk)


def test_a_long_diff_is_cut_and_its_patch_is_whole(
    network: Network, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diff_parts, "ROWS_SHOWN", 100)
    lines = "\n".join(f"line {number}" for number in range(200))
    long = make_backup(network.job, network.device, lines, minutes_ago=1, version=3, changed=True)
    text = text_of(reader, "diff", network.new.pk, long.pk)
    assert "only its first part is shown" in text
    assert text.count('<td class="nr-sign">') == 100
    assert "\n+line 199\n" in text_of(reader, "diff", network.new.pk, long.pk, format="patch")


def test_texts_too_different_to_compare_say_so(
    network: Network, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backups.line_changes.MAX_CELLS", 10)
    texts = ("a\n" * 9, "b\n" * 9)
    pair = [make_backup(network.job, network.device, text, minutes_ago=1, version=3, changed=True) for text in texts]
    assert "too long and too different" in text_of(reader, "diff", *(backup.pk for backup in pair))


def test_diff_with_previous_finds_the_last_good_one(network: Network, reader: Client) -> None:
    answer = reader.get(reverse("pages:diff-with-previous", args=[network.incomplete.pk]))
    assert answer["Location"] == reverse("pages:diff", args=[network.new.pk, network.incomplete.pk])
    answer = reader.get(reverse("pages:diff-with-previous", args=[network.old.pk]), follow=True)
    assert b"no earlier configuration" in answer.content


def test_another_device_is_found_picked_and_compared_with(network: Network, reader: Client) -> None:
    other, hidden = make_network("core2"), make_network("core3")
    hidden.device.tags.set([Tag.objects.create(name="restricted")])
    hidden.device.tags.get().groups.create(name="others")
    text = text_of(reader, "compare-with", network.new.pk, q="core")
    assert f'href="?device={other.device.pk}"' in text
    assert str(hidden.device.pk) not in text
    assert reverse("pages:diff", args=[network.old.pk, network.new.pk]) in text, "first its own versions"
    picked = text_of(reader, "compare-with", network.new.pk, device=other.device.pk)
    assert reverse("pages:diff", args=[other.new.pk, network.new.pk]) in picked
    assert "core1 and core2" in text_of(reader, "diff", network.new.pk, other.new.pk)
    url = reverse("pages:compare-with", args=[network.new.pk])
    assert reader.get(url, {"device": str(hidden.device.pk)}).status_code == 404
    assert "No device with a backup matches" in text_of(reader, "compare-with", network.new.pk, q="nowhere")
