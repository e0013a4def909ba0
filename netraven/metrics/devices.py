"""How the devices are: from their own rows, which carry how the last backup went."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Count, Max, Min
from prometheus_client.metrics_core import Metric

from backups.models import Backup
from devices.models import Device, HostKey
from netraven.metrics.gauges import gauge, gauges

NEVER = "never"
Rows = Sequence[Mapping[str, Any]]


def families() -> Iterator[Metric]:
    """Four queries."""
    rows = Device.objects.order_by().values("enabled", "last_status", "last_failure_reason")
    counted = list(
        rows.annotate(
            devices=Count("pk"),
            good=Count("last_success_at"),
            oldest=Min("last_success_at"),
            newest=Max("last_success_at"),
        )
    )
    enabled = [row for row in counted if row["enabled"]]
    number, good = (sum(row[name] for row in enabled) for name in ("devices", "good"))
    disabled = sum(row["devices"] for row in counted) - number
    by_state = {("true",): number, ("false",): disabled}
    yield gauges(
        "devices", "Devices, enabled or not. Whatever follows is about the enabled ones.", ["enabled"], by_state
    )
    yield gauge("devices_with_good_backup", "Devices that have a good backup.", good)
    yield gauge("devices_without_good_backup", "Devices that have none.", number - good)
    yield _last_backups(enabled)
    objectives = Device.objects.filter(enabled=True).with_objective().count()
    yield gauge("devices_with_objective", "Devices with a tag that says how old their backup may be.", objectives)
    stale = Device.objects.stale().count() if objectives else 0
    yield gauge("devices_stale", "Devices whose good backup is older than that, or that have none.", stale)
    yield from _moments(enabled)
    offered = HostKey.objects.filter(state=HostKey.State.OFFERED).count()
    yield gauge("host_keys_offered", "Host keys that wait for somebody to accept them.", offered)


def _last_backups(rows: Rows) -> Metric:
    kinds = [("completed", ""), *(("failed", str(reason)) for reason in Backup.FailureReason), (NEVER, "")]
    found = Counter(dict.fromkeys(kinds, 0))
    for row in rows:
        found[row["last_status"] or NEVER, row["last_failure_reason"]] += row["devices"]
    return gauges("devices_last_backup", "Devices by how their last backup ended.", ["status", "reason"], found)


def _moments(rows: Rows) -> Iterator[Metric]:
    """Of the devices that have a good backup, the oldest and the newest of these."""
    for name, pick, about in (
        ("oldest", min, "When the device was backed up that has waited longest since its last good backup."),
        ("newest", max, "When the last good backup of all was made."),
    ):
        if moments := [row[name].timestamp() for row in rows if row[name]]:
            yield gauge(f"good_backup_{name}_timestamp_seconds", about, pick(moments))
