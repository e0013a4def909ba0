"""What of the secrets in configurations the API tells to whom."""

import hashlib

import pytest
from rest_framework.test import APIClient

from backups.blocks import MARKER
from backups.models import Backup, JobLog
from backups.secrecy import QUOTED
from devices.models import Platform
from tests.api.conftest import MakeClient, add_backup, add_device

pytestmark = pytest.mark.django_db

OLD = b"hostname core1\r\nenable secret hunter-one\r\nsnmp-server community hunter-two RO\r\nbanner \xe9\r\nend\r\n"
NEW = OLD.replace(b"hunter-one", b"hunter-six")
VIEW, READ, SECRETS = "backups.view_backup", "backups.view_config", "backups.view_secrets"
QUOTE = "its last line is “snmp-server community hunter-two RO”, a complete one ends in a line that matches ^end$"


@pytest.fixture
def backups(db: None) -> tuple[Backup, Backup]:
    """Two versions of a configuration, between which one secret changed."""
    device = add_device()
    return add_backup(device, content=OLD), add_backup(device, content=NEW, comments="enable secret hunter-six")


@pytest.fixture
def reader(client_with: MakeClient) -> APIClient:
    """Reads configurations, but no secrets."""
    return client_with(VIEW, READ, "backups.view_job", "backups.accept_backup")


@pytest.fixture
def trusted(client_with: MakeClient) -> APIClient:
    """Reads both."""
    return client_with(VIEW, READ, SECRETS, "backups.view_job")


def content_of(backup: Backup, query: str = "") -> str:
    return f"/api/backups/{backup.pk}/content{query}"


def test_who_reads_no_configuration_gets_none(client_with: MakeClient, backups: tuple[Backup, Backup]) -> None:
    client = client_with(VIEW, SECRETS)  # the one without the other is no use
    for path in ("content", "content?masked=true", "content?masked=false", "diff"):
        response = client.get(f"/api/backups/{backups[1].pk}/{path}")
        assert response.status_code == 403
        assert b"hunter" not in response.content


def test_content_is_masked_for_who_reads_no_secrets(reader: APIClient, backups: tuple[Backup, Backup]) -> None:
    response = reader.get(content_of(backups[1]))
    assert response["X-NetRaven-Masked"] == "true"
    assert MARKER.sub("*", response.content.decode("latin-1")) == (
        "hostname core1\r\nenable secret *\r\nsnmp-server community * RO\r\nbanner \xe9\r\nend\r\n"
    )
    assert response.content == reader.get(content_of(backups[1], "?masked=true")).content


def test_content_is_exact_for_who_reads_secrets_unless_asked_otherwise(
    trusted: APIClient, reader: APIClient, backups: tuple[Backup, Backup]
) -> None:
    for query in ("", "?masked=false"):
        response = trusted.get(content_of(backups[1], query))
        assert (response.content, response["X-NetRaven-Masked"]) == (NEW, "false")
    masked = trusted.get(content_of(backups[1], "?masked=true"))
    assert masked.content == reader.get(content_of(backups[1])).content
    assert masked["X-NetRaven-Masked"] == "true"


def test_asking_for_secrets_without_the_right_is_refused(reader: APIClient, backups: tuple[Backup, Backup]) -> None:
    for path in ("content", "diff"):
        response = reader.get(f"/api/backups/{backups[1].pk}/{path}?masked=false")
        assert (response.status_code, response.json()["type"]) == (403, "/problems/forbidden")


@pytest.mark.parametrize("value", ["", "1", "yes", "TRUE"])
def test_a_wrong_wish_is_a_400(trusted: APIClient, backups: tuple[Backup, Backup], value: str) -> None:
    response = trusted.get(content_of(backups[1], f"?masked={value}"))
    assert (response.status_code, list(response.json()["errors"])) == (400, ["masked"])


def test_a_download_says_in_its_name_that_it_is_masked(
    trusted: APIClient, reader: APIClient, backups: tuple[Backup, Backup]
) -> None:
    stem = backups[1].file_path.rpartition("/")[2].removesuffix(".txt")
    for client, name in ((trusted, f"{stem}.txt"), (reader, f"{stem}.masked.txt")):
        disposition = client.get(content_of(backups[1], "?download=1"))["Content-Disposition"]
        assert disposition == f'attachment; filename="{name}"'


def test_the_tags_of_masked_and_exact_content_are_not_mixed(
    trusted: APIClient, reader: APIClient, backups: tuple[Backup, Backup]
) -> None:
    exact, masked = trusted.get(content_of(backups[1])), reader.get(content_of(backups[1]))
    assert exact["ETag"] == f'"{hashlib.sha256(NEW).hexdigest()}"'
    assert masked["ETag"] == f'"{hashlib.sha256(masked.content).hexdigest()}-masked"'
    for tag, statuses in ((exact["ETag"], (304, 200)), (masked["ETag"], (200, 304))):
        for client, status in zip((trusted, reader), statuses, strict=True):
            response = client.get(content_of(backups[1]), HTTP_IF_NONE_MATCH=tag)
            assert response.status_code == status
            assert response["X-NetRaven-Masked"] == ("false" if client is trusted else "true")


def test_the_tag_changes_with_the_platform_s_patterns(reader: APIClient, backups: tuple[Backup, Backup]) -> None:
    before = reader.get(content_of(backups[1]))["ETag"]
    Platform.objects.filter(slug="ios").update(secret_patterns=r"^hostname (.+)$")
    after = reader.get(content_of(backups[1]), HTTP_IF_NONE_MATCH=before)
    assert after.status_code == 200
    assert b"core1" not in after.content


def test_a_diff_of_masked_texts_shows_that_a_secret_changed(
    trusted: APIClient, reader: APIClient, backups: tuple[Backup, Backup]
) -> None:
    exact, masked = (client.get(f"/api/backups/{backups[1].pk}/diff") for client in (trusted, reader))
    assert b"-enable secret hunter-one\r\n+enable secret hunter-six\r\n" in exact.content
    lines = masked.content.decode("latin-1").splitlines()
    changes = [line for line in lines[2:] if line[0] in "+-"]
    assert [MARKER.sub("*", line) for line in changes] == ["-enable secret *", "+enable secret *"]
    assert MARKER.findall(changes[0]) != MARKER.findall(changes[1])
    assert b"hunter" not in masked.content
    assert [response["X-NetRaven-Masked"] for response in (exact, masked)] == ["false", "true"]
    assert trusted.get(f"/api/backups/{backups[1].pk}/diff?masked=true").content == masked.content


def test_a_hash_with_which_a_guess_could_be_checked_is_a_secret(
    trusted: APIClient, reader: APIClient, backups: tuple[Backup, Backup]
) -> None:
    url = f"/api/backups/{backups[1].pk}"
    assert trusted.get(url).json()["content_hash"] == hashlib.sha256(NEW).hexdigest()
    assert reader.get(url).json()["content_hash"] == ""
    assert all(row["content_hash"] == "" for row in reader.get("/api/backups").json()["results"])


def test_comments_are_masked(trusted: APIClient, reader: APIClient, backups: tuple[Backup, Backup]) -> None:
    url = f"/api/backups/{backups[1].pk}"
    assert trusted.get(url).json()["comments"] == "enable secret hunter-six"
    assert MARKER.sub("*", reader.get(url).json()["comments"]) == "enable secret *"


@pytest.mark.parametrize(("permissions", "told"), [((), QUOTED), ((READ,), "*"), ((READ, SECRETS), "hunter-two")])
def test_an_error_that_quotes_is_told_as_far_as_the_user_may_read(
    client_with: MakeClient, permissions: tuple[str, ...], told: str
) -> None:
    backup = add_backup(add_device(), "failed", b"half\n", failure_reason="incomplete", error=QUOTE)
    details = {"reason": "incomplete"}
    JobLog.objects.create(job=backup.job, backup=backup, event="backup_failure", message=QUOTE, details=details)
    client = client_with(VIEW, "backups.view_job", *permissions)
    entry = client.get(f"/api/jobs/{backup.job_id}/log").json()["results"][0]
    for text in (client.get(f"/api/backups/{backup.pk}").json()["error"], entry["message"]):
        assert told in MARKER.sub("*", text)
        assert ("hunter" in text) == (SECRETS in permissions)
    assert entry["details"] == details


def test_details_that_quote_are_masked(reader: APIClient, trusted: APIClient) -> None:
    backup = add_backup(add_device(), "failed")
    details = {"traceback": "ValueError: enable secret hunter-one\n", "seconds": 1}
    JobLog.objects.create(job=backup.job, backup=backup, event="response", level="debug", message="x", details=details)
    url = f"/api/jobs/{backup.job_id}/log"
    assert trusted.get(url).json()["results"][0]["details"] == details
    assert b"hunter" not in reader.get(url).content


def test_accepting_takes_no_right_to_read_secrets(reader: APIClient) -> None:
    backup = add_backup(add_device(), "failed", b"half\n", failure_reason="incomplete")
    assert reader.post(f"/api/backups/{backup.pk}/accept").status_code == 200


EDIT = ("devices.view_platform", "devices.change_platform", "devices.add_platform")
NEW_PLATFORM = {"slug": "ios-telnet", "name": "IOS over Telnet", "driver": "ios", "default_port": 23}


def test_who_reads_no_secrets_does_not_say_what_is_one(client_with: MakeClient) -> None:
    client = client_with(*EDIT)
    patterns = Platform.objects.get(slug="ios").secret_patterns
    assert client.patch("/api/platforms/ios", {"secret_patterns": ""}).status_code == 403
    assert client.post("/api/platforms", NEW_PLATFORM | {"secret_patterns": "(x)"}).status_code == 403
    kept = client.patch("/api/platforms/ios", {"secret_patterns": patterns, "name": "IOS"})
    assert (kept.status_code, kept.json()["name"]) == (200, "IOS")
    assert Platform.objects.get(slug="ios").secret_patterns == patterns


def test_who_reads_secrets_says_what_is_one(client_with: MakeClient) -> None:
    client = client_with(*EDIT, READ, SECRETS)
    response = client.patch("/api/platforms/ios", {"secret_patterns": " ^x (y)\n\n(?P<secret>z) "})
    assert response.json()["secret_patterns"] == " ^x (y)\n\n(?P<secret>z) "


def test_a_new_platform_gets_the_patterns_of_its_driver(client_with: MakeClient) -> None:
    response = client_with(*EDIT).post("/api/platforms", NEW_PLATFORM)
    assert response.status_code == 201
    assert response.json()["secret_patterns"] == Platform.objects.get(slug="ios").secret_patterns != ""


@pytest.mark.parametrize(
    ("patterns", "sentence"),
    [
        ("(x)\n([", "Line 2 is not a regular expression"),
        ("(x)\n\nno group", "Line 3 has no group"),
        ("a{99999999999}(x)", "Line 1 is not a regular expression"),
        ("(" * 5000 + ")" * 5000, "Line 1 is not a regular expression"),
    ],
)
def test_a_wrong_pattern_is_a_400(root: APIClient, patterns: str, sentence: str) -> None:
    response = root.patch("/api/platforms/ios", {"secret_patterns": patterns})
    assert response.status_code == 400
    assert sentence in response.json()["errors"]["secret_patterns"][0]
