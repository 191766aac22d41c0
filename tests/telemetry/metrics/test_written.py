"""What is written can be read by Prometheus' own parsers, and says what was counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.telemetry.instruments import INSTRUMENTS
from proxy.telemetry.metrics.counts.tally import Exemplar, Sample, new_cell
from proxy.telemetry.metrics.written import (
    Form,
    cells_family,
    form_for,
    samples_family,
    whole,
    written,
)
from tests.telemetry.metrics.read import classic_families, open_families

COUNTER = INSTRUMENTS["ixp_tokens_total"]
TIMED = INSTRUMENTS["ixp_interaction_duration_seconds"]
SEEN = Exemplar("a" * 32, "x0-0000000000000007-1", 0.5, 1_790_000_000_250_000_000)


def timed_text(form: Form) -> str:
    cell = new_cell(TIMED.buckets)
    place = cell.observe(TIMED.buckets, 0.5)
    cell.observe(TIMED.buckets, 5000.0)
    cell.exemplars[place] = SEEN
    return whole([written([cells_family(TIMED, [(("m", "unary"), cell)])], form)], form)


def test_prometheus_gets_openmetrics_and_everybody_else_the_classic_text() -> None:
    prometheus = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*"

    assert form_for(prometheus) is Form.OPENMETRICS
    assert form_for("*/*") is Form.CLASSIC
    assert form_for("") is Form.CLASSIC


def test_a_counter_is_read_as_it_was_counted() -> None:
    samples = [Sample(("m", "input"), 7), Sample(("m", "output"), 2.5)]
    wanted = {("m", "input"): 7.0, ("m", "output"): 2.5}

    classic = classic_families(written([samples_family(COUNTER, samples)], Form.CLASSIC))
    text = whole([written([samples_family(COUNTER, samples)], Form.OPENMETRICS)], Form.OPENMETRICS)

    for families in (classic, open_families(text)):
        (family,) = families
        found = {(one.labels["model"], one.labels["type"]): one.value for one in family.samples}
        assert found == wanted
        assert (family.type, family.documentation) == ("counter", COUNTER.help)


def test_a_histogram_counts_up_to_each_bound_and_all_in_the_last() -> None:
    for parser, form in ((classic_families, Form.CLASSIC), (open_families, Form.OPENMETRICS)):
        (family,) = parser(timed_text(form))
        buckets = {s.labels["le"]: s.value for s in family.samples if s.name.endswith("_bucket")}
        rest = {s.name.removeprefix(TIMED.name): s.value for s in family.samples}
        assert (buckets["0.32"], buckets["0.64"], buckets["3600.0"], buckets["+Inf"]) == (
            0,
            1,
            1,
            2,
        )
        assert (rest["_sum"], rest["_count"]) == (5000.5, 2)


def test_only_openmetrics_has_exemplars_and_these_lead_to_trace_and_exchange() -> None:
    (family,) = open_families(timed_text(Form.OPENMETRICS))
    (exemplar,) = [one.exemplar for one in family.samples if one.exemplar]

    assert exemplar.labels == {"trace_id": SEEN.trace_id, "exchange": SEEN.exchange}
    assert (exemplar.value, float(exemplar.timestamp or 0)) == (0.5, 1_790_000_000.25)
    assert sum(len(name) + len(value) for name, value in exemplar.labels.items()) <= 128
    assert "trace_id" not in timed_text(Form.CLASSIC)


def exemplar_of(seen: Exemplar) -> dict[str, str]:
    cell = new_cell(TIMED.buckets)
    cell.exemplars[cell.observe(TIMED.buckets, 0.5)] = seen
    form = Form.OPENMETRICS
    family = cells_family(TIMED, [(("m", "unary"), cell)], lambda _: "f" * 32)
    text = whole([written([family], form)], form)
    (read,) = open_families(text)
    (found,) = [one.exemplar for one in read.samples if one.exemplar]
    return dict(found.labels)


def test_where_the_caller_named_no_trace_it_is_our_own_and_an_unsampled_one_is_not_told() -> None:
    assert exemplar_of(SEEN)["trace_id"] == "a" * 32
    assert exemplar_of(SEEN._replace(trace_id=""))["trace_id"] == "f" * 32
    assert exemplar_of(SEEN._replace(trace_id=None)) == {"exchange": SEEN.exchange}


@given(st.text())
def test_any_label_value_comes_back_as_it_was(value: str) -> None:
    text = whole(
        [written([samples_family(COUNTER, [Sample((value, "input"), 1)])], Form.OPENMETRICS)],
        Form.OPENMETRICS,
    )

    (family,) = open_families(text)

    assert family.samples[0].labels["model"] == value
