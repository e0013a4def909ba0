"""Events in words, for mails."""

from typing import TYPE_CHECKING, Any

from backups.models import Backup, EventKind

if TYPE_CHECKING:
    from backups.notifications.messages import Message

REASONS = dict(Backup.FailureReason.choices)
LONGEST = 150  # characters of a subject


def subject(message: "Message") -> str:
    """One line, whatever a host is called."""
    return f"[NetRaven] {_one_line(_subject(message))[:LONGEST]}"


def sentence(event: dict[str, Any]) -> str:
    """What happened, without the device's name."""
    match event["event"]:
        case EventKind.FAILED:
            why = REASONS.get(event["reason"], event["reason"])
            return f"backup failed: {why}. {event['message']}".rstrip()
        case EventKind.STALE:
            last = f"the last was on {event['last_good_at']}" if event["last_good_at"] else "there has been none"
            return f"stale: no good backup within {event['within_hours']} h, {last}"
        case EventKind.RECOVERED:
            return "its backups are good again"
    number = f", version {event['version']}" if event["version"] else ""
    if event["lines_added"] is None:
        return f"configuration changed{number}"
    return f"configuration changed{number}: {event['lines_added']} lines added, {event['lines_removed']} removed"


def _subject(message: "Message") -> str:
    if message.delivery.test:
        return "Test message"
    total = sum(message.counts.values())
    if total == 1 and message.events:
        (event,) = message.events
        what = "backup failed" if event["event"] == EventKind.FAILED else sentence(event).partition(":")[0]
        return f"{event['device']['hostname']}: {what}"
    return ", ".join(f"{number} {kind}" for kind, number in message.counts.items() if number) or "Nothing happened"


def _one_line(text: str) -> str:
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
