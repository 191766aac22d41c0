"""`make bench`: this proxy beside a direct connection and nginx, in one interleaved run.

What it does not measure: TLS, a real network, Google, more than one worker, more than one machine.
Absolute times on a shared machine prove nothing; compare within one run.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import orjson

from tests.bench import measures, systems
from tests.bench.cost import cpu_ns
from tests.bench.load import Unary, run_unary
from tests.bench.measures import Figure
from tests.bench.systems import System

RESULTS = systems.ROOT / "bench-results"


def main(arguments: list[str]) -> int:
    """Measure, print, and keep the figures as JSON."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds per figure")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="of all counts: 0.1 for a quick look"
    )
    given = parser.parse_args(arguments)
    systems.on_cpu(1)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(systems.scratch()))
        figures = _measure(folder, given.rounds, given.scale)
    conditions = _conditions(given.rounds, given.scale)
    print(_as_text(conditions, figures))
    RESULTS.mkdir(exist_ok=True)
    found = [{"name": each.name, "unit": each.unit, "values": each.values} for each in figures]
    kept = {"conditions": conditions, "figures": found}
    (RESULTS / "bench.json").write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))
    return 0


def _measure(folder: Path, rounds: int, scale: float) -> list[Figure]:
    def n(count: int) -> int:
        return max(32, int(count * scale)) // 16 * 16

    with ExitStack() as stack:
        far = stack.enter_context(systems.target())
        direct = System("direct", far, {})
        nginx = stack.enter_context(systems.nginx(far, folder))
        modes = [
            stack.enter_context(systems.proxy(mode, far, folder, mode=mode, records=True))
            for mode in ("strict", "available")
        ]
        every = [direct, nginx, *modes]
        relays = [nginx, *modes]
        figures = measures.group_commit(folder)
        # First: a worker that freed memory before would seem to need none.
        figures += measures.memory_per_idle_stream(relays, count=1008)
        for size, count in ((1000, n(500)), (20_000, n(500)), (1_000_000, n(60))):
            figures += measures.added_latency(every, rounds, body_bytes=size, count=count)
        for path in ("/bytes/1000", "/v1/interactions"):
            figures += measures.cpu_per_request(
                relays,
                rounds,
                path=path,
                count=n(6000),
                connections=16,
                settle=lambda system: _flush(folder, system),
            )
        figures += measures.streams(every, rounds, connections=50, events=n(64), gap_ms=50)
        figures += measures.throughput(every, min(rounds, 3), body_bytes=64_000_000)
    with systems.emulator() as system:
        figures += measures.emulator_rate(system, rounds, count=n(6000))
    return [*figures, *_recorder_rate(folder, n(10_000)), *_start_up(folder)]


def _recorder_rate(folder: Path, count: int) -> list[Figure]:
    """A journal of `count` interactions of five steps is there; how fast does the recorder take it in?"""
    rate = Figure(
        f"recorder: interactions of five steps per second, from a backlog of {count:,}", "1/s"
    )
    cpu = Figure("recorder: CPU per interaction", "µs")
    with ExitStack() as stack:
        far = stack.enter_context(systems.target())
        proxy = systems.proxy("backlog", far, folder, mode="strict", records=False)
        with proxy as system:
            run_unary(Unary(system.port, "/v1/interactions", 1000, 16, count))
        begun = time.perf_counter()
        recorder = stack.enter_context(systems.recorder(folder / "backlog"))
        before = cpu_ns(recorder.pids["recorder"])
        _flush(folder, recorder)
        rate.add("recorder", count / (time.perf_counter() - begun))
        cpu.add("recorder", (cpu_ns(recorder.pids["recorder"]) - before) / count / measures.US)
    return [rate, cpu]


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


def _flush(folder: Path, system: System) -> None:
    """Wait until the recorder has everything in the vault and in DuckDB."""
    if "recorder" not in system.pids:
        return
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(300)
        connection.connect(str(folder / system.name / "run" / "recorder.sock"))
        connection.sendall(b"POST /flush HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert b" 200 " in answer[:20], answer[:200]


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
        "load average": f"{os.getloadavg()[0]:.1f}",
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
