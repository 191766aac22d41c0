"""Hundreds of slow clients are ended by their deadlines, and others hardly notice that they are there.

SLOW_PAIRS says how often a quiet moment and a crowded one are compared.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from statistics import median
from typing import Final

import pytest

from tests.bench.load import Unary, run_unary
from tests.end_to_end.programs import next_line
from tests.end_to_end.stage import Stage
from tests.end_to_end.wire.sockets import beside

PAIRS: Final = int(os.environ.get("SLOW_PAIRS", "3"))
RATIO_MAX: Final = 1.2 if PAIRS >= 7 else 2.0
"""Of the medians. A few pairs, on a machine that also runs other tests, say less."""
SENDERS: Final = 480
READERS: Final = 20
"""Each is given some megabytes before the proxy notices that it does not read."""
DEADLINE_S: Final = 5.0
REQUESTS: Final = 300


def p50_ms(port: int) -> float:
    """Of other clients, two at once."""
    load = run_unary(Unary(port, "/v1/interactions", 200, connections=2, count=REQUESTS))
    return median(load.latencies_ns) / 1e6


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[float], Counter[str], Stage]:
    stage = Stage.set_up(
        tmp_path_factory.mktemp("slow"),
        gateway__header_timeout_s=DEADLINE_S,
        gateway__body_timeout_s=DEADLINE_S,
        gateway__write_timeout_s=DEADLINE_S,
    )
    ratios, ends = [], Counter[str]()
    port = stage.proxy.address[1]
    arguments = ("tests.faults.load.slow", *map(str, (port, SENDERS, READERS)))
    try:
        p50_ms(port)
        for _ in range(PAIRS):
            quiet = p50_ms(port)
            with beside(*arguments) as slow:
                assert next_line(slow) == "open\n"
                crowded = p50_ms(port)
                ends += Counter(json.loads(next_line(slow)))
            print(f"p50: quiet {quiet:.2f} ms, crowded {crowded:.2f} ms")
            ratios.append(crowded / quiet)
    finally:
        stage.stop()
        print(stage.logs())
    return ratios, ends, stage


def test_each_is_ended_by_its_deadline(played: tuple[list[float], Counter[str], Stage]) -> None:
    _, ends, _ = played

    each = PAIRS * SENDERS // 2
    assert ends == {"head: 408": each, "body: 408": each, "reader: cut off": PAIRS * READERS}


def test_other_clients_hardly_notice(played: tuple[list[float], Counter[str], Stage]) -> None:
    ratios, _, _ = played
    print([f"{ratio:.2f}" for ratio in ratios])

    assert median(ratios) <= RATIO_MAX
