"""The documents hold together: links lead somewhere, what they name exists, and what they quote is what is said."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.management import get_commands

from backups.advice import ADVICE
from backups.staleness import REASONS

ROOT = settings.BASE_DIR
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^()\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
COMMAND = re.compile(r"manage\.py ([a-z_]+)")
VARIABLE = re.compile(r"\bNETRAVEN_(?!TEST_)[A-Z0-9_]*[A-Z0-9]\b")
ACTIONS, APPS = "view|add|change|delete|run|accept", "audit|backups|credentials|devices|knox|scheduling"
PERMISSION = re.compile(rf"`((?:{APPS})\.(?:{ACTIONS})_[a-z]+)`")

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def anchors(document: Path) -> set[str]:
    """What its headings can be reached by, as code forges make it of them."""
    headings = HEADING.findall(FENCE.sub("", document.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(document: Path) -> Iterator[str]:
    for link in LINK.findall(FENCE.sub("", document.read_text())):
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    assert list(broken_links(document)) == []


@each_document
def test_every_command_and_setting_that_is_named_exists(document: Path) -> None:
    text = document.read_text()
    known = (ROOT / "docs" / "settings.md").read_text()
    assert set(COMMAND.findall(text)) - set(get_commands()) == set()
    assert set(VARIABLE.findall(text)) - set(VARIABLE.findall(known)) == set()


def test_the_readme_leads_to_every_document() -> None:
    linked = set(LINK.findall((ROOT / "README.md").read_text()))
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} - linked == set()


def test_the_operators_guide_says_of_each_failure_what_the_pages_say() -> None:
    rows = [f"| {label} | `{reason}` | {ADVICE[reason]} |" for reason, label in REASONS]
    assert "\n".join(rows) in (ROOT / "docs" / "operating.md").read_text()


@pytest.mark.django_db
def test_every_permission_that_is_named_exists() -> None:
    rows = Permission.objects.values_list("content_type__app_label", "codename")
    there = {f"{app}.{name}" for app, name in rows}
    named = {name for document in DOCUMENTS for name in PERMISSION.findall(document.read_text())}
    assert named - there == set()
