"""Schedules: one for the whole network, one for each region, and many smaller ones."""

from datetime import datetime, time
from random import Random
from typing import Any

from netraven.lab.bench.records.network import DAY, LABELS, SITES, Network
from netraven.lab.bench.records.people import REGIONS, People
from netraven.lab.bench.records.writing import new_id
from scheduling.models import Schedule
from scheduling.services import save_schedule
from scheduling.targets import Targets

OF_SITES, OF_LABELS, OF_DEVICES = 30, 10, 10
DEVICES_NAMED = 400


def make_schedules(network: Network, people: People, random: Random, now: datetime) -> dict[str, Schedule]:
    """Those that the fleet's runs belong to, by `night` and `region-…`; the others have not run yet."""
    nightly = {"schedule_type": "daily", "time": time(1)}
    weekly = {"schedule_type": "weekly", "time": time(1), "weekdays": ["sun"]}
    made = {"night": _save("Every night", Targets(all_devices=True), nightly, people, random, now)}
    for name in (f"region-{region}" for region in REGIONS):
        targets = Targets(tags=[network.tags[name].pk])
        made[name] = _save(f"Weekly {name}", targets, weekly, people, random, now)
    for number in range(OF_SITES):
        targets = Targets(tags=[network.tags[f"site-{random.randrange(SITES):03}"].pk])
        cron = {"schedule_type": "cron", "cron": f"{number} */{1 + number % 12} * * *"}
        _save(f"Site {number:02}", targets, cron, people, random, now)
    for number in range(OF_LABELS):
        tags = [network.tags[f"label-{random.randrange(LABELS):02}"].pk, network.tags["core"].pk]
        often = {"schedule_type": "interval", "interval_minutes": 15 * (number + 1)}
        _save(f"Label {number:02}", Targets(tags=tags, tag_match="all"), often, people, random, now)
    for number in range(OF_DEVICES):
        devices = random.sample(network.devices, min(DEVICES_NAMED, len(network.devices)))
        _save(f"Audit {number:02}", Targets(devices=[device.pk for device in devices]), weekly, people, random, now)
    return made


def _save(
    name: str, targets: Targets, fields: dict[str, Any], people: People, random: Random, now: datetime
) -> Schedule:
    about = {"time_zone": "UTC", "start_at": now - 400 * DAY, "created_by": people.admin}
    return save_schedule(Schedule(id=new_id(random), name=name, **about | fields), now, targets=targets)
