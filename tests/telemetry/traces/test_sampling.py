from __future__ import annotations

from proxy.telemetry.traces.sampling import Sampler
from proxy.telemetry.traces.span import own_trace_id

GIVEN = ("1" * 32, "2" * 16)


def test_by_default_a_caller_decides_and_without_one_everything_is_sent() -> None:
    assert Sampler().takes(bytes(16), caller_sampled=None)
    assert Sampler().takes(bytes(16), caller_sampled=True)
    assert not Sampler().takes(bytes(16), caller_sampled=False)


def test_spans_go_into_the_callers_trace_or_one_of_their_own() -> None:
    sampler = Sampler()

    given = sampler.place("x", *GIVEN, is_sampled=True)
    own = sampler.place("x", "1" * 32, "not a span", is_sampled=False)

    assert (given.trace_id, given.parent, given.is_sampled) == (b"\x11" * 16, b"\x22" * 8, True)
    assert (own.trace_id, own.parent, own.is_sampled) == (own_trace_id("x"), None, True)
    assert not sampler.place("x", *GIVEN, is_sampled=False).is_sampled
