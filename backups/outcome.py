"""What comes of a backup, between the thread that talks to the device and the one that records it."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from backups.models import Backup
from devices.host_keys import ShownKey

if TYPE_CHECKING:  # importing these for real loads NAPALM, which a web server does not need
    from devices.connection import Facts
    from devices.login import Offer


@dataclass(frozen=True)
class Content:
    """A stored configuration: where it is, its size in bytes, its two hashes."""

    file_path: str
    size: int
    content_hash: str
    change_hash: str


@dataclass(frozen=True)
class Answer:
    """What the device said to a credential: the last word, if it was connected to more than once."""

    credential_id: uuid.UUID
    tag_id: uuid.UUID | None
    accepted: bool
    time: datetime


@dataclass
class Outcome:
    """What came of a backup: facts and content if it is good, else a reason, and perhaps content kept aside."""

    backup: Backup
    facts: "Facts | None" = None
    content: Content | None = None
    reason: Backup.FailureReason | None = None
    error: str = ""
    last_good: Backup | None = None
    change: tuple[int, int] | None = None  # lines added and removed since that one, if there are any and they are known
    shown: list[ShownKey] = field(default_factory=list)  # host keys that are news
    lost: bool = False  # not recorded: another worker has the backup now
    answers: dict[uuid.UUID, Answer] = field(default_factory=dict)  # by credential, in the order they were tried in

    def note_answer(self, offer: "Offer", *, accepted: bool) -> None:
        """The device has accepted a log-in, or rejected it."""
        pk = offer.credential.pk
        self.answers[pk] = Answer(pk, offer.tag_id, accepted, timezone.now())
