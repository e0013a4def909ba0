"""What is written down beside changes of records: one line at the place where it happens."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from auditlog.diff import model_instance_diff
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from netraven.audit import acting
from netraven.audit.changes import Changes, linked_rows, with_names
from netraven.audit.models import AuditEntry, fields_about

if TYPE_CHECKING:  # this is below the apps
    from backups.models import Backup

Action = AuditEntry.Action
BATCH = 500  # rows


def note(
    action: Action,
    subject: Model,
    *,
    user: User | None = None,
    masked: bool | None = None,
    changes: Changes | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Somebody has done this with a record: who sent the request, or `user` where there is none."""
    by = {"actor_id": user.pk, "actor_name": user.get_username()} if user and not acting.current_request() else {}
    AuditEntry.objects.log_create(
        subject,
        force_log=True,
        action=action,
        masked=masked,
        changes=changes,
        additional_data=details,
        **by,
    )


def note_reading(action: Action, *backups: "Backup", masked: bool) -> None:
    """Somebody has been given the text of a configuration, or of several that were compared; a HEAD gives none.

    Call it when the text has been read. Of two of one device, one entry tells both.
    """
    request = acting.current_request()
    if request is not None and request.method == "HEAD":
        return
    for backup in {backup.device_id: backup for backup in backups}.values():
        others = [str(other.pk) for other in backups if other.pk != backup.pk]
        note(action, backup, masked=masked, details={"with": others} if others else None)


def note_search(text: str, *, masked: bool, found: int) -> None:
    """Somebody has searched the configurations that they see.

    What for is told of a search in masked texts alone, and masked: it may be a secret that somebody looks for.
    """
    from backups.secrecy import mask_quotation

    details = {"found": found} | ({"text": mask_quotation(text)} if masked else {})
    AuditEntry.objects.create(action=Action.SEARCH_CONFIGS, masked=masked, additional_data=details)


def note_kind(action: Action, model: type[Model], **details: Any) -> None:
    """Somebody has done this with many records of a kind at once."""
    kind = ContentType.objects.get_for_model(model)
    AuditEntry.objects.create(action=action, content_type=kind, additional_data=details)


def note_created(records: Iterable[Model], field: str, linked: Mapping[Any, Sequence[Model]]) -> None:
    """Records that were created in bulk, which the library does not notice, each linked with those under its key."""
    _write(
        (
            record,
            Action.CREATE,
            (model_instance_diff(None, record, use_json_for_changes=True) or {})
            | _links(field, linked.get(record.pk, ()), added=True),
        )
        for record in records
    )


def note_linked(records: Iterable[Model], field: str, linked: Sequence[Model], *, added: bool = True) -> None:
    """Many records that were linked with these in bulk, or are not any more."""
    changes = _links(field, linked, added=added)
    _write((record, Action.UPDATE, changes) for record in records)


def _links(field: str, linked: Sequence[Model], *, added: bool) -> dict[str, Any]:
    return {field: linked_rows(linked, added=added)} if linked else {}


def _write(entries: Iterable[tuple[Model, Action, Any]]) -> None:
    by = acting.facts()
    rows = [
        AuditEntry(**by, **fields_about(record), action=action, changes=with_names(record, changes))
        for record, action, changes in entries
    ]
    AuditEntry.objects.bulk_create(rows, batch_size=BATCH)
