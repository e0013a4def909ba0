"""Hostile requests at every endpoint: each is refused or works, leaves nothing half-written, and takes no time.

HOSTILE_EXAMPLES=2000 sends so many, other ones each time; without it they are few, and the same ones.
"""

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.client import ClientHandler
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from backups import heartbeat
from backups.models import Channel, Delivery
from devices.models import Gateway, Tag, TagCredential
from netraven.content_types import make_readable
from netraven.problems import MEDIA_TYPE
from scheduling.models import Schedule
from scheduling.services import save_schedule
from tests.api.attacks import Attack, operations
from tests.api.conftest import MakeUser, add_backup, add_credential, add_device
from tests.api.conftest import client_of as api_client_of

EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", "0"))
SECONDS = 3.0  # of processor time, for one request
# What a request may write even though it is refused
COUNTERS = ("axes_", "django_session", "tokens_tokendetails", "audit_auditentry")


def times(number: int, strategy: st.SearchStrategy[Any], act: Callable[[Any], None], start: int) -> None:
    """Act on so many examples; those from one start are the same each time, unless many are asked for."""

    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # a smaller example of the same takes minutes to find
    )
    @given(strategy)
    def test(example: Any) -> None:
        act(example)

    (test if EXAMPLES else seed(start)(test))()


class ServerHandler(ClientHandler):
    """As netraven.wsgi: what the test client leaves out."""

    def __call__(self, environ: dict[str, Any]) -> Any:
        make_readable(environ)
        return super().__call__(environ)


class Attacker:
    """Sends requests, takes back what each has done, and says what is wrong about an answer."""

    def __init__(self, **defaults: Any) -> None:
        self.client = Client(raise_request_exception=False, **defaults)
        self.client.handler = ServerHandler(enforce_csrf_checks=False)
        self.answers = Counter[int]()
        self.slowest = (0.0, "")
        self.before = rows()

    def send(self, attack: Attack) -> None:
        cache.clear()
        began = time.thread_time()
        with transaction.atomic():
            answer: Any = cast(Any, self.client).generic(
                *(attack.method, attack.path, attack.body, attack.content_type),
                QUERY_STRING=attack.query,
                **attack.headers,
            )
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            seconds = time.thread_time() - began
            code = answer.status_code
            half_written = code >= 400 and not attack.is_read_only and rows() != self.before
            transaction.set_rollback(True)
        self.answers[code] += 1
        self.slowest = max(self.slowest, (seconds, f"{attack.method} {attack.path[:80]}"))
        assert code < 500, (code, content[:2000])
        assert not half_written
        assert seconds < SECONDS
        if attack.path.startswith("/api/") and code >= 400 and attack.method != "HEAD":
            assert answer["Content-Type"] == MEDIA_TYPE, content[:2000]


def rows() -> list[Any]:
    """All that the database holds of ours, but for what counts requests."""
    everything = []
    tables = sorted(model._meta.db_table for model in apps.get_models(include_auto_created=True))
    with connection.cursor() as cursor:
        for table in tables:
            if not table.startswith(COUNTERS):
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                everything.append((table, sorted(map(repr, cursor.fetchall()))))
    return everything


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Each refusal would be a line in the log, or a traceback."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def records(db: None) -> dict[str, str]:
    """One of each kind: what stands in a path, and in a field."""
    heartbeat.beat()
    Group.objects.create(name="staff")
    credential = add_credential()
    device = add_device("core1", address="127.0.0.1", port=1, credential=credential)
    other = add_device("=core2", address="127.0.0.1", port=1, description="+1")
    tag = Tag.objects.create(name="core")
    device.tags.add(tag)
    TagCredential.objects.create(tag=tag, credential=credential)
    gateway = Gateway.objects.create(name="jump1", address="127.0.0.1", port=1, credential=credential)
    key = device.host_keys.create(kind="ssh", text="ssh-rsa AA==", fingerprint="x", state="offered")
    older, backup = add_backup(device), add_backup(device, content=b"hostname core2\nend\n")
    add_backup(device, "failed", job=older.job)
    add_backup(other, "failed", failure_reason="incomplete", content=b"hostname \xff\n")
    schedule = save_schedule(Schedule(name="nightly", schedule_type="interval", interval_minutes=5, all_devices=True))
    channel = Channel.objects.create(name="noc", kind="webhook", url="https://127.0.0.1:1/", secret="x" * 24)
    delivery = Delivery.objects.create(channel=channel, status="failed")
    found = [device, backup, older.job, tag, gateway, credential, key, schedule, channel, delivery]
    kinds = ["devices", "backups", "jobs", "tags", "gateways", "credentials", "host-keys", "schedules"]
    kinds += ["channels", "deliveries"]
    ids = {kind: str(record.pk) for kind, record in zip(kinds, found, strict=True)}
    return ids | {
        "platforms": "ios",
        "tokens": str(device.pk),
        "credential": ids["credentials"],
        "device": ids["devices"],
        "job": ids["jobs"],
        "backup": ids["backups"],
        "with": str(older.pk),
        "against": str(older.pk),
        "platform": "ios",
        "tag": "core",
        "tags=": "core",
        "excluded_tags": "core",
        "gateway": "jump1",
        "excluded_devices": ids["devices"],
        "address": "192.0.2.1",
        "driver": "ios",
        "color": "#aabbcc",
        "time": "02:30",
        "cron": "0 2 * * *",
        "time_zone": "UTC",
        "username": "backup",
        "groups": "staff",
    }


def test_every_endpoint_survives_hostile_requests(records: dict[str, str], make_user: MakeUser) -> None:
    api = api_client_of(make_user("root", is_superuser=True))
    attacker = Attacker(HTTP_AUTHORIZATION=api._credentials["HTTP_AUTHORIZATION"])  # type: ignore[attr-defined]
    attacked = operations(records)
    failed = []
    for number, operation in enumerate(attacked):
        try:
            times(-(-(EXAMPLES or 450) // len(attacked)), operation.attacks(), attacker.send, start=number)
        except AssertionError as error:
            failed.append((operation.method, operation.path, *error.args, *error.__notes__))
    print(f"{attacker.answers.total()} requests at {len(attacked)} operations: {sorted(attacker.answers.items())}")
    print(f"slowest: {attacker.slowest}")
    assert not failed
    assert len(attacker.answers) > 5, "they were all the same"
