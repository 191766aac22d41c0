from __future__ import annotations

import pytest

from proxy.telemetry.traces.sdk.chosen import chosen_resource, chosen_sampler
from proxy.telemetry.traces.span import own_trace_id

LOW, HIGH = b"\x00" * 15 + b"\x01", b"\xff" * 16


@pytest.mark.parametrize(
    ("name", "argument", "alone", "below_sampled", "below_unsampled"),
    [
        ("always_on", "", (True, True), True, True),
        ("always_off", "", (False, False), False, False),
        ("traceidratio", "0.5", (True, False), True, True),
        ("parentbased_always_on", "", (True, True), True, False),
        ("parentbased_always_off", "", (False, False), True, False),
        ("parentbased_traceidratio", "0.5", (True, False), True, False),
    ],
)
def test_a_sampler_does_what_its_name_says(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    argument: str,
    alone: tuple[bool, bool],
    *,
    below_sampled: bool,
    below_unsampled: bool,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", name)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", argument)
    sampler = chosen_sampler()

    taken = [sampler.takes(trace, caller_sampled=None) for trace in (LOW, HIGH)]
    assert tuple(taken) == alone
    assert sampler.takes(LOW, caller_sampled=True) is below_sampled
    assert sampler.takes(LOW, caller_sampled=False) is below_unsampled


def test_a_ratio_takes_about_its_part_of_our_own_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.1")
    sampler = chosen_sampler()

    traces = [own_trace_id(str(number)) for number in range(2000)]

    assert 140 < sum(sampler.takes(trace, caller_sampled=None) for trace in traces) < 260


def test_the_resource_is_what_the_environment_says_and_else_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = chosen_resource("1.2.3").attributes
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=x,team=blue%20one")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "y")
    theirs = chosen_resource("1.2.3").attributes

    assert (ours["service.name"], ours["service.version"]) == ("interactions-proxy", "1.2.3")
    assert (theirs["service.name"], theirs["team"]) == ("y", "blue one")
    assert theirs["telemetry.sdk.name"] == "opentelemetry"
