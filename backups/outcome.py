"""What comes of a backup, between the thread that talks to the device and the one that records it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backups.models import Backup
from devices.host_keys import ShownKey

if TYPE_CHECKING:  # importing it for real loads NAPALM, which a web server does not need
    from devices.connection import Facts


@dataclass(frozen=True)
class Content:
    """A stored configuration: where it is, its size in bytes, its two hashes."""

    file_path: str
    size: int
    content_hash: str
    change_hash: str


@dataclass
class Outcome:
    """What came of a backup: facts and content if it is good, else a reason, and perhaps content kept aside."""

    backup: Backup
    facts: "Facts | None" = None
    content: Content | None = None
    reason: Backup.FailureReason | None = None
    error: str = ""
    last_good: Backup | None = None
    shown: list[ShownKey] = field(default_factory=list)  # host keys that are news
    lost: bool = False  # not recorded: another worker has the backup now
