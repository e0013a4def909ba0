"""How large a change is: the lines added and removed, counted once, by the worker that has the new text in hand.

Lists of changes show them. To count them for a page would take a diff of two files for each row.
"""

import structlog

from backups import storage
from backups.diff import changes
from backups.models import Backup
from devices.text import decode_for_people, encode

logger = structlog.get_logger("netraven.backups")

# Of a comparison in a worker: 5 MB, where a page may take 60, for 25 of them may run at once
MAX_CELLS = 40_000_000


def measure_change(last_good: Backup | None, new: str | Backup, volatile_patterns: str) -> tuple[int, int] | None:
    """Lines added and removed since the last good backup, as the diff of the two counts them; `new` is what a device
    said, or a stored backup.

    None if there is none, if it cannot be read, or if the two are too long and too different. Raises nothing: no backup
    is to fail for its statistics.
    """
    if last_good is None:
        return None
    try:
        text = storage.read_text(new) if isinstance(new, Backup) else decode_for_people(encode(new))
        return changes(storage.read_text(last_good), text, volatile_patterns, MAX_CELLS)
    except Exception as error:  # whatever it is, the configuration is stored and good
        logger.warning("A change was not measured", device=str(last_good.device_id), error=type(error).__name__)
        return None
