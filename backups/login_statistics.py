"""How log-ins fare: what devices said to each credential, and to what each tag offered, from the attempts on record."""

from datetime import timedelta
from typing import TypeVar, cast

from django.db.models import Count, Exists, F, Model, OuterRef, QuerySet, Subquery, UUIDField
from django.db.models.functions import Coalesce
from django.utils import timezone

from backups.models import LoginAttempt
from devices.models import Device, Viewer

DAYS = 30  # over which attempts are counted
NEWEST = 20  # attempts that a page shows

Row = TypeVar("Row", bound=Model)


def with_login_statistics(rows: QuerySet[Row], owner: str) -> QuerySet[Row]:
    """Credentials, or tags, with `accepted` and `rejected` (attempts of the last 30 days), `last_used_at` (ever, None
    for never) and `last_used_on` (the id of the device); `owner` is "credential" or "tag".

    Each is a look into an index; nothing of it costs a query of its own.
    """
    attempts = LoginAttempt.objects.filter(**{owner: OuterRef("pk")})
    recent = attempts.filter(time__gte=timezone.now() - timedelta(days=DAYS)).order_by()
    newest = attempts.order_by("-time", "-id")

    def count(accepted: bool) -> Coalesce:
        found = recent.filter(accepted=accepted).values(owner).annotate(number=Count("*"))
        return Coalesce(Subquery(found.values("number")), 0)

    annotated = rows.annotate(
        accepted=count(True),
        rejected=count(False),
        last_used_at=Subquery(newest.values("time")[:1]),
        last_used_on=Subquery(newest.values("device")[:1], output_field=UUIDField()),
    )
    return cast(QuerySet[Row], annotated)


def newest_attempts(attempts: QuerySet[LoginAttempt], viewer: Viewer) -> QuerySet[LoginAttempt]:
    """The newest of them, with the names that a page shows; `seen` says whether the viewer may see the device."""
    seen = Device.objects.visible_to(viewer).filter(pk=OuterRef("device"))
    names = {"hostname": "device__hostname", "credential_name": "credential__name", "tag_name": "tag__name"}
    named = attempts.annotate(seen=Exists(seen), **{name: F(path) for name, path in names.items()})
    return named.select_related("tested_by").order_by("-time", "-id")[:NEWEST]
