"""CPU time, memory and start of our processes, as Prometheus' client library reads /proc."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import ProcessCollector


@dataclass(frozen=True, slots=True)
class ProcessReading:
    """One process at one moment."""

    cpu_s: float
    resident_bytes: int
    started_at_s: float
    """Since 1970."""


def read_processes(pids: Mapping[str, int]) -> dict[str, ProcessReading]:
    """By the same names; those that are gone are left out."""
    found = {name: _read(pid) for name, pid in pids.items() if pid > 0}
    return {name: reading for name, reading in found.items() if reading is not None}


def _read(pid: int) -> ProcessReading | None:
    collector = ProcessCollector(pid=lambda: pid, registry=None)
    told = {one.name: one.value for family in collector.collect() for one in family.samples}
    try:
        return ProcessReading(
            cpu_s=told["process_cpu_seconds_total"],
            resident_bytes=int(told["process_resident_memory_bytes"]),
            started_at_s=told["process_start_time_seconds"],
        )
    except KeyError:
        return None
