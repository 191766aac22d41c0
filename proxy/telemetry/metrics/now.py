"""What is read at the moment of a scrape: values by name, told in the order of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from prometheus_client import Metric

from proxy.telemetry.instruments import INSTRUMENTS
from proxy.telemetry.metrics.counts.tally import Cell, Labels, Sample
from proxy.telemetry.metrics.declare import Source
from proxy.telemetry.metrics.written import cells_family, samples_family


@dataclass(slots=True)
class Reading:
    """Values read just now. Mutable: whoever knows something adds it."""

    samples: dict[str, list[Sample]] = field(default_factory=dict)
    cells: dict[str, list[tuple[Labels, Cell]]] = field(default_factory=dict)

    def set(self, name: str, value: float, labels: Labels = ()) -> None:
        self.samples.setdefault(name, []).append(Sample(labels, value))

    def add_cell(self, name: str, cell: Cell, labels: Labels = ()) -> None:
        self.cells.setdefault(name, []).append((labels, cell))


def families_of(source: Source, reading: Reading) -> Iterator[Metric]:
    """All that was read of one source. What was not read is not there."""
    for name, instrument in INSTRUMENTS.items():
        if instrument.source is not source:
            continue
        if name in reading.samples:
            yield samples_family(instrument, reading.samples[name])
        elif name in reading.cells:
            yield cells_family(instrument, reading.cells[name])
