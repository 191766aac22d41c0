"""How a metric is declared."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final


class Kind(enum.StrEnum):
    """What can be done with the numbers."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Source(enum.StrEnum):
    """Where the numbers come from."""

    FACTS = "facts"
    RECORDER = "recorder"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One metric."""

    name: str
    """As PromQL has it; of a histogram without _bucket, _sum, _count."""
    kind: Kind
    source: Source
    labels: tuple[str, ...]
    """Names out of labels.LABELS."""
    unit: str
    """seconds, bytes, tokens, usd, ...; empty: a plain count."""
    help: str
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram, without +Inf."""
    has_exemplars: bool = False

    @property
    def family(self) -> str:
        """As OpenMetrics calls it: a counter without _total."""
        return self.name.removesuffix("_total")


def doubling(first: float, count: int) -> tuple[float, ...]:
    """Bounds: each twice the one before."""
    return tuple(round(first * 2**place, 10) for place in range(count))


LONG_SECONDS: Final = (*doubling(0.01, 14), 163.84, 327.68, 655.36, 1310.72, 2621.44, 3600.0)
"""The conventions' 0.01 to 81.92, and on to an hour: agents take that long."""
FIRST_SECONDS: Final = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5),
    *(10.0, 20.0, 40.0, 80.0),
)
"""The conventions' bounds for a time to the first token, and on for slow thinkers."""
COMMIT_SECONDS: Final = doubling(0.00025, 13)
"""0.25 ms (a group commit of a fast disk) to 1 s. Pages count in these, see journal.page."""
STORE_SECONDS: Final = doubling(0.001, 14)
TOKENS: Final = tuple(float(4**power) for power in range(14))
"""As the conventions have them."""
TOKEN_RATE: Final = (5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0)
CLASSIC_SECONDS: Final = LONG_SECONDS[:14]


def counter(
    name: str, source: Source, labels: str, help_text: str, *, unit: str = ""
) -> Instrument:
    """What only grows. `labels`: names with spaces between."""
    return Instrument(name, Kind.COUNTER, source, tuple(labels.split()), unit, help_text)


def gauge(name: str, source: Source, labels: str, help_text: str, *, unit: str = "") -> Instrument:
    """What goes up and down."""
    return Instrument(name, Kind.GAUGE, source, tuple(labels.split()), unit, help_text)


def histogram(
    name: str,
    source: Source,
    labels: str,
    help_text: str,
    buckets: tuple[float, ...],
    *,
    unit: str = "seconds",
    exemplars: bool = False,
) -> Instrument:
    """How often something was below each bound, and the sum."""
    return Instrument(
        name, Kind.HISTOGRAM, source, tuple(labels.split()), unit, help_text, buckets, exemplars
    )
