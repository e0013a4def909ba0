"""Where the libraries under NAPALM burn processor time for nothing, and the same answers without it.

Both were found by profiling backups of IOS devices; together they were a third of what NAPALM costs there.
"""

import hmac
from collections.abc import Iterable

import napalm.base.helpers
import napalm.ios.ios
import napalm.nxos.nxos
import paramiko.util


def any_of(patterns: Iterable[str]) -> str:
    """A regular expression for one of the patterns.

    NAPALM's own adds an empty alternative: it matches at each of 30,000 characters, to replace nothing by nothing.
    """
    return f"(?:{'|'.join(patterns)})"


def use_shortcuts() -> None:
    """Have the libraries take these, from now on, in the whole process."""
    for module in (napalm.base.helpers, napalm.ios.ios, napalm.nxos.nxos):
        module.generate_regex_or = any_of
    # paramiko compares the checksum of each packet byte by byte in Python; this one is in C, and as blind to timing.
    paramiko.util.constant_time_bytes_eq = hmac.compare_digest
