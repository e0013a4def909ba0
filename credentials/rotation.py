"""Encrypt every stored secret anew with the first key."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import Model

from credentials.fields import Ciphertext, SecretUnreadable, decrypt, encrypt
from credentials.stored import ModelClass, ciphertexts, first_key, with_ciphertexts

BATCH_SIZE = 200


@dataclass
class Rotation:
    """How far it came; counts of rows."""

    rotated: int = 0
    current: int = 0
    unreadable: list[str] = field(default_factory=list)


def rotate(model: ModelClass, names: list[str], *, dry_run: bool = False) -> Iterator[Rotation]:
    """Rotate a model batch by batch, each in its own transaction; yields the counts after each.

    Rows stay locked from reading to writing, so an edit made meanwhile is not lost. What is under the first key is left
    alone: after an interruption the next run goes on where this one stopped.
    """
    progress = Rotation()
    last: uuid.UUID | int | None = None
    while True:
        with transaction.atomic():
            rows = with_ciphertexts(model._default_manager.order_by("pk"), names)
            if last is not None:
                rows = rows.filter(pk__gt=last)
            if not dry_run:
                rows = rows.select_for_update()
            batch = list(rows[:BATCH_SIZE])
            for row in batch:
                _rotate_row(row, names, progress, dry_run)
        if not batch:
            return
        last = batch[-1].pk
        yield progress


def _rotate_row(row: Model, names: list[str], progress: Rotation, dry_run: bool) -> None:
    changes: dict[str, Ciphertext] = {}
    for name, token in ciphertexts(row, names).items():
        try:
            if not _is_under_first_key(token):
                changes[name] = Ciphertext(encrypt(decrypt(token)))
        except SecretUnreadable:
            progress.unreadable.append(f"{row._meta.label} {row.pk}, {name}")
    if not changes:
        progress.current += 1
        return
    if not dry_run:
        type(row)._default_manager.filter(pk=row.pk).update(**changes)
    progress.rotated += 1


def _is_under_first_key(token: str) -> bool:
    try:
        first_key().decrypt(token)
    except InvalidToken:
        return False
    return True
