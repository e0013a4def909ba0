"""Schedules of the playground: they show what there is to choose, and none is due within a day."""

from datetime import time, timedelta
from typing import Any

NIGHTLY = "Every night"
FIRST_RUN = timedelta(days=1, hours=1)  # from now: nothing runs by itself while the demo does


def record_schedules() -> None:
    """Records of schedules, unless there are any of these names."""
    from django.utils import timezone

    from devices.models import Device, Tag
    from scheduling.models import Schedule
    from scheduling.services import save_schedule
    from scheduling.targets import Targets

    tags = dict(Tag.objects.values_list("name", "pk"))
    core = list(Device.objects.filter(hostname__startswith="core").values_list("pk", flat=True))
    everything = Targets(all_devices=True, excluded_tags=[tags["misbehaving"]])
    rows: list[tuple[str, Targets, dict[str, Any]]] = [
        (NIGHTLY, Targets(tags=[tags["healthy"]]), {"schedule_type": "daily", "time": time(2, 30)}),
        ("Core, every four hours", Targets(devices=core), {"schedule_type": "interval", "interval_minutes": 240}),
        (
            "Branch offices",
            Targets(tags=[tags["branch"]]),
            {"schedule_type": "weekly", "time": time(22), "weekdays": ["mon", "thu"], "time_zone": "America/New_York"},
        ),
        (
            "Archive",
            everything,
            {
                "schedule_type": "monthly",
                "time": time(4),
                "day_rule": "weekday",
                "ordinal": 1,
                "ordinal_weekday": "sun",
            },
        ),
        ("Before the audit", everything, {"schedule_type": "cron", "cron": "0 6 * * mon-fri", "enabled": False}),
    ]
    start = timezone.now().replace(minute=0, second=0) + FIRST_RUN
    for name, targets, fields in rows:
        if not Schedule.objects.filter(name=name).exists():
            defaults = {"time_zone": "Europe/Berlin", "start_at": start}
            save_schedule(Schedule(name=name, **defaults | fields), targets=targets)
