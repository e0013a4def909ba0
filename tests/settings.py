"""Settings of the tests: NetRaven's own, with data in a temporary folder and short waits.

They go through the environment, so that a worker started by a test (a process of its own, with netraven.settings) has
the same. DATABASE_URL and NETRAVEN_REDIS_URL choose PostgreSQL and Redis.
"""

import atexit
import os
import shutil
import tempfile

_data_dir = tempfile.mkdtemp(prefix="netraven-test-")
atexit.register(shutil.rmtree, _data_dir, ignore_errors=True)

os.environ |= {
    "NETRAVEN_DEBUG": "1",
    "NETRAVEN_DATA_DIR": _data_dir,
    "NETRAVEN_HTTPS": "0",
    "NETRAVEN_LOG_LEVEL": "WARNING",
    "NETRAVEN_TCP_TIMEOUT": "2",
    "NETRAVEN_CONNECT_TIMEOUT": "3",
    "NETRAVEN_READ_TIMEOUT": "3",
    "NETRAVEN_DEADLINE": "20",
    "NETRAVEN_RETRY_ATTEMPTS": "2",
    "NETRAVEN_RETRY_BASE": "0.05",
    "NETRAVEN_LEASE": "4",
}
if redis_url := os.environ.get("NETRAVEN_REDIS_URL"):  # a database of its own for each process of pytest-xdist
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) + 1
    os.environ["NETRAVEN_REDIS_URL"] = f"{redis_url.rstrip('/').removesuffix('/0')}/{number}"

from netraven.settings import *  # noqa: E402, F403  (after the environment it reads)

STATIC_ROOT.mkdir()  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
