"""How the processes of a cluster learn that it ends, so that workers stop to claim at once.

A byte of shared memory: a lock could be held by a process that was killed.
"""

import mmap

_flag = mmap.mmap(-1, 1)  # anonymous: processes forked from here on share it


def announce_stop() -> None:
    """From now on workers finish what they have, and begin nothing."""
    _flag[0] = 1


def is_stopping() -> bool:
    """Whether this cluster ends."""
    return _flag[0] == 1
