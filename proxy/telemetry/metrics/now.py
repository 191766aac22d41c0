"""What is read at the moment of a scrape: values by name, written in the order of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from proxy.telemetry.instruments import INSTRUMENTS
from proxy.telemetry.metrics.counts.tally import Cell, Labels, Sample
from proxy.telemetry.metrics.declare import Instrument, Source
from proxy.telemetry.metrics.written import Form, written_cells, written_samples


@dataclass(slots=True)
class Reading:
    """Values read just now. Mutable: whoever knows something adds it."""

    samples: dict[str, list[Sample]] = field(default_factory=dict)
    cells: dict[str, list[tuple[Labels, Cell]]] = field(default_factory=dict)

    def set(self, name: str, value: float, labels: Labels = ()) -> None:
        self.samples.setdefault(name, []).append(Sample(labels, value))

    def add_cell(self, name: str, cell: Cell, labels: Labels = ()) -> None:
        self.cells.setdefault(name, []).append((labels, cell))


def written_reading(source: Source, reading: Reading, form: Form) -> str:
    """All that was read of one source, as text. What was not read is not there."""
    return "".join(_written(_of(source), reading.samples, reading.cells, form))


def _of(source: Source) -> Iterable[Instrument]:
    return (each for each in INSTRUMENTS.values() if each.source is source)


def _written(
    instruments: Iterable[Instrument],
    samples: Mapping[str, Sequence[Sample]],
    cells: Mapping[str, Sequence[tuple[Labels, Cell]]],
    form: Form,
) -> Iterable[str]:
    for instrument in instruments:
        if instrument.name in samples:
            yield written_samples(instrument, samples[instrument.name], form)
        elif instrument.name in cells:
            yield written_cells(instrument, cells[instrument.name], form)
