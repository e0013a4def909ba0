"""All metrics, in the format that the scraper wants."""

import platform
from collections.abc import Iterator

import django
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from netraven import __version__
from netraven.metrics import devices, outcomes, work


class Records(Collector):
    """Everything, as the records are now: about a dozen queries, none of which grows with the number of backups."""

    def collect(self) -> Iterator[Metric]:
        """The families, each with its help."""
        versions = {"version": __version__, "python": platform.python_version(), "django": django.get_version()}
        yield InfoMetricFamily("netraven_build", "The versions that run.", versions)
        yield from outcomes.families()
        yield from work.families()
        yield from devices.families()


def expose(accept: str = "") -> tuple[bytes, str]:
    """The text and its content type: OpenMetrics for those whose Accept header names it, else Prometheus' own."""
    registry = CollectorRegistry()
    registry.register(Records())
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type
