"""Metrics as Prometheus' own parsers read them."""

from __future__ import annotations

from prometheus_client import Metric
from prometheus_client.openmetrics import parser as open_parser
from prometheus_client.parser import text_string_to_metric_families


def classic_families(text: str) -> list[Metric]:
    return list(text_string_to_metric_families(text))


def open_families(text: str) -> list[Metric]:
    """Raises ValueError: not OpenMetrics."""
    return list(open_parser.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


def sums(families: list[Metric]) -> dict[str, float]:
    """Sample name to the sum over all its series."""
    found: dict[str, float] = {}
    for family in families:
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found
