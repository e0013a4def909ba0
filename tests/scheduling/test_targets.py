import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import Device, Platform, Tag
from scheduling.models import Schedule
from scheduling.targeted import Targeted
from scheduling.targets import Targets
from tests.scheduling.conftest import AddDevices, make_schedule

pytestmark = pytest.mark.django_db

FLEET = [
    # hostname, platform, tags
    ("core-a", "ios", ("core",)),
    ("core-b", "eos", ("core", "lab")),
    ("edge-a", "ios", ("edge",)),
    ("edge-b", "eos", ("edge", "core")),
    ("bare", "junos", ()),
]
FIVE = {hostname for hostname, _, _ in FLEET}

# What a schedule names, and which devices that means
CASES = [
    pytest.param({}, set(), id="nothing"),
    pytest.param({"all_devices": True}, FIVE, id="all"),
    pytest.param({"devices": ["bare"]}, {"bare"}, id="a device"),
    pytest.param({"devices": ["off"]}, set(), id="a disabled device"),
    pytest.param({"tags": ["core"]}, {"core-a", "core-b", "edge-b"}, id="a tag"),
    pytest.param({"tags": ["lab", "edge"]}, {"core-b", "edge-a", "edge-b"}, id="any of two tags"),
    pytest.param({"tags": ["core", "edge"], "tag_match": "all"}, {"edge-b"}, id="all of two tags"),
    pytest.param({"platforms": ["eos"]}, {"core-b", "edge-b"}, id="a platform"),
    pytest.param({"platforms": ["eos", "junos"]}, {"core-b", "edge-b", "bare"}, id="two platforms"),
    pytest.param({"tags": ["core"], "platforms": ["ios"]}, {"core-a"}, id="a tag and a platform"),
    pytest.param({"tags": ["edge"], "platforms": ["ios"], "devices": ["bare"]}, {"edge-a", "bare"}, id="and a device"),
    pytest.param({"all_devices": True, "excluded_devices": ["bare"]}, FIVE - {"bare"}, id="all but one"),
    pytest.param({"all_devices": True, "excluded_tags": ["lab", "edge"]}, {"core-a", "bare"}, id="all but two tags"),
    pytest.param({"devices": ["core-b"], "excluded_tags": ["lab"]}, set(), id="named and excluded"),
    pytest.param({"tags": ["core"], "excluded_devices": ["core-a"]}, {"core-b", "edge-b"}, id="a tag but one device"),
]


@pytest.fixture(autouse=True)
def _fleet(add_devices: AddDevices) -> None:
    for hostname, platform, tags in FLEET:
        add_devices(hostname, platform=platform, tags=tags)
    add_devices("off", tags=("core", "edge"), enabled=False)


def with_ids(names: dict[str, object]) -> Targets:
    """The same with ids for names."""
    models = {"devices": Device, "excluded_devices": Device, "tags": Tag, "excluded_tags": Tag, "platforms": Platform}
    fields = {Device: "hostname", Tag: "name", Platform: "slug"}

    def ids(name: str, value: object) -> object:
        model = models.get(name)
        return (
            list(model._default_manager.filter(**{f"{fields[model]}__in": value}).values_list("pk", flat=True))
            if model
            else value
        )

    return Targets(**{name: ids(name, value) for name, value in names.items()})  # type: ignore[arg-type]


@pytest.mark.parametrize(("names", "expected"), CASES)
def test_which_devices_are_meant(names: dict[str, object], expected: set[str]) -> None:
    targets = with_ids(names)
    assert sorted(device.hostname for device in targets.find()) == sorted(expected)
    if targets.name_something:
        schedule = make_schedule(targets=targets)
        saved = Targets.of(Schedule.objects.get())
        assert saved.name_something
        assert sorted(device.hostname for device in saved.find()) == sorted(expected)
        assert Targeted([schedule], None).count(schedule) == len(expected), "counted for many at once"


def test_a_schedule_of_thousands_of_devices_costs_three_queries(add_devices: AddDevices) -> None:
    devices = add_devices(*(f"many{number}" for number in range(3000)))
    schedule = make_schedule(targets=Targets(devices=[device.pk for device in devices]))
    with CaptureQueriesContext(connection) as queries:
        assert len(Targets.of(schedule).find()) == 3000
    assert len(queries) == 3


def test_devices_to_come_are_meant_too(add_devices: AddDevices) -> None:
    schedule = make_schedule(targets=Targets(tags=list(Tag.objects.filter(name="lab").values_list("pk", flat=True))))
    add_devices("new", tags=("lab",))
    assert {device.hostname for device in Targets.of(schedule).find()} == {"core-b", "new"}
