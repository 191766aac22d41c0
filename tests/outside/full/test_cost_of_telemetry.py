"""What telemetry costs a caller: spans exported and metrics scraped each second, against neither.

The gateway's CPU time per request is counted by the kernel, of the same number of requests in each of many
interleaved rounds. What cannot be switched off is in both: the numbers a worker keeps on its page.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests.bench.cost import cpu_ns
from tests.end_to_end.scraping import scrape
from tests.end_to_end.stage import Emulator, Proxy

ROUNDS: Final = int(os.environ.get("TELEMETRY_ROUNDS", "7"))
REQUESTS: Final = int(os.environ.get("TELEMETRY_REQUESTS", "400"))
"""In each half of a round."""
WARM_UP: Final = 300
SCRAPE_EACH_S: Final = 1.0
"""Fifteen times as often as Prometheus does by default."""
CPU_RATIO_MAX: Final = 1.03
P50_RATIO_MAX: Final = 1.03
"""What the same proxy differs from itself by, on a quiet machine."""
BODY: Final = json.dumps({"model": "gemini-3-flash-preview", "input": "Hello"})


@dataclass
class Half:
    """One proxy's part of the rounds."""

    proxy: Proxy
    cpu_us: list[float] = field(default_factory=list)
    """Of the gateway, per request, by round."""
    p50_s: list[float] = field(default_factory=list)

    def play(self, count: int) -> None:
        connection = http.client.HTTPConnection(*self.proxy.address, timeout=60)
        headers = {"x-goog-api-key": "made-up", "Content-Type": "application/json"}
        (pid,) = self.proxy.gateways()
        durations = []
        used = cpu_ns(pid)
        for _ in range(count):
            began = time.perf_counter()
            connection.request("POST", "/v1beta/interactions", BODY, headers)
            response = connection.getresponse()
            response.read()
            durations.append(time.perf_counter() - began)
            assert response.status == 200
        self.cpu_us.append((cpu_ns(pid) - used) / count / 1000)
        self.p50_s.append(statistics.median(durations))
        connection.close()


@contextmanager
def collector() -> Iterator[str]:
    """Where it listens."""
    program = Path(__file__).with_name("collector.py")
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield str(json.loads(process.stdout.readline())["url"])
        finally:
            process.terminate()


@contextmanager
def scraped(proxy: Proxy) -> Iterator[list[int]]:
    """Scrapes in the background; the sizes of the answers."""
    sizes: list[int] = []
    is_over = threading.Event()

    def scrape_on() -> None:
        while not is_over.wait(SCRAPE_EACH_S):
            sizes.append(len(scrape(proxy)))

    thread = threading.Thread(target=scrape_on)
    thread.start()
    try:
        yield sizes
    finally:
        is_over.set()
        thread.join()


def played(without: Half, telling: Half) -> None:
    for half in (without, telling):
        half.play(WARM_UP)
        half.cpu_us.clear()
        half.p50_s.clear()
    for number in range(ROUNDS):
        for half in (without, telling) if number % 2 else (telling, without):
            half.play(REQUESTS)
            half.proxy.flush()


def test_telemetry_costs_a_caller_nothing_to_speak_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("off", "on"):
        (tmp_path / name).mkdir()
    emulator = Emulator(tmp_path)
    without = Half(Proxy(tmp_path / "off", emulator.url, ops__address="off"))
    with collector() as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        telling = Half(Proxy(tmp_path / "on", emulator.url))
        with scraped(telling.proxy) as sizes:
            played(without, telling)
        telling.proxy.stop()
    without.proxy.stop()
    emulator.stop()

    cpu = [on / off for on, off in zip(telling.cpu_us, without.cpu_us, strict=True)]
    p50 = [on / off for on, off in zip(telling.p50_s, without.p50_s, strict=True)]
    print(f"gateway's CPU: {statistics.median(without.cpu_us):.0f} us a request without")
    print(
        f"ratios of CPU {[round(one, 3) for one in cpu]}, of p50 {[round(one, 3) for one in p50]}"
    )
    print(f"{len(sizes)} scrapes of {sizes[-1]} bytes")
    assert statistics.median(cpu) <= CPU_RATIO_MAX
    assert statistics.median(p50) <= P50_RATIO_MAX
