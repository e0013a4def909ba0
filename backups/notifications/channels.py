"""What people do with channels: who may have one for which devices, tests, and sending again."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from backups import secrecy
from backups.exceptions import RequestRefused
from backups.models import Channel, Delivery, DeliveryItem
from backups.notifications.outcome import Outcome
from backups.notifications.sending import send_now
from devices.models import Device, Tag

TESTS_EVERY = timedelta(seconds=2)


def refuse_unless_seen(user: User, tags: Collection[UUID] | None, *, with_diff: bool) -> None:
    """A channel carries out of NetRaven what it tells: who sets one up must see it all. Raises ValidationError.

    `tags` None: it tells of all devices.
    """
    if user.is_superuser:
        return
    hidden = Device.objects.exclude(pk__in=Device.objects.visible_to(user).values("pk"))
    if tags is not None:
        hidden = hidden.filter(tags__in=list(tags))
    if hidden.exists():
        raise ValidationError({"tags": "This would tell of devices that you do not see. Choose other tags."})
    if with_diff and not user.has_perm(secrecy.VIEW_CONFIG):
        raise ValidationError({"with_diff": "You may not read configurations: leave the diff out."})


@transaction.atomic
def save_channel(channel: Channel, *, user: User, tags: Collection[Tag] | None = None) -> Channel:
    """Check and save it, with these tags (none: all devices) or those that it has. Raises ValidationError by field.

    One that NetRaven had switched off, and that is switched on, gets another chance.
    """
    channel.full_clean()
    if tags is None:
        chosen = [] if channel._state.adding else list(channel.tags.values_list("pk", flat=True))
    else:
        chosen, channel.all_devices = [tag.pk for tag in tags], not tags
    refuse_unless_seen(user, None if channel.all_devices else chosen, with_diff=channel.with_diff)
    if channel._state.adding:
        channel.created_by = user
    if channel.enabled and channel.disabled_reason:
        channel.disabled_reason, channel.failing_since = "", None
    channel.save()
    if tags is not None:
        channel.tags.set(tags)
    return channel


def send_test(channel: Channel) -> tuple[Delivery, Outcome]:
    """Send a message without events now, also while the channel is switched off; it takes up to 20 seconds."""
    since = timezone.now() - TESTS_EVERY
    if Delivery.objects.filter(channel=channel, test=True, created_at__gt=since).exists():
        raise RequestRefused("A test was sent a moment ago. Wait for what comes of it.")
    delivery = Delivery.objects.create(channel=channel, test=True, next_try_at=timezone.now())
    return delivery, send_now(delivery)


@transaction.atomic
def send_again(delivery: Delivery) -> Delivery:
    """The same events in a new delivery, which is due now. Raises RequestRefused while it is under way."""
    if delivery.status == Delivery.Status.PENDING:
        raise RequestRefused("This delivery has not ended yet: it is tried again by itself.")
    if delivery.test or not delivery.channel.enabled:
        raise RequestRefused("Tests are sent from the channel." if delivery.test else "Its channel is switched off.")
    copy = Delivery.objects.create(channel=delivery.channel, job_id=delivery.job_id, next_try_at=timezone.now())
    items = delivery.items.order_by("id").values("kind", "device_id", "backup_id", "reason", "at")
    DeliveryItem.objects.bulk_create([DeliveryItem(delivery=copy, **item) for item in items], batch_size=500)
    return copy
