"""Signs of life, from the processes of a cluster to the one that watches them."""

import os
import time
from contextlib import suppress
from typing import Any

from django_q.signals import post_execute, post_execute_in_worker, pre_execute

BEGAN, ENDED, SAVED = b"began", b"ended", b"saved"
CHUNK = 65536  # bytes


class Signs:
    """A pipe that processes forked later write to: each line is written whole, and nobody who is killed can block it.

    `busy` are the ids of worker processes with a task in hand; `last_task` and `last_result` say when one was begun and
    when one was saved, on the monotonic clock.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._rest = b""
        self.busy: set[int] = set()
        self.last_task = self.last_result = time.monotonic()
        for signal, word in ((pre_execute, BEGAN), (post_execute_in_worker, ENDED), (post_execute, SAVED)):
            signal.connect(self._writer_of(word), weak=False)

    def listen(self) -> None:
        """Take in what was told since the last time."""
        with suppress(BlockingIOError):
            while told := os.read(self._reader, CHUNK):
                *lines, self._rest = (self._rest + told).split(b"\n")
                for line in lines:
                    self._note(*line.split())

    def _note(self, word: bytes, pid: bytes) -> None:
        if word == BEGAN:
            self.busy.add(int(pid))
            self.last_task = time.monotonic()
        elif word == ENDED:
            self.busy.discard(int(pid))
        else:
            self.last_result = time.monotonic()

    def _writer_of(self, word: bytes) -> Any:
        def tell(**_: object) -> None:
            with suppress(OSError):  # full, for nobody reads it any more: no reason to fail a task
                os.write(self._writer, b"%s %d\n" % (word, os.getpid()))

        return tell
