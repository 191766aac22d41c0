"""How a dashboard is declared: rows of panels, each with its question, its unit and its query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

SCOPE: Final = 'instance=~"$instance"'
"""Which proxies a panel is about: every metric is asked with it."""

Look = Literal["stat", "lines", "stacked", "heatmap", "bars", "table", "states", "nodes", "text"]


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression, and what its series are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Shipped:
    """A shipped query of the audit API, with its parameters; Grafana fills in `${...}`."""

    name: str
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """One question with its answer."""

    title: str
    about: str
    """What it shows, and what to do about it: the panel's description."""
    look: Look
    queries: tuple[Query | Shipped, ...]
    unit: str = "short"
    steps: tuple[tuple[float, str], ...] = ()
    """From this value on, this colour; the colour before is green."""
    width: int = 12
    height: int = 8
    exemplars: bool = False
    empty: str = "nothing yet"
    most: float | None = None
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    has_models: bool = False
    """Has a variable for the model."""
    has_audit: bool = False
    """Has panels that ask the audit API."""
    begins: str = "now-6h"

    @property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for row in self.rows for panel in row.panels)


def rate(metric: str, labels: str = "") -> str:
    """Of a counter, per second."""
    return f"rate({selected(metric, labels)}[$__rate_interval])"


def grown(metric: str, labels: str = "", within: str = "$__range") -> str:
    """By how much a counter grew in the span that is shown."""
    return f"increase({selected(metric, labels)}[{within}])"


def selected(metric: str, labels: str = "") -> str:
    """A metric of the proxies that are looked at."""
    return f"{metric}{{{', '.join(part for part in (SCOPE, labels) if part)}}}"


def quantile(share: float, metric: str, by: str = "", labels: str = "") -> str:
    """Of a histogram, by the labels named."""
    per = ", ".join(["le", *by.split()])
    return f"histogram_quantile({share}, sum by ({per}) ({rate(metric + '_bucket', labels)}))"


def heat(metric: str, labels: str = "") -> str:
    """Of a histogram, for a heat map."""
    return f"sum by (le) ({grown(metric + '_bucket', labels, '$__rate_interval')})"


def or_nothing(expr: str) -> str:
    """Zero where no series is there yet."""
    return f"({expr}) or vector(0)"


def total(metric: str, by: str = "", labels: str = "") -> str:
    """Sum of the rates of a counter, by the labels named."""
    per = f" by ({by})" if by else ""
    return f"sum{per} ({rate(metric, labels)})"


def count(metric: str, labels: str = "", by: str = "", within: str = "$__range") -> str:
    """By how much a counter grew in all, by the labels named; zero where nothing is there."""
    if by:
        return f"sum by ({by}) ({grown(metric, labels, within)})"
    return or_nothing(f"sum({grown(metric, labels, within)})")


def share(part: str, whole: str, least: str = "0.001") -> str:
    """A part of a whole that may be nothing."""
    return f"({part}) / clamp_min({whole}, {least})"
