"""Where counts are kept: plain numbers by label values, which can be saved, restored and written out.

Not the client library's objects: its counters cannot be set to where they were before a restart, and
each of them takes a lock. One thread adds; who reads meanwhile holds the same lock for a whole batch.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from proxy.telemetry.metrics.declare import Instrument

Labels = tuple[str, ...]
"""Values, in the order of Instrument.labels."""

PICO: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One exchange that a bucket counted: the way from a number to what happened."""

    trace_id: str
    """Empty: the caller named no trace."""
    exchange: str
    value: float
    at_ns: int
    """Wall clock."""


@dataclass(slots=True)
class Sample:
    """A counter or a gauge with its label values."""

    labels: Labels
    value: float


@dataclass(slots=True)
class Cell:
    """A histogram with its label values. Mutable."""

    counts: list[int]
    """Of each bucket alone, the last one without bound."""
    total: float = 0.0
    exemplars: dict[int, Exemplar] = field(default_factory=dict)
    """The latest of each bucket."""

    def observe(self, bounds: tuple[float, ...], value: float) -> int:
        """Count one; returns the place of its bucket."""
        place = bisect_left(bounds, value)
        self.counts[place] += 1
        self.total += value
        return place


def new_cell(bounds: tuple[float, ...]) -> Cell:
    """An empty histogram with these upper bounds."""
    return Cell([0] * (len(bounds) + 1))


class Counts:
    """A counter or gauge by label values."""

    __slots__ = ("instrument", "scale", "values")

    def __init__(self, instrument: Instrument, scale: float = 1.0) -> None:
        """`scale`: what one stands for; whole numbers add up exactly."""
        self.instrument = instrument
        self.scale = scale
        self.values: dict[Labels, int] = {}

    def add(self, labels: Labels, amount: int = 1) -> None:
        self.values[labels] = self.values.get(labels, 0) + amount

    def samples(self) -> list[Sample]:
        return [Sample(labels, value * self.scale) for labels, value in self.values.items()]


class Distribution:
    """A histogram by label values."""

    __slots__ = ("bounds", "cells", "instrument")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.bounds = instrument.buckets
        self.cells: dict[Labels, Cell] = {}

    def observe(
        self, labels: Labels, value: float, seen: tuple[str, str, int] | None = None
    ) -> None:
        """`seen`: trace id, exchange and wall clock (ns) of the one observed."""
        cell = self.cells.get(labels)
        if cell is None:
            cell = self.cells[labels] = new_cell(self.bounds)
        place = cell.observe(self.bounds, value)
        if seen is not None:
            cell.exemplars[place] = Exemplar(seen[0], seen[1], value, seen[2])


Series = Counts | Distribution


class Tally:
    """All series of some instruments; the catalogue says which there are."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._instruments = {each.name: each for each in instruments}
        self.series: dict[str, Series] = {}

    def counts(self, name: str, scale: float = 1.0) -> Counts:
        """The series of a counter or gauge; made when it is asked for."""
        made = self.series[name] = Counts(self._instruments[name], scale)
        return made

    def distribution(self, name: str) -> Distribution:
        """The series of a histogram; made when it is asked for."""
        made = self.series[name] = Distribution(self._instruments[name])
        return made

    def to_json(self) -> dict[str, Any]:
        """What a restart goes on from; exemplars are not among it."""
        return {
            name: [[list(labels), value] for labels, value in series.values.items()]
            if isinstance(series, Counts)
            else [[list(labels), cell.counts, cell.total] for labels, cell in series.cells.items()]
            for name, series in self.series.items()
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Set every series to what was saved; one that this release does not have is left out.

        Raises:
            ValueError, TypeError: not what to_json gives.
        """
        for name, series in self.series.items():
            rows = saved.get(name, [])
            if isinstance(series, Counts):
                series.values = {tuple(labels): int(value) for labels, value in rows}
            else:
                series.cells = _cells(series, rows)


def _cells(series: Distribution, rows: list[Any]) -> dict[Labels, Cell]:
    places = len(series.bounds) + 1
    return {
        tuple(labels): Cell([int(count) for count in counts], float(total))
        for labels, counts, total in rows
        if len(counts) == places  # other bounds in another release: it begins anew
    }
