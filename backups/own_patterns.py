"""Patterns that an operator wrote: they run in a process of their own, which ends when its time is up."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence

import structlog

from backups import pattern_process
from backups.pattern_process import Span

logger = structlog.get_logger("netraven.backups")

# Processor time that all patterns together may take: for one line, and for a configuration
LINE_SECONDS = 0.2
SECONDS = 3.0
# Then the process is ended, whatever it is at: a busy machine may give it little time
PATIENCE = 20.0
KEPT_ENVIRONMENT = (
    "LD_LIBRARY_PATH",
)  # some interpreters need it; the rest, our keys among it, is no concern of theirs


def find_own(
    patterns: Sequence[str], lines: Sequence[str], *, whole_lines: bool = False
) -> dict[int, list[Span] | None]:
    """Where the secrets are, by the number of the line; None for a line on which they took too long.

    `whole_lines`: the lines in which a pattern matches anywhere, for patterns that are not about secrets.

    When the process fails, for whatever reason, that is every line: nothing may be shown unread.
    """
    limits = {"line_seconds": LINE_SECONDS, "seconds": SECONDS}
    job = limits | {"patterns": patterns, "lines": lines, "whole_lines": whole_lines}
    try:
        done = subprocess.run(  # noqa: S603  (our own script)
            [sys.executable, "-I", "-S", pattern_process.__file__],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
            env={name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ},
        )
        found = {int(number): _spans(spans) for number, spans in json.loads(done.stdout).items()}
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        logger.error("Patterns cannot be used: every line counts as matched", reason=type(error).__name__)
        return dict.fromkeys(range(len(lines)))
    if slow := sum(spans is None for spans in found.values()):
        logger.warning("Patterns took too long: these lines count as matched whole", lines=slow)
    return found


def _spans(spans: list[list[int]] | None) -> list[Span] | None:
    return None if spans is None else [(start, end) for start, end in spans]
