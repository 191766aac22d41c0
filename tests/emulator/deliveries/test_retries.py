"""When a failed delivery is tried again."""

from __future__ import annotations

from itertools import pairwise

from proxy.emulator.deliveries.retries import ATTEMPTS_MAX, PATIENCE_NS, next_try_ns
from proxy.emulator.state.clock import NS


def test_waits_double_and_end_within_a_day() -> None:
    made_ns = 1000 * NS
    times = [made_ns]
    while (due_ns := next_try_ns(made_ns, times[-1], len(times))) is not None:
        times.append(due_ns)

    waits = [(later - sooner) // NS for sooner, later in pairwise(times)]
    assert waits[:4] == [5, 10, 20, 40]
    assert len(times) == ATTEMPTS_MAX
    assert made_ns + PATIENCE_NS * 0.9 < times[-1] < made_ns + PATIENCE_NS


def test_nothing_is_tried_later_than_a_day_after_the_event() -> None:
    assert next_try_ns(0, PATIENCE_NS - 4 * NS, 1) is None
    assert next_try_ns(0, PATIENCE_NS - 5 * NS, 1) == PATIENCE_NS
