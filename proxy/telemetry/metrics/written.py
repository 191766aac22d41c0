"""Metrics as text: Prometheus' classic format 0.0.4, and OpenMetrics 1.0.0, which has exemplars.

Two processes answer one scrape, so a text is made of parts; the end mark comes after the last.
Source: https://prometheus.io/docs/specs/om/open_metrics_spec/ and the exposition formats page.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Final

from proxy.telemetry.metrics.counts.tally import Cell, Exemplar, Labels, Sample
from proxy.telemetry.metrics.declare import Instrument

END: Final = "# EOF\n"


class Form(enum.Enum):
    """How it is written."""

    CLASSIC = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def form_for(accept: str) -> Form:
    """The form that a request asks for. Prometheus names OpenMetrics first where it can read it."""
    return Form.OPENMETRICS if "application/openmetrics-text" in accept else Form.CLASSIC


def whole(parts: Iterable[str], form: Form) -> str:
    """Parts as one answer."""
    return "".join(parts) + (END if form is Form.OPENMETRICS else "")


def written_samples(instrument: Instrument, samples: Sequence[Sample], form: Form) -> str:
    """A counter or gauge with all its series."""
    lines = _head(instrument, form)
    for sample in samples:
        labels = _labels(instrument.labels, sample.labels)
        lines.append(f"{instrument.name}{labels} {_number(sample.value)}")
    return "\n".join(lines) + "\n"


def written_cells(instrument: Instrument, cells: Sequence[tuple[Labels, Cell]], form: Form) -> str:
    """A histogram with all its series."""
    lines = _head(instrument, form)
    bounds = [*map(_number, instrument.buckets), "+Inf"]
    has_exemplars = form is Form.OPENMETRICS and instrument.has_exemplars
    for labels, cell in cells:
        names = _inner(instrument.labels, labels)
        start = f"{instrument.name}_bucket{{{names}{',' if names else ''}le="
        below = 0
        for place, count in enumerate(cell.counts):
            below += count
            line = f'{start}"{bounds[place]}"}} {below}'
            seen = cell.exemplars.get(place) if has_exemplars else None
            lines.append(line if seen is None else line + _exemplar(seen))
        around = f"{{{names}}}" if names else ""
        lines.append(f"{instrument.name}_sum{around} {_number(cell.total)}")
        lines.append(f"{instrument.name}_count{around} {below}")
    return "\n".join(lines) + "\n"


def _head(instrument: Instrument, form: Form) -> list[str]:
    name = instrument.family if form is Form.OPENMETRICS else instrument.name
    lines = [f"# HELP {name} {_escaped(instrument.help)}", f"# TYPE {name} {instrument.kind}"]
    has_unit = bool(instrument.unit) and name.endswith(f"_{instrument.unit}")
    if form is Form.OPENMETRICS and has_unit:
        lines.append(f"# UNIT {name} {instrument.unit}")
    return lines


def _exemplar(seen: Exemplar) -> str:
    """At most 128 characters of names and values, as the specification says: 8 + 32 + 8 + 45."""
    trace = f'trace_id="{_escaped(seen.trace_id)}",' if seen.trace_id else ""
    moment = f"{seen.at_ns // 1_000_000_000}.{seen.at_ns // 1_000_000 % 1000:03d}"
    return f' # {{{trace}exchange="{_escaped(seen.exchange)}"}} {_number(seen.value)} {moment}'


def _labels(names: tuple[str, ...], values: Labels) -> str:
    inner = _inner(names, values)
    return f"{{{inner}}}" if inner else ""


def _inner(names: tuple[str, ...], values: Labels) -> str:
    pairs = zip(names, values, strict=True)
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)


def _escaped(text: str) -> str:
    if "\\" in text or '"' in text or "\n" in text:
        return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return text


def _number(value: float) -> str:
    """Whole numbers without a point; bounds of buckets with one, as the client libraries write them."""
    return repr(value)
