from __future__ import annotations

import pytest

from proxy.telemetry.traces.sampling import sampler_of
from proxy.telemetry.traces.span import own_trace_id

LOW, HIGH = bytes(16), b"\xff" * 16
GIVEN = ("1" * 32, "2" * 16)


@pytest.mark.parametrize(
    ("name", "argument", "alone", "below_sampled", "below_unsampled"),
    [
        ("always_on", "", (True, True), True, True),
        ("always_off", "", (False, False), False, False),
        ("traceidratio", "0.5", (True, False), True, True),
        ("parentbased_always_on", "", (True, True), True, False),
        ("parentbased_always_off", "", (False, False), True, False),
        ("parentbased_traceidratio", "0.5", (True, False), True, False),
        ("traceidratio", "", (True, True), True, True),
    ],
)
def test_a_sampler_does_what_its_name_says(
    name: str,
    argument: str,
    alone: tuple[bool, bool],
    *,
    below_sampled: bool,
    below_unsampled: bool,
) -> None:
    sampler = sampler_of(name, argument)

    assert (
        sampler.takes(LOW, caller_sampled=None),
        sampler.takes(HIGH, caller_sampled=None),
    ) == alone
    assert sampler.takes(LOW, caller_sampled=True) is below_sampled
    assert sampler.takes(LOW, caller_sampled=False) is below_unsampled


def test_a_ratio_takes_about_its_part_of_traces() -> None:
    sampler = sampler_of("traceidratio", "0.1")

    taken = sum(
        sampler.takes(own_trace_id(str(number)), caller_sampled=None) for number in range(2000)
    )

    assert 140 < taken < 260


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("jaeger_remote", ""),
        ("traceidratio", "2"),
        ("traceidratio", "half"),
        ("traceidratio", "nan"),
    ],
)
def test_what_there_is_not_is_refused_by_name(name: str, argument: str) -> None:
    with pytest.raises(ValueError, match="OTEL_TRACES_SAMPLER"):
        sampler_of(name, argument)


def test_spans_go_into_the_callers_trace_or_one_of_their_own() -> None:
    sampler = sampler_of("parentbased_always_on", "")

    given = sampler.place("x", *GIVEN, is_sampled=True)
    own = sampler.place("x", "1" * 32, "not a span", is_sampled=False)

    assert (given.trace_id, given.parent, given.is_sampled) == (b"\x11" * 16, b"\x22" * 8, True)
    assert (own.trace_id, own.parent, own.is_sampled) == (own_trace_id("x"), None, True)
    assert not sampler.place("x", *GIVEN, is_sampled=False).is_sampled
