"""Carries out the deliveries that are due: claimed first, then sent, then closed, whoever is killed on the way.

A claim is a conditional UPDATE that counts the attempt and moves the next one to when the claim has run out. So two who
see the same row send it once, and one that was claimed by somebody who died is tried again. It has the id that it had.
"""

import hashlib
import json
import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import structlog
from django.db import connection
from django.utils import timezone

from backups.database import patiently
from backups.models import Channel, Delivery
from backups.notifications.mail import send_mail
from backups.notifications.messages import Message, compose
from backups.notifications.outcome import Outcome
from backups.notifications.webhook import post
from backups.stopping import is_stopping
from credentials.fields import SecretUnreadable

logger = structlog.get_logger("netraven.notifications")

CLAIM = timedelta(minutes=5)  # much longer than an attempt may take
ATTEMPTS = 5
FIRST_WAIT, FACTOR, JITTER = timedelta(minutes=1), 6, 0.3  # about 1, 6, 36 and 216 minutes: four hours together
GIVE_UP_AFTER = timedelta(days=4)  # of nothing but failures
AT_ONCE = 4  # channels; one that hangs does not hold up the others
SLOT = 20.0  # seconds for one channel; then the others have their turn
ANSWER = 300  # characters
OFF = "Not sent: the channel was switched off."

Status = Delivery.Status


def send_due() -> int:
    """Send what is due; how many deliveries were tried. Two queries when there is none."""
    channels = list(Delivery.objects.due().order_by().values_list("channel", flat=True).distinct())
    if not channels:
        return 0
    off = Delivery.objects.due().filter(channel__enabled=False, test=False)
    off.update(status=Status.FAILED, next_try_at=None, ended_at=timezone.now(), collecting=False, answer=OFF)
    with ThreadPoolExecutor(min(AT_ONCE, len(channels)), thread_name_prefix="notify") as pool:
        return sum(pool.map(_in_thread, channels))


def send_now(delivery: Delivery) -> Outcome:
    """Send one that has just been made, once, while somebody waits for it."""
    claimed = _claim(delivery)
    outcome = _attempt(delivery) if claimed else Outcome(False, "It is being sent already.")
    if claimed:
        _settle(delivery, outcome, last=True)
    return outcome


def _in_thread(channel_id: uuid.UUID) -> int:
    try:
        return _send_for(channel_id)
    except Exception:
        logger.exception("Deliveries of a channel could not be sent", channel=str(channel_id))
        return 0
    finally:
        connection.close()


def _send_for(channel_id: uuid.UUID) -> int:
    """What is due for one channel, in order. Once one fails the others wait a minute: they would probably fail, too."""
    ends, tried = time.monotonic() + SLOT, 0
    while time.monotonic() < ends and not is_stopping():
        due = Delivery.objects.due().filter(channel=channel_id).order_by("next_try_at", "created_at").first()
        if due is None:
            break
        if not _claim(due):
            continue  # somebody else has it
        tried += 1
        outcome = _attempt(due)
        _settle(due, outcome, last=due.test or due.attempts >= ATTEMPTS)
        if not outcome.sent:
            Delivery.objects.due().filter(channel=channel_id).update(next_try_at=timezone.now() + wait_after(1))
            break
    return tried


def _claim(delivery: Delivery) -> bool:
    """Make this attempt ours: whoever has it has nobody beside them until the claim runs out."""
    unclaimed = Delivery.objects.due().filter(pk=delivery.pk, attempts=delivery.attempts)
    until = timezone.now() + CLAIM
    if not unclaimed.update(attempts=delivery.attempts + 1, next_try_at=until, collecting=False):
        return False
    delivery.attempts += 1
    return True


def _attempt(delivery: Delivery) -> Outcome:
    """Whatever goes wrong is in the outcome, without a secret in it."""
    if delivery.attempts > ATTEMPTS:
        return Outcome(False, f"Given up: the last of {ATTEMPTS} attempts never ended.")
    try:
        channel = Channel.objects.get(pk=delivery.channel_id)
        return _take_there(compose(delivery, channel))
    except SecretUnreadable:
        return Outcome(False, "Not sent: no key in NETRAVEN_FIELD_KEYS fits its signing secret.")
    except Exception as error:
        logger.exception("A message could not be made", delivery=str(delivery.pk))
        return Outcome(False, f"Not sent: {type(error).__name__} in NetRaven; see the log of the workers.")


def _take_there(message: Message) -> Outcome:
    delivery, channel = message.delivery, message.channel
    body = json.dumps(message.payload(), ensure_ascii=False).encode("utf-8", "replace")
    delivery.payload_digest = hashlib.sha256(body).hexdigest()
    if channel.kind == Channel.Kind.EMAIL:
        return send_mail(message, channel)
    return post(channel.url, channel.secret, str(delivery.pk), body)


def _settle(delivery: Delivery, outcome: Outcome, *, last: bool) -> None:
    """Close the attempt, if it is still ours, and note how the channel fares."""
    now = timezone.now()
    if outcome.sent:
        delivery.status, delivery.next_try_at, delivery.ended_at = Status.SENT, None, now
    elif last or outcome.is_gone:
        delivery.status, delivery.next_try_at, delivery.ended_at = Status.FAILED, None, now
    else:
        delivery.next_try_at = now + wait_after(delivery.attempts)
    delivery.answer, delivery.http_status = outcome.answer[:ANSWER], outcome.http_status
    names = ("status", "next_try_at", "ended_at", "answer", "http_status", "payload_digest")
    ours = Delivery.objects.filter(pk=delivery.pk, status=Status.PENDING, attempts=delivery.attempts)
    patiently(ours.update, **{name: getattr(delivery, name) for name in names})
    if not delivery.test:
        patiently(_note, delivery.channel_id, outcome)
    if not outcome.sent:
        logger.warning("A notification was not delivered", delivery=str(delivery.pk), answer=delivery.answer)


def wait_after(attempts: int) -> timedelta:
    """How long until the next attempt, never twice the same: many that failed at once do not come back at once."""
    spread = 1 + random.uniform(-JITTER, JITTER)  # noqa: S311  (no secret)
    return FIRST_WAIT * float(FACTOR ** (attempts - 1)) * spread


def _note(channel_id: uuid.UUID, outcome: Outcome) -> None:
    """How long nothing but failures came of a channel; one that is gone, or fails for days, is switched off."""
    channel = Channel.objects.filter(pk=channel_id)
    if outcome.sent:
        channel.exclude(failing_since=None).update(failing_since=None)
        return
    now = timezone.now()
    channel.filter(failing_since=None).update(failing_since=now)
    if outcome.is_gone:
        reason = "Its receiver answered HTTP 410: it wants no messages any more."
    elif channel.filter(failing_since__lt=now - GIVE_UP_AFTER).exists():
        reason = f"For {GIVE_UP_AFTER.days} days nothing could be delivered. The last time: {outcome.answer}"
    else:
        return
    if channel.filter(enabled=True).update(enabled=False, disabled_reason=reason[:ANSWER]):
        logger.warning("A notification channel was switched off", channel=str(channel_id), reason=reason)
    left = Delivery.objects.filter(channel=channel_id, status=Status.PENDING)
    left.update(status=Status.FAILED, next_try_at=None, ended_at=now, collecting=False, answer=OFF)
