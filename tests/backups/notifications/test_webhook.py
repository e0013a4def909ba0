"""Messages to real receivers on the loopback address, good ones and bad ones."""

import datetime
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings as django_settings

from backups.notifications import webhook
from backups.notifications.signing import UnusableSecret, key_of
from backups.notifications.webhook import post
from tests.backups.notifications.conftest import SECRET, Receiver

SNIPPET = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_documented_check_tells_our_messages_from_others(receiver: Receiver) -> None:
    (snippet,) = SNIPPET.findall((django_settings.BASE_DIR / "docs" / "notifications.md").read_text())
    found: dict[str, Any] = {}
    exec(snippet, found)
    is_genuine = found["is_genuine"]
    assert post(receiver.url("/204?room=core"), SECRET, "an-id", b'{"a": "\xc3\xbc"}').sent
    (message,) = receiver.posted
    assert message.headers["webhook-id"] == "an-id"
    assert message.headers["content-type"] == "application/json"
    assert message.headers["host"] == f"127.0.0.1:{receiver.server_port}"
    assert is_genuine(message.headers, message.body, SECRET)
    assert not is_genuine(message.headers, message.body + b" ", SECRET)
    assert not is_genuine(message.headers | {"webhook-id": "another"}, message.body, SECRET)
    assert not is_genuine(message.headers, message.body, "whsec_" + "A" * 40)
    old = {"webhook-timestamp": str(int(time.time()) - 3600)}
    assert not is_genuine(message.headers | old, message.body, SECRET)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/500", 500, "HTTP 500"), ("/410", 410, "HTTP 410"), ("/moved", 302, "redirects are not followed")],
)
def test_an_answer_that_is_no_success_is_told(receiver: Receiver, path: str, status: int, words: str) -> None:
    outcome = post(receiver.url(path), SECRET, "an-id", b"{}")
    assert not outcome.sent
    assert outcome.http_status == status
    assert words in outcome.answer
    assert len(receiver.posted) == 1, "nowhere else"


@pytest.mark.parametrize("path", ["/hang", "/drip"])
def test_a_receiver_that_takes_its_time_is_cut(receiver: Receiver, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(webhook, "SECONDS", 0.6)
    began = time.monotonic()
    outcome = post(receiver.url(path), SECRET, "an-id", b"{}")
    assert time.monotonic() - began < 3
    assert outcome.answer.startswith("No answer within")


def test_an_answer_without_end_and_one_that_is_no_http_do_no_harm(receiver: Receiver) -> None:
    began = time.monotonic()
    assert post(receiver.url("/endless"), SECRET, "an-id", b"{}").sent
    assert post(receiver.url("/garbage"), SECRET, "an-id", b"{}").answer == "Its answer was no HTTP (BadStatusLine)."
    assert time.monotonic() - began < 3


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert (
        post(f"http://127.0.0.1:{port}/", SECRET, "an-id", b"{}").answer == "The connection failed: Connection refused."
    )


def test_the_connection_goes_to_the_address_that_was_looked_at(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name means something else each time that somebody asks."""
    meanings = iter(["127.0.0.1", "127.0.0.2", "169.254.169.254"])

    def answer(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host != "hooks.example.net":
            return list(real(host, port, *_, **__))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(meanings), port))]

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert post(receiver.url(host="hooks.example.net"), SECRET, "an-id", b"{}").sent
    assert next(meanings) == "127.0.0.2", "asked once"
    assert receiver.posted[0].headers["host"] == f"hooks.example.net:{receiver.server_port}"


@pytest.fixture
def tls_receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Speaks HTTPS, as hooks.example.net; its certificate is trusted, and names resolve to it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.net")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.net")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    formats = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "tls.pem").write_bytes(key.private_bytes(*formats) + public)
    (tmp_path / "ca.pem").write_bytes(public)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.pem")
    server = Receiver(context)
    monkeypatch.setattr(webhook, "resolve", lambda target: ["127.0.0.1"])
    yield server
    server.close()


def test_over_tls_the_certificate_must_be_that_of_the_name(
    tls_receiver: Receiver, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(tls_receiver.url(scheme="https", host="hooks.example.net"), SECRET, "an-id", b"{}").sent
    wrong = post(tls_receiver.url(scheme="https", host="other.example.net"), SECRET, "an-id", b"{}")
    assert wrong.answer.startswith("Its certificate was not accepted: Hostname mismatch")
    monkeypatch.delenv("SSL_CERT_FILE")
    unknown = post(tls_receiver.url(scheme="https", host="hooks.example.net"), SECRET, "an-id", b"{}")
    assert unknown.answer.startswith("Its certificate was not accepted: self-signed")
    assert len(tls_receiver.posted) == 1
    assert post(receiver.url(scheme="https"), SECRET, "an-id", b"{}").answer == "It does not speak TLS as it should."


def test_a_loopback_that_is_not_allowed_is_never_connected_to(receiver: Receiver, settings: Any) -> None:
    settings.NETRAVEN = settings.NETRAVEN | {"WEBHOOK_ALLOW": [ipaddress.ip_network("10.0.0.0/8")]}
    for host in ("127.0.0.1", "localhost"):
        assert post(receiver.url(host=host), SECRET, "an-id", b"{}").answer.startswith("Not sent: ")
    assert receiver.connections == 0


def test_secrets_that_are_none_are_refused() -> None:
    assert key_of("whsec_" + "QUJD" * 8) == b"ABC" * 8
    assert key_of("a text of many characters") == b"a text of many characters"
    for secret in ("", "short", "whsec_QUJD", "whsec_!" + "QUJD" * 8, "whsec_…" + "QUJD" * 8, "whsec_" + "QUJD" * 30):
        with pytest.raises(UnusableSecret) as caught:
            key_of(secret)
        assert "QUJD" not in str(caught.value)
