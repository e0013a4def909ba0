"""Process logs: one structured line per event on stderr, with the job and backup id that are bound to the thread."""

from typing import Any

import structlog
from structlog.typing import Processor

# Applied to structlog's own events and to what libraries log alike.
SHARED_PROCESSORS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]

# They write passwords, keys, key exchanges or whole configurations into their debug logs.
VENDOR_LOGGERS = (
    *("napalm", "netmiko", "paramiko", "ncclient", "jnpr", "pyeapi", "pyIOSXR", "urllib3", "requests"),
    *("boto3", "botocore", "s3transfer"),
)


def configure_structlog() -> None:
    """Send structlog's events through the standard library's handlers."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED_PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def logging_config(level: str, *, as_json: bool) -> dict[str, Any]:
    """Django's LOGGING setting: everything to stderr, as JSON lines or for a person to read."""
    renderer: Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processor": renderer,
                "foreign_pre_chain": SHARED_PROCESSORS,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {name: {"level": "ERROR"} for name in VENDOR_LOGGERS},
    }
