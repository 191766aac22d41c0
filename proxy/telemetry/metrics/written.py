"""Metrics as text, written by Prometheus' own client library: the classic format and OpenMetrics, with exemplars.

Two processes answer one scrape, so a text is made of parts; the end mark comes after the last.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar as WrittenExemplar
from prometheus_client.samples import Timestamp

from proxy.telemetry.metrics.counts.tally import Cell, Exemplar, Labels, Sample
from proxy.telemetry.metrics.declare import Instrument, Kind

END: Final = "# EOF\n"

TraceOf = Callable[[str], str]
"""Exchange to trace id, 32 hexadecimal digits; empty: it has none."""
Bucket = tuple[str, float] | tuple[str, float, WrittenExemplar]


class Form(enum.Enum):
    """How it is written."""

    CLASSIC = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def form_for(accept: str) -> Form:
    """The form that a request asks for. Prometheus names OpenMetrics first where it can read it."""
    _, content_type = choose_encoder(accept)
    is_open = content_type.startswith("application/openmetrics-text")
    return Form.OPENMETRICS if is_open else Form.CLASSIC


class _Families(Collector):
    """What was read just now."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def written(families: Iterable[Metric], form: Form) -> str:
    """A part of an answer."""
    encode, _ = choose_encoder(form.value)
    return encode(_Families(families)).decode().removesuffix(END)


def whole(parts: Iterable[str], form: Form) -> str:
    """Parts as one answer."""
    return "".join(parts) + (END if form is Form.OPENMETRICS else "")


def no_trace(_exchange: str) -> str:
    """Where no spans are sent, an exchange has no trace but its caller's."""
    return ""


def samples_family(instrument: Instrument, samples: Sequence[Sample]) -> Metric:
    """A counter or gauge with all its series."""
    made = CounterMetricFamily if instrument.kind is Kind.COUNTER else GaugeMetricFamily
    family = made(
        instrument.family, instrument.help, labels=instrument.labels, unit=_unit(instrument)
    )
    for sample in samples:
        family.add_metric(sample.labels, sample.value)
    return family


def cells_family(
    instrument: Instrument, cells: Sequence[tuple[Labels, Cell]], trace_of: TraceOf = no_trace
) -> Metric:
    """A histogram with all its series; `trace_of` an exchange whose caller named no trace."""
    family = HistogramMetricFamily(
        instrument.family, instrument.help, labels=instrument.labels, unit=_unit(instrument)
    )
    bounds = [*map(repr, instrument.buckets), "+Inf"]
    for labels, cell in cells:
        buckets: list[Bucket] = []
        below = 0
        for place, count in enumerate(cell.counts):
            below += count
            seen = cell.exemplars.get(place) if instrument.has_exemplars else None
            bucket = bounds[place], below
            buckets.append(bucket if seen is None else (*bucket, _exemplar(seen, trace_of)))
        family.add_metric(labels, buckets, cell.total)
    return family


def _unit(instrument: Instrument) -> str:
    """Where the name ends in it: the library would add it to the name."""
    return instrument.unit if instrument.family.endswith(f"_{instrument.unit}") else ""


def _exemplar(seen: Exemplar, trace_of: TraceOf) -> WrittenExemplar:
    """At most 128 characters of names and values, as the specification says: 8 + 32 + 8 + 45."""
    found = trace_of(seen.exchange) if seen.trace_id == "" else seen.trace_id
    labels = {"trace_id": found} if found else {}
    moment = Timestamp(seen.at_ns // 1_000_000_000, seen.at_ns % 1_000_000_000)
    return WrittenExemplar({**labels, "exchange": seen.exchange}, seen.value, moment)
