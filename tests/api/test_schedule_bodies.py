"""Whatever a client sends of a schedule, it gets a 4xx that names what is wrong, or a schedule that holds."""

import json
from datetime import datetime
from typing import Any, cast

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.test import APIClient

from devices.models import Tag
from scheduling.models import Schedule
from scheduling.services import describe
from scheduling.services import preview as upcoming
from scheduling.validators import WEEKDAYS
from tests.api.conftest import add_device, client_of, problem_of

NOBODY = "00000000-0000-4000-8000-000000000000"
texts = st.text(max_size=30) | st.sampled_from(["x" * 5000, "é\u202e\U0001f4a9", "' OR 1=1 --", "%s{0}", "\u0000"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
# Of each field what is right, and what looks right
LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "name": st.text(min_size=1, max_size=100),
    "enabled": st.booleans() | st.sampled_from(["true", "no", 1, 2]),
    "schedule_type": st.sampled_from(Schedule.Type.values),
    "time_zone": st.sampled_from(
        ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia", "europe/berlin", "Etc", "/"]
    ),
    "start_at": st.datetimes().map(datetime.isoformat) | st.sampled_from(["2027-03-28T02:30:00", "2027-01-01"]),
    "end_at": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | st.none(),
    "interval_minutes": st.integers(-1, 530_000) | st.none() | st.just("15"),
    "time": st.times().map(lambda at: f"{at:%H:%M}") | st.times().map(str) | st.none(),
    "weekdays": st.lists(st.sampled_from([*WEEKDAYS, "MON", 1]), max_size=8),
    "month": st.integers(0, 13) | st.none(),
    "day_rule": st.sampled_from(Schedule.DayRule.values),
    "day": st.integers(0, 32) | st.none(),
    "ordinal": st.integers(-2, 6) | st.none() | st.just(""),
    "ordinal_weekday": st.sampled_from([*WEEKDAYS, "", "someday"]),
    "cron": st.from_regex(r"([0-9*/,#LW?-]{1,6} ){3,5}[a-z0-9*#]{1,5}", fullmatch=True)
    | st.sampled_from(["* * * * *", "@daily", "0 0 29 2 *", "0 0 31 2 *", "*/0 * * * *", "H H * * *", "0 0 L * *"]),
    "spread_minutes": st.integers(-1, 1500),
    "all_devices": st.booleans(),
    "devices": st.lists(st.sampled_from([NOBODY, "core1", 1, -1, 2**128]), max_size=2),
    "tags": st.lists(st.sampled_from(["core", "lab", "nowhere", ""]), max_size=3),
    "tag_match": st.sampled_from(Schedule.TagMatch.values),
    "platforms": st.lists(st.sampled_from(["ios", "eos", "IOS"]), max_size=3),
    "excluded_devices": st.just([]) | anything,
    "excluded_tags": st.lists(st.sampled_from(["core", "lab"]), max_size=2),
    "missed": st.sampled_from(Schedule.Missed.values),
    "overlap": st.sampled_from(Schedule.Overlap.values),
    "max_run_minutes": st.integers(0, 2**40) | st.none(),
    "comments": texts,
}
read_only = dict.fromkeys(["id", "next_run_at", "description", "device_count", "hidden", "last_run"], anything)
likely = st.fixed_dictionaries({}, optional=LIKELY | read_only)
wild = st.fixed_dictionaries({}, optional=dict.fromkeys(LIKELY, anything)) | anything
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
moments = st.datetimes(datetime(2030, 1, 1), datetime(2090, 1, 1))
right = st.fixed_dictionaries(
    {
        "name": words.map(lambda text: f"n{text}n"),
        "enabled": st.booleans(),
        "schedule_type": st.sampled_from(Schedule.Type.values),
        "time_zone": st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York", "Pacific/Apia"]),
        "start_at": moments.map(datetime.isoformat),
        "end_at": st.none() | moments.map(lambda moment: moment.replace(year=2095).isoformat() + "+05:45"),
        "interval_minutes": st.integers(1, 366 * 1440),
        "time": st.times().map(lambda at: f"{at:%H:%M:%S}"),
        "weekdays": st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True),
        "month": st.integers(1, 12),
        "day_rule": st.sampled_from(Schedule.DayRule.values),
        "day": st.integers(1, 31),
        "ordinal": st.sampled_from([1, 2, 3, 4, -1]),
        "ordinal_weekday": st.sampled_from(WEEKDAYS),
        "cron": st.sampled_from(["*/7 * * * *", "0 0 29 2 *", "30 2 1,15 * mon", "5 4 L * *", "0 12 * * fri#1"]),
        "spread_minutes": st.integers(0, 60),
        "all_devices": st.booleans(),
        "tags": st.sampled_from([["core"], ["lab", "core"], ["core", "core"]]),
        "platforms": st.sampled_from([[], ["ios"]]),
        "excluded_tags": st.sampled_from([[], ["lab"]]),
        "max_run_minutes": st.none() | st.integers(61, 10_000),
        "comments": words,
    }
)
one_wrong = st.tuples(right, st.sampled_from(sorted(LIKELY)), anything).map(lambda of: of[0] | {of[1]: of[2]})
one_likely = st.tuples(right, likely).map(lambda of: of[0] | dict(list(of[1].items())[:1]))
bodies = right | one_wrong | one_likely | likely | wild
BOUNDS = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class TestBodies(TestCase):
    def setup_example(self) -> None:
        super().setup_example()  # type: ignore[no-untyped-call]
        self.client = client_of(User.objects.create_user("root", is_superuser=True))
        self.device = add_device()
        for name in ("core", "lab"):
            Tag.objects.create(name=name).devices.add(self.device)

    def send(self, method: str, url: str, body: Any) -> Any:
        text = json.dumps(body) if not isinstance(body, bytes) else body
        answer = cast(Any, self.client).generic(method, url, text, content_type="application/json")
        assert answer.status_code in (200, 201, 400), answer.content
        if answer.status_code == 400:
            assert problem_of(answer)["type"] in ("/problems/validation", "/problems/malformed")
        return answer

    def check(self, answer: Any) -> None:
        """What was kept can be read, told in words and reckoned with, and sent back as it is."""
        found = answer.json()
        schedule = Schedule.objects.get(pk=found["id"])
        schedule.full_clean()
        assert found["description"] == describe(schedule)
        assert bool(found["next_run_at"]) == schedule.enabled
        if schedule.enabled:
            assert upcoming(schedule)[0] == schedule.next_run_at
        url = f"/api/schedules/{found['id']}"
        assert self.client.get(url).json() == found
        again = self.send("PUT", url, found)
        assert again.json() | {"updated_at": 0} == found | {"updated_at": 0}

    @BOUNDS
    @given(body=bodies)
    @example(body={"name": "a", "time": "02:30", "all_devices": True, "start_at": "2027-03-28T02:30:00"})
    def test_a_schedule_is_kept_whole_or_refused(self, body: Any) -> None:
        answer = self.send("POST", "/api/schedules", body)
        assert Schedule.objects.count() == (answer.status_code == 201)
        if answer.status_code == 201:
            self.check(answer)

    @BOUNDS
    @given(body=bodies)
    def test_a_change_is_made_whole_or_not_at_all(self, body: Any) -> None:
        first = {"name": "nightly", "time": "02:30", "tags": ["core"], "time_zone": "Europe/Berlin"}
        before = self.send("POST", "/api/schedules", first).json()
        url = f"/api/schedules/{before['id']}"
        answer = self.send("PATCH", url, body)
        if answer.status_code == 200:
            self.check(answer)
        else:
            assert self.client.get(url).json() == before

    @BOUNDS
    @given(body=bodies)
    def test_a_preview_is_an_answer(self, body: Any) -> None:
        answer = self.send("POST", "/api/schedules/preview", body)
        if answer.status_code == 200:
            runs = [datetime.fromisoformat(row["utc"]) for row in answer.json()["runs"]]
            assert [datetime.fromisoformat(row["local"]) for row in answer.json()["runs"]] == runs
            assert runs == sorted(set(runs))
        assert not Schedule.objects.exists()

    @BOUNDS
    @given(raw=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-16")))
    @example(raw=b'{"name": "\\ud800"}')
    @example(raw=b'{"name": "a", "time": "02:30", "all_devices": true, "cron": "\xff"}')
    @example(raw=b"[" * 50_000)
    def test_bytes_that_are_no_json_are_refused(self, raw: bytes) -> None:
        for url in ("/api/schedules", "/api/schedules/preview"):
            assert self.send("POST", url, raw or b"x").status_code == 400
        assert not Schedule.objects.exists()

    @BOUNDS
    @given(query=st.dictionaries(st.sampled_from(["start", "enabled", "device", "due_after", "tag", "page"]), texts))
    def test_a_query_is_an_answer(self, query: dict[str, str]) -> None:
        for path in ("", "/week"):
            answer = self.client.get(f"/api/schedules{path}", query)
            assert answer.status_code in (200, 400, 404), answer.content


@pytest.mark.django_db
def test_a_body_of_megabytes_is_refused(root: APIClient) -> None:
    for field in ("name", "comments", "cron", "time_zone", "tags", "weekdays", "devices"):
        body = {field: "0 " * 1_200_000 if field not in ("tags", "weekdays", "devices") else ["x"] * 600_000}
        answer = root.post("/api/schedules", body)
        assert answer.status_code == 400
        assert len(answer.content) < 100_000, field
    assert root.post("/api/schedules", {"name": "x" * 3_000_000}).status_code == 413
