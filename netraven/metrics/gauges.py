"""Gauges in one line each."""

from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client.metrics_core import GaugeMetricFamily


def gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    """`netraven_NAME`, a single number."""
    return GaugeMetricFamily(f"netraven_{name}", about, value)


def gauges(name: str, about: str, labels: Sequence[str], values: Mapping[Any, float]) -> GaugeMetricFamily:
    """`netraven_NAME{label="..."}`, each number by the tuple of its labels' values."""
    family = GaugeMetricFamily(f"netraven_{name}", about, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
