"""One function per figure. Each measures every system in turn, round by round, so that drift hits all alike."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.cost import cpu_ns, median, quantile, rss_bytes
from tests.bench.load import (
    OpenLoop,
    Streams,
    Unary,
    idle_streams,
    run_open_loop,
    run_streams,
    run_unary,
)
from tests.bench.systems import System

US = 1e3
MS = 1e6


@dataclass(slots=True)
class Figure:
    """One line of the report: a value for each system, each the median over the rounds."""

    name: str
    unit: str
    values: dict[str, float] = field(default_factory=dict)
    rounds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, system: str, value: float) -> None:
        self.rounds.setdefault(system, []).append(value)
        self.values[system] = median(self.rounds[system])


def interleaved(systems: Sequence[System], rounds: int, measure: Callable[[System], None]) -> None:
    """Round after round, each system once per round, every other round in the reverse order."""
    for number in range(rounds):
        order = systems if number % 2 == 0 else list(reversed(systems))
        for system in order:
            measure(system)


def added_latency(
    systems: Sequence[System], rounds: int, *, body_bytes: int, count: int
) -> list[Figure]:
    """One request at a time: what each system adds to a direct connection, in the same round."""
    middle = Figure(f"added latency p50, {size_name(body_bytes)} answer, one at a time", "ms")
    tail = Figure(f"added latency p99, {size_name(body_bytes)} answer, one at a time", "ms")
    for system in systems:
        run_unary(Unary(system.port, f"/bytes/{body_bytes}", 1000, 1, max(20, count // 10)))
    for number in range(rounds):
        taken: dict[str, Unary] = {}
        for system in systems if number % 2 == 0 else reversed(systems):
            load = Unary(system.port, f"/bytes/{body_bytes}", 1000, 1, count)
            taken[system.name] = run_unary(load)
        base = taken["direct"].latencies_ns
        for name, load in taken.items():
            middle.add(name, (quantile(load.latencies_ns, 0.5) - quantile(base, 0.5)) / MS)
            tail.add(name, (quantile(load.latencies_ns, 0.99) - quantile(base, 0.99)) / MS)
    return [middle, tail]


def cpu_per_request(
    systems: Sequence[System],
    rounds: int,
    *,
    path: str,
    count: int,
    connections: int,
    settle: Callable[[System], None],
) -> list[Figure]:
    """CPU time of each process per request; the recorder's includes catching up (`settle`)."""
    cpu = Figure(f"CPU per request, {path}, {connections} connections: gateway", "µs")
    cold = Figure(f"CPU per request, {path}, {connections} connections: gateway + recorder", "µs")
    rate = Figure(f"requests per second, {path}, {connections} connections", "1/s")

    def measure(system: System) -> None:
        before = {role: cpu_ns(pid) for role, pid in system.pids.items()}
        load = run_unary(Unary(system.port, path, 1000, connections, count))
        rate.add(system.name, count / load.seconds)
        settle(system)
        used = {role: cpu_ns(pid) - before[role] for role, pid in system.pids.items()}
        if used:
            cpu.add(system.name, used["gateway"] / count / US)
            cold.add(system.name, sum(used.values()) / count / US)

    for system in systems:
        run_unary(Unary(system.port, path, 1000, connections, max(connections, count // 4)))
        settle(system)
    interleaved(systems, rounds, measure)
    return [cpu, cold, rate]


def streams(
    systems: Sequence[System], rounds: int, *, connections: int, events: int, gap_ms: int
) -> list[Figure]:
    """Streams at real cadence: first event, time under way of each event, CPU per event."""
    of = f"{connections} streams, an event every {gap_ms} ms"
    first = Figure(f"time to first event, added p50, {of}", "ms")
    transit = Figure(f"time under way per event, added p50, {of}", "ms")
    cpu = Figure(f"CPU per event, {of}: gateway", "µs")
    for number in range(rounds):
        taken: dict[str, Streams] = {}
        for system in systems if number % 2 == 0 else reversed(systems):
            before = cpu_ns(system.pids["gateway"]) if system.pids else 0
            load = Streams(system.port, f"/stream/{events}/{gap_ms}", connections)
            taken[system.name] = run_streams(load)
            if system.pids:
                used = cpu_ns(system.pids["gateway"]) - before
                cpu.add(system.name, used / (connections * events) / US)
        base = taken["direct"]
        for name, load in taken.items():
            for figure, mine, direct in (
                (first, load.first_event_ns, base.first_event_ns),
                (transit, load.transit_ns, base.transit_ns),
            ):
                figure.add(name, (quantile(mine, 0.5) - quantile(direct, 0.5)) / MS)
    return [first, transit, cpu]


def flat_out(
    systems: Sequence[System], rounds: int, *, connections: int, events: int
) -> list[Figure]:
    """Streams as fast as they come."""
    of = f"{connections} streams flat out, {events} events each"
    rate = Figure(f"events per second, {of}", "1/s")
    cpu = Figure(f"CPU per event, {of}: gateway", "µs")

    def measure(system: System) -> None:
        before = cpu_ns(system.pids["gateway"]) if system.pids else 0
        load = run_streams(Streams(system.port, f"/stream/{events}/0", connections))
        rate.add(system.name, connections * events / load.seconds)
        if system.pids:
            used = cpu_ns(system.pids["gateway"]) - before
            cpu.add(system.name, used / (connections * events) / US)

    interleaved(systems, rounds, measure)
    return [rate, cpu]


def at_a_rate(
    systems: Sequence[System], rounds: int, *, rate_per_s: float, seconds: float
) -> list[Figure]:
    """Requests at a steady rate, timed from when each was due: what each system adds in the same round."""
    of = f"1 KB answers at {rate_per_s:,.0f} a second whatever becomes of them"
    middle = Figure(f"added latency p50, {of}", "ms")
    tail = Figure(f"added latency p99, {of}", "ms")
    count = int(rate_per_s * seconds)
    for number in range(rounds):
        taken: dict[str, list[int]] = {}
        for system in systems if number % 2 == 0 else reversed(systems):
            load = OpenLoop(system.port, "/bytes/1000", 1000, rate_per_s, count)
            taken[system.name] = run_open_loop(load).latencies_ns
        base = taken["direct"]
        for name, latencies in taken.items():
            middle.add(name, (quantile(latencies, 0.5) - quantile(base, 0.5)) / MS)
            tail.add(name, (quantile(latencies, 0.99) - quantile(base, 0.99)) / MS)
    return [middle, tail]


def throughput(systems: Sequence[System], rounds: int, *, body_bytes: int) -> list[Figure]:
    """One large answer at a time."""
    figure = Figure(f"throughput, {size_name(body_bytes)} answers, one at a time", "MB/s")

    def measure(system: System) -> None:
        load = run_unary(Unary(system.port, f"/bytes/{body_bytes}", 1000, 1, 2))
        figure.add(system.name, 2 * body_bytes / load.seconds / 1e6)

    interleaved(systems, rounds, measure)
    return [figure]


def memory_per_idle_stream(systems: Sequence[System], *, count: int) -> list[Figure]:
    """Resident memory that `count` silent open streams add, per stream."""
    figure = Figure(f"memory per idle stream, {count:,} streams", "KB")
    for system in systems:
        if not system.pids:
            continue
        before = rss_bytes(system.pids["gateway"])
        with idle_streams(system.port, count):
            after = rss_bytes(system.pids["gateway"])
        figure.add(system.name, (after - before) / count / 1024)
    return [figure]


def emulator_rate(system: System, rounds: int, *, count: int) -> list[Figure]:
    """How fast the emulator answers plain creates, and what one costs it: it is every test's far end."""
    rate = Figure("emulator: unary creates per second on one core, 16 connections", "1/s")
    cpu = Figure("emulator: CPU per unary create", "µs")
    run_unary(Unary(system.port, "/v1/interactions", 200, 16, max(16, count // 4 // 16 * 16)))
    for _ in range(rounds):
        before = cpu_ns(system.pids["emulator"])
        load = run_unary(Unary(system.port, "/v1/interactions", 200, 16, count))
        rate.add(system.name, count / load.seconds)
        cpu.add(system.name, (cpu_ns(system.pids["emulator"]) - before) / count / US)
    return [rate, cpu]


def group_commit(folder: Path, *, count: int = 300) -> list[Figure]:
    """What one append of 2 KB and its fdatasync cost on the disk the journals lie on."""
    figure = Figure("one append of 2 KB + fdatasync on this disk, p50", "ms")
    path = folder / "sync-probe"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        os.posix_fallocate(descriptor, 0, 32 << 20)
        taken = []
        for _ in range(count):
            begun = time.perf_counter_ns()
            os.write(descriptor, bytes(2048))
            os.fdatasync(descriptor)
            taken.append(time.perf_counter_ns() - begun)
    finally:
        os.close(descriptor)
        path.unlink()
    figure.add("disk", quantile(taken, 0.5) / MS)
    return [figure]


def size_name(size: int) -> str:
    """1 KB, 20 KB, 64 MB."""
    return f"{size // 1_000_000} MB" if size >= 1_000_000 else f"{size // 1000} KB"
