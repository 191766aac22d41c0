"""The emulator's time."""

from __future__ import annotations

from proxy.emulator.state.clock import NS, stepping_clock


def test_a_stepping_clock_moves_when_it_is_read() -> None:
    now_ns = stepping_clock(5, step_ns=3)

    assert [now_ns(), now_ns()] == [5 * NS, 5 * NS + 3]
