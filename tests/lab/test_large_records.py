"""The records of a large installation, made small: their shapes hold, and everything that can be read is found."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from backups import storage
from backups.models import Backup, Job
from devices.models import Device
from netraven.lab.bench.records import configurations, making
from netraven.lab.bench.records.people import ADMIN, REGIONAL
from netraven.lab.bench.responses.addresses import all_addresses
from netraven.lab.bench.responses.api_questions import ApiList, is_list
from netraven.lab.bench.responses.page_questions import offered_queries
from netraven.lab.bench.responses.samples import Samples

SIZE = making.Size(devices=60, backups=600)


@pytest.fixture
def records(db: None, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(making, "tidy", lambda: None)  # VACUUM has no place in a transaction
    monkeypatch.setattr(configurations, "FAMILIES", 1)
    monkeypatch.setattr(configurations, "VERSIONS", 3)
    making.make_records(SIZE, seed=1)
    return User.objects.get(username=REGIONAL)


def test_the_records_are_as_many_as_asked_for_and_seen_as_they_should_be(records: User) -> None:
    """Jobs that name their device are not looked into: the answer must be the one that looking would give."""
    assert (Device.objects.count(), Backup.objects.count()) == (SIZE.devices, SIZE.backups)
    assert 0 < Device.objects.visible_to(records).count() < SIZE.devices
    assert all(storage.is_intact(backup) for backup in Backup.objects.completed()[:20])
    with pytest.raises(making.NotEmpty):
        making.make_records(SIZE, seed=1)
    others = Job.objects.filter(job_type=Job.Type.BACKUP).exclude(requested_by=records)
    assert others.exclude(device=None).exists()
    visible = set(Backup.objects.visible_to(records).values_list("job", flat=True))
    seen = set(Job.objects.visible_to(records).values_list("pk", flat=True))
    assert {job.pk for job in others if job.pk in seen} == {job.pk for job in others if job.pk in visible}


def test_every_list_is_asked_by_its_filters_and_orders(records: User) -> None:
    samples = Samples(records)
    asked = {}
    for address in all_addresses():
        if address.is_api and address.reads and is_list(address):
            parameters = address.parameters(samples)
            assert parameters is not None, address.template
            asked[address.template] = list(ApiList(address, parameters, records, samples).queries())
    assert {"", "ordering=-hostname", "search=core", "stale=true", "tag=access"} <= set(asked["/api/devices/"])
    assert any(query.startswith("cursor=") for query in asked["/api/backups/"])
    browser = Client()
    browser.force_login(User.objects.get(username=ADMIN))
    html = browser.get("/devices/").content.decode()
    offered = set(offered_queries(html, samples))
    assert {"q=core", "page=2"} <= offered
    assert {"status", "stale", "platform"} <= {query.partition("=")[0] for query in offered}, "of what there is"
