"""A receiver of webhooks and a mail server on the loopback address, channels, and backups as they end."""

import ipaddress
import itertools
import json
import socketserver
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from backups import storage
from backups.fingerprint import change_hash, content_hash
from backups.models import Backup, Channel, Job
from devices.models import Device, Platform, Tag

SECRET = "whsec_" + "c2lnbmluZy1rZXktb2YtdGhlLXRlc3RzLTAwMQ=="
MakeChannel = Callable[..., Channel]
minutes = itertools.count(1)


@dataclass
class Posted:
    """A message as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.body)
        return loaded

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(event["device"]["hostname"], event["event"]) for event in self.json["data"]["events"]]


class Receiver(ThreadingHTTPServer):
    """Answers by the path: `/204`, `/500`, `/410`, `/moved`, `/hang`, `/drip`, `/endless`, `/garbage`."""

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.posted: list[Posted] = []
        self.connections = 0
        self.closing = Event()
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path: str = "/204", scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.server_port}{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up: that is what is tested."""

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()


class _Answer(BaseHTTPRequestHandler):
    server: Receiver

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.posted.append(Posted(headers, body))
        match self.path.split("?")[0].strip("/"):
            case "moved":
                self._head(302, Location=self.server.url("/204"))
            case "hang":
                self.server.closing.wait(30)
            case "garbage":
                self.wfile.write(b"220 welcome to something else\r\n" * 3)
            case "drip":
                self._dribble(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000, 0.1)
            case "endless":
                self._head(200)
                self._dribble(b"x" * 65536, 0)
            case code:
                self._head(int(code))

    def do_GET(self) -> None:
        raise AssertionError("nobody asked for this")

    def _head(self, code: int, **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def _dribble(self, text: bytes, pause: float) -> None:
        while not self.server.closing.is_set():
            for piece in (text,) if not pause else (bytes([byte]) for byte in text):
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(pause)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@dataclass
class MailServer:
    """What was sent, and to whom; `refuse` is an answer to every recipient."""

    port: int = 0
    refuse: str = ""
    mails: list[tuple[list[str], str]] = field(default_factory=list)


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    """An SMTP server that the settings name."""
    told = MailServer()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 mail.example.net")
            recipients: list[str] = []
            for line in iter(self.rfile.readline, b""):
                verb = line.split()[0].upper()
                if verb == b"RCPT" and told.refuse:
                    self._say(told.refuse)
                elif verb == b"RCPT":
                    recipients.append(line.decode().split("<")[1].split(">")[0])
                    self._say("250 fine")
                elif verb == b"DATA":
                    self._say("354 go on")
                    told.mails.append((recipients, b"".join(iter(self.rfile.readline, b".\r\n")).decode()))
                    self._say("250 queued")
                elif verb == b"QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 fine")

        def _say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        told.port = server.server_address[1]
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", told.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.NETRAVEN = settings.NETRAVEN | {"MAIL_IS_SET": True}
        yield told
        server.shutdown()


@pytest.fixture(autouse=True)
def _loopback_may_be_reached(settings: Settings) -> None:
    networks = [ipaddress.ip_network("127.0.0.0/8")]
    settings.NETRAVEN = settings.NETRAVEN | {"WEBHOOK_ALLOW": networks, "BASE_URL": "https://netraven.example.net"}


@pytest.fixture
def make_channel(receiver: Receiver) -> MakeChannel:
    """Make a channel: `make_channel("failed", mode="each", path="/500", tags=["core"])`."""

    def make(*events: str, tags: tuple[str, ...] = (), path: str = "/204", **fields: Any) -> Channel:
        wanted = {f"on_{kind}": kind in events for kind in ("changed", "failed", "recovered", "stale")}
        url = {} if "addresses" in fields else {"kind": "webhook", "url": receiver.url(path), "secret": SECRET}
        details = {"name": f"channel {Channel.objects.count()}", "mode": "each"} | url | wanted | fields
        channel = Channel.objects.create(all_devices=not tags, **details)
        channel.tags.set([Tag.objects.get_or_create(name=name)[0] for name in tags])
        return channel

    return make


def make_device(hostname: str = "core1", *tags: str, hours: int | None = None) -> Device:
    platform = Platform.objects.get(slug="ios")
    device = Device.objects.create(hostname=hostname, address="192.0.2.1", platform=platform)
    device.tags.set([Tag.objects.get_or_create(name=name)[0] for name in tags])
    if hours:
        device.tags.add(Tag.objects.create(name=f"objective of {hostname}", max_age_hours=hours))
    return device


def end(device: Device, text: str = "", reason: str = "", job: Job | None = None, **fields: Any) -> Backup:
    """A backup that has just ended: good with a text, else failed for a reason; each is made after the one before."""
    made = timezone.now() - timedelta(days=1) + timedelta(minutes=next(minutes))
    now = timezone.now()
    job = job or Job.objects.create(trigger="schedule", status="completed" if text else "failed")
    details: dict[str, Any] = {"created_at": made, "finished_at": now, "job": job, "device": device}
    if not text:
        failed = {"status": "failed", "failure_reason": reason, "error": f"{device} is {reason}."}
        return Backup.objects.create(**(details | failed | fields))
    before, content = Backup.objects.last_good(device.pk), text.encode()
    digest = change_hash(text, device.platform.volatile_patterns)
    changed = before is None or before.change_hash != digest
    good = {
        "status": "completed",
        "file_path": storage.store(content, storage.file_name(device.pk, device.hostname, now)),
        "file_size": len(content),
        "content_hash": content_hash(content),
        "change_hash": digest,
        "changed": changed,
        "version": ((before.version or 0) if before else 0) + changed,
    }
    Device.objects.filter(pk=device.pk).update(last_success_at=now)
    return Backup.objects.create(**(details | good | fields))
