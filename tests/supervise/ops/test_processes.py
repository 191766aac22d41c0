"""Our processes as /proc tells them."""

from __future__ import annotations

import os

from proxy.supervise.ops.processes import read_processes


def test_this_process_has_used_time_and_memory_since_it_began() -> None:
    found = read_processes({"supervisor": os.getpid()})["supervisor"]

    assert 0 < found.cpu_s < 10**6
    assert 10**6 < found.resident_bytes < 10**11
    assert 10**9 < found.started_at_s < 10**10


def test_a_process_that_is_gone_or_not_known_is_left_out() -> None:
    assert read_processes({"recorder": 0, "gateway-0": 2**22 + 1}) == {}
