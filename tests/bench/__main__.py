"""`make bench`: this proxy beside a direct connection and nginx, in one interleaved run; and LiteLLM's gateway, where
`make peers` installed it.

Leaves bench-results/bench.txt, bench.json (every round) and bench.svg. Absolute times on a shared machine prove nothing;
compare within one run.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import orjson

from tests.bench import asking, measures, systems
from tests.bench.chart import Chart, as_svg
from tests.bench.cost import cpu_ns, quantile
from tests.bench.load import OpenLoop, Unary, run_open_loop, run_unary
from tests.bench.measures import Figure
from tests.bench.systems import System

RESULTS = systems.ROOT / "bench-results"
NOT_MEASURED = "TLS, a real network, Google, more than one worker or machine, gateways but LiteLLM; the kernel's own threads that write for us"
PEER_PART = 10
"""So many times fewer requests through a gateway that takes so much longer."""
IDLE_STREAMS = (1008, 5008)
PAIRS_LEAST = 7
"""Rounds of what is read at the tail."""
STEADY_S = 3.0
CHARTED = (
    "CPU per request, /bytes/1000",
    "CPU per event, 50 streams, an event",
    "added latency p50, 1 KB",
)


def main(arguments: list[str]) -> int:
    """Measure, print, and keep the figures as JSON."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds per figure")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="of all counts: 0.1 for a quick look"
    )
    given = parser.parse_args(arguments)
    systems.on_cpu(1)
    systems.with_many_files()
    conditions = _conditions(given.rounds, given.scale)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(systems.scratch()))
        figures = _measure(folder, given.rounds, given.scale)
    conditions["load average after"] = f"{os.getloadavg()[0]:.1f}"
    _keep(conditions, figures)
    return 0


def _keep(conditions: dict[str, str], figures: list[Figure]) -> None:
    """Print, and leave as text, as JSON and as a picture."""
    RESULTS.mkdir(exist_ok=True)
    text = _as_text(conditions, figures)
    print(text)
    (RESULTS / "bench.txt").write_text(text + "\n")
    found = [
        {"name": each.name, "unit": each.unit, "values": each.values, "rounds": each.rounds}
        for each in figures
    ]
    kept = {"conditions": conditions, "figures": found}
    (RESULTS / "bench.json").write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))
    charts = [
        Chart(
            each.name, each.unit, {name: value for name, value in each.values.items() if value > 0}
        )
        for start in CHARTED
        for each in figures
        if each.name.startswith(start) and "recorder" not in each.name
    ]
    (RESULTS / "bench.svg").write_text(as_svg(charts, "  ".join(conditions.values())))


def _measure(folder: Path, rounds: int, scale: float) -> list[Figure]:
    def n(count: int) -> int:
        return max(32, int(count * scale)) // 16 * 16

    with ExitStack() as stack:
        far = stack.enter_context(systems.target())
        # First, each in processes of its own: who freed memory before would seem to need none.
        figures = measures.group_commit(folder)
        for count in sorted({n(count) for count in IDLE_STREAMS}):
            figures += _idle(folder, far, count)
        figures += _passing(folder, far, rounds, n, PAIRS_LEAST if scale >= 1 else rounds)
        figures += _peers(folder, far, rounds, n(6000) // PEER_PART)
    with systems.emulator() as system:
        figures += measures.emulator_rate(system, rounds, count=n(6000))
    rates = _recorder_rate(folder, n(10_000))
    half = rates[0].values["recorder"] / 2
    return [*figures, *rates, _lag(folder, half, n(6000)), *_start_up(folder)]


def _passing(
    folder: Path, far: int, rounds: int, n: Callable[[int], int], pairs: int
) -> list[Figure]:
    """What passes through, beside what passes directly and through nginx."""
    figures: list[Figure] = []
    with ExitStack() as stack:
        direct = System("direct", far, {})
        nginx = stack.enter_context(systems.nginx(far, folder))
        modes = [
            stack.enter_context(systems.proxy(name, far, folder, mode=mode, records=records))
            for name, mode, records in (
                ("strict", "strict", True),
                ("available", "available", True),
                ("recorder-off", "strict", False),
            )
        ]
        every, relays = [direct, nginx, *modes], [nginx, *modes]
        for size, count in ((1000, n(500)), (20_000, n(500)), (1_000_000, n(60))):
            figures += measures.added_latency(every, rounds, body_bytes=size, count=count)
        for path in ("/bytes/1000", "/v1/interactions"):
            figures += measures.cpu_per_request(
                relays,
                rounds,
                path=path,
                count=n(6000),
                connections=16,
                settle=lambda system: _settle(folder, system),
            )
        capacity = next(
            each.values["strict"] for each in figures if each.name.startswith("requests per second")
        )
        figures += measures.at_a_rate(every, pairs, rate_per_s=capacity / 2, seconds=STEADY_S)
        figures += measures.streams(every, rounds, connections=50, events=n(64), gap_ms=50)
        figures += measures.flat_out(every, rounds, connections=50, events=n(400))
        figures += measures.throughput(every[:-1], min(rounds, 3), body_bytes=64_000_000)
    return figures


def _peers(folder: Path, far: int, rounds: int, count: int) -> list[Figure]:
    """Another gateway, where it is installed, beside nginx and a proxy of ours that records."""
    program = systems.litellm_program()
    if program is None:
        return []
    home = folder / "peers"
    home.mkdir()
    with ExitStack() as stack:
        relays = [
            stack.enter_context(systems.nginx(far, home)),
            stack.enter_context(systems.proxy("strict", far, home, mode="strict", records=True)),
            stack.enter_context(systems.litellm(program, far, home)),
        ]
        figures = measures.cpu_per_request(
            relays,
            rounds,
            path="/bytes/1000",
            count=max(160, count // 16 * 16),
            connections=16,
            settle=lambda system: _settle(home, system),
        )
    for figure in figures:
        figure.name = f"beside LiteLLM: {figure.name}"
    return figures


def _idle(folder: Path, far: int, count: int) -> list[Figure]:
    """Memory of silent streams."""
    home = folder / f"idle-{count}"
    home.mkdir()
    with ExitStack() as stack:
        relays = [
            stack.enter_context(systems.nginx(far, home)),
            stack.enter_context(systems.proxy("strict", far, home, mode="strict", records=False)),
        ]
        return measures.memory_per_idle_stream(relays, count=count)


def _recorder_rate(folder: Path, count: int) -> list[Figure]:
    """A journal of `count` interactions of five steps is there; how fast does the recorder take it in?"""
    rate = Figure(
        f"recorder: interactions of five steps per second, from a backlog of {count:,}", "1/s"
    )
    cpu = Figure("recorder: CPU per interaction", "µs")
    data = folder / "backlog"
    with ExitStack() as stack:
        far = stack.enter_context(systems.target())
        with systems.proxy("backlog", far, folder, mode="strict", records=False) as system:
            run_unary(Unary(system.port, "/v1/interactions", 1000, 16, count))
        recorder = stack.enter_context(systems.recorder(data))
        pid = recorder.pids["recorder"]
        # It may have begun before it was ready: what it had then is not counted.
        before, begun, had = cpu_ns(pid), time.perf_counter(), asking.exchanges(data)
        asking.flush(data)
        taken = count - had
        rate.add("recorder", taken / (time.perf_counter() - begun))
        cpu.add("recorder", (cpu_ns(pid) - before) / taken / measures.US)
    return [rate, cpu]


def _lag(folder: Path, rate_per_s: float, count: int) -> Figure:
    """How far the recorder is behind, at half of what it can take."""
    figure = Figure(f"recorder: lag p99 at {rate_per_s:,.0f} interactions a second", "ms")
    with ExitStack() as stack:
        far = stack.enter_context(systems.target())
        system = stack.enter_context(systems.proxy("lag", far, folder, mode="strict", records=True))
        run_unary(Unary(system.port, "/v1/interactions", 1000, 16, 320))
        asking.flush(folder / "lag")
        with asking.lags_ms(folder / "lag") as found:
            run_open_loop(OpenLoop(system.port, "/v1/interactions", 1000, rate_per_s, count))
        figure.add("recorder", quantile(found, 0.99))
    return figure


def _start_up(folder: Path) -> list[Figure]:
    """From the command to the first proxied answer."""
    figure = Figure("start-up to first proxied request", "s")
    with ExitStack() as stack:
        far = stack.enter_context(systems.target())
        begun = time.perf_counter()
        system = stack.enter_context(
            systems.proxy("start-up", far, folder, mode="strict", records=True)
        )
        connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=30)
        connection.request("GET", "/bytes/100")
        connection.getresponse().read()
        figure.add("strict", time.perf_counter() - begun)
        connection.close()
    return [figure]


def _settle(folder: Path, system: System) -> None:
    """Wait until the recorder of a system, if it has one, has everything."""
    if "recorder" in system.pids:
        asking.flush(folder / system.name)


def _conditions(rounds: int, scale: float) -> dict[str, str]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, Linux {platform.release()}",
        "python": platform.python_version(),
        "commit": commit.stdout.strip(),
        "rounds": str(rounds),
        "scale": str(scale),
        "load average before": f"{os.getloadavg()[0]:.1f}",
        "not measured": NOT_MEASURED,
    }


def _as_text(conditions: dict[str, str], figures: list[Figure]) -> str:
    lines = ["  ".join(f"{key}: {value}" for key, value in conditions.items()), ""]
    for figure in figures:
        base = figure.values.get("nginx")
        cells = []
        for name, value in figure.values.items():
            ratio = (
                f" ({value / base:.2f} x nginx)" if base and name != "nginx" and base > 0 else ""
            )
            cells.append(
                f"{name} {value:,.3g}{ratio}" if value < 1000 else f"{name} {value:,.0f}{ratio}"
            )
        lines.append(f"{figure.name} [{figure.unit}]")
        lines.append("    " + " · ".join(cells))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
