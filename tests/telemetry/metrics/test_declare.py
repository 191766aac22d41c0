"""How a metric is declared."""

from __future__ import annotations

from proxy.telemetry.metrics.declare import Kind, Source, counter, doubling, gauge, histogram


def test_bounds_double_without_noise_behind_the_point() -> None:
    assert doubling(0.01, 4) == (0.01, 0.02, 0.04, 0.08)


def test_a_counter_is_called_without_total_by_openmetrics() -> None:
    assert counter("ixp_tokens_total", Source.FACTS, "model type", "Tokens.").family == "ixp_tokens"


def test_labels_are_words() -> None:
    assert gauge("ixp_up", Source.GATEWAY, "", "Up.").labels == ()
    assert counter("ixp_a_total", Source.FACTS, "model type", "A.").labels == ("model", "type")


def test_a_histogram_has_its_buckets_and_is_in_seconds_unless_it_says_otherwise() -> None:
    made = histogram("ixp_a_seconds", Source.RECORDER, "", "A.", (1.0, 2.0), exemplars=True)

    assert (made.kind, made.unit, made.buckets) == (Kind.HISTOGRAM, "seconds", (1.0, 2.0))
    assert made.has_exemplars
