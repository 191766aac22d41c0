"""A collector that takes connections and never answers costs callers nothing, and memory little."""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import time
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.stage import Emulator, Proxy

AWAY_S: Final = float(os.environ.get("COLLECTOR_AWAY_S", "20"))
"""How long in all; `make full` says ten minutes."""
PAIRS: Final = 7
MEMORY_MAX: Final = 160 * 1024 * 1024
"""More than a recorder without spans: its queue is full (5,000 exchanges, 10 KB each), and what its
allocator keeps."""
RATIO_MAX: Final = 1.05
BODY: Final = json.dumps({"model": "gemini-3-flash-preview", "input": "Hello"})


def asked(proxy: Proxy, seconds: float) -> list[float]:
    """Durations of creates, one after the other, for so long."""
    connection = http.client.HTTPConnection(*proxy.address, timeout=60)
    durations: list[float] = []
    until = time.monotonic() + seconds
    headers = {"x-goog-api-key": "made-up", "Content-Type": "application/json"}
    while time.monotonic() < until:
        began = time.perf_counter()
        connection.request("POST", "/v1beta/interactions", BODY, headers)
        response = connection.getresponse()
        response.read()
        durations.append(time.perf_counter() - began)
        assert response.status == 200
    connection.close()
    return durations


def resident_bytes(proxy: Proxy) -> int:
    """Of the recorder."""
    (pid,) = proxy.recorders()
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the recorder has no memory")


def test_nobody_waits_for_a_collector_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "away").mkdir()
    emulator = Emulator(tmp_path)
    without = Proxy(tmp_path / "without", emulator.url)
    with socket.create_server(("127.0.0.1", 0), backlog=16) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        away = Proxy(tmp_path / "away", emulator.url)
        ratios: list[float] = []
        count = 0
        for _ in range(PAIRS):
            plain = asked(without, AWAY_S / PAIRS / 2)
            waiting = asked(away, AWAY_S / PAIRS / 2)
            count += len(waiting)
            ratios.append(statistics.median(waiting) / statistics.median(plain))
        away.flush()
        grown = resident_bytes(away) - resident_bytes(without)
        recorded = away.status()["exchanges"]
        began = time.monotonic()
        away.stop()
        stopped_s = time.monotonic() - began
    without.stop()
    emulator.stop()

    print(f"p50 ratios {[round(one, 3) for one in ratios]}, {grown / 2**20:.1f} MiB more, ")
    print(f"{count} creates, stopped in {stopped_s:.1f} s")
    assert recorded == count
    assert statistics.median(ratios) <= RATIO_MAX
    assert grown <= MEMORY_MAX
    assert stopped_s < 30
