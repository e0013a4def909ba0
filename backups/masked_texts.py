"""Masked texts, kept ready: masking takes ten times as long as reading what is masked already.

They are files in a folder of this host, compressed, which may be deleted at any time. There is no secret in them. The
name of a file is a keyed digest of all that its text depends on: the stored bytes, the platform's patterns, the
installation's key, and the code that masks. What is looked up never depends on what somebody searches for.
"""

import hashlib
import hmac
import os
import re
import tempfile
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from backups import blocks, masking, own_patterns, pattern_process, safety_net
from devices import secret_patterns

CODE = (blocks, masking, own_patterns, pattern_process, safety_net, secret_patterns)
PRUNE_EVERY = 500  # files written by this process
LEFT = 0.8  # of the room, after pruning
USED_EVERY = 86_400  # seconds: so exactly a file's time tells when it was used last
# When the patterns of an operator could not be used, every line is masked: next time they may be.
NOTHING_LEFT = re.compile(rb"[\s\"']*(?:<secret:[0-9a-f]{8}>[\s\"']*)+")

_written = 0


def masked_text(content_hash: str, patterns: str, key: bytes, make: Callable[[], bytes]) -> bytes:
    """The masked text of the bytes with this hash: the one that is kept, else a new one."""
    room = settings.NETRAVEN["MASKED_TEXTS_MB"] * 1_000_000
    if not room:
        return make()
    name = hmac.new(key, f"{content_hash}\0{_code_digest()}\0{patterns}".encode(), "sha256").hexdigest()
    path = folder() / name[:2] / name
    kept = _read(path)
    if kept is not None:
        return kept
    text = make()
    if not NOTHING_LEFT.fullmatch(text):
        with suppress(OSError):  # a full disk, or a folder that is not ours: then nothing is kept
            _write(path, text, room)
    return text


def folder() -> Path:
    """Where they are."""
    return Path(settings.DATA_DIR) / "masked"


def prune(room: int) -> None:
    """Delete those that were not used for the longest time, if all together take more than `room` bytes."""
    files = [(found.st_mtime, found.st_size, path) for path in folder().glob("??/*") if (found := _stat(path))]
    total = sum(size for _, size, _ in files)
    if total <= room:
        return
    for _, size, path in sorted(files):
        path.unlink(missing_ok=True)
        total -= size
        if total <= room * LEFT:
            return


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            used = os.fstat(file.fileno()).st_mtime
            text = zlib.decompress(file.read())
    except (OSError, zlib.error):
        return None
    if time.time() - used > USED_EVERY:
        with suppress(OSError):
            os.utime(path)
    return text


def _write(path: Path, text: bytes, room: int) -> None:
    global _written
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(zlib.compress(text, 1))
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
    _written += 1
    if _written % PRUNE_EVERY == 1:
        prune(room)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


@lru_cache(maxsize=1)
def _code_digest() -> str:
    """Another release that masks more must not show what an older one has kept."""
    sources = [Path(module.__file__ or "").read_bytes() for module in CODE]
    return hashlib.sha256(b"\0".join(sources)).hexdigest()
