"""A batch counts each exchange once; counts that were saved go on; counting again gives the same."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from proxy.recording.facts import ActFact, GapFact, ProblemFact, Recording, UnknownFact
from proxy.store.position import FactBatch
from proxy.telemetry.metrics.counts.counting import Counting
from proxy.telemetry.metrics.counts.tally import Counts
from proxy.telemetry.metrics.labels import LABELS, OTHER
from tests.store.samples import SECOND_NS, batch, fact, recording


def told(counting: Counting, name: str) -> dict[tuple[str, ...], float]:
    series = counting.tally.series[name]
    assert isinstance(series, Counts)
    return {sample.labels: sample.value for sample in series.samples()}


def seen(made: Recording, **given: object) -> Recording:
    return replace(made, exchange=replace(made.exchange, **given))  # type: ignore[arg-type]  # fields of it


def test_exchanges_are_told_by_what_they_were_and_how_they_ended() -> None:
    counting = Counting()
    lost = {"status": None, "outcome": "upstream_aborted", "purpose": "steward"}
    refused = {"status": 503, "outcome": "refused", "is_own_answer": True, "purpose": "client"}

    counting.take(
        batch(
            seen(recording(1), purpose="client"),
            seen(recording(2, how="read"), **lost),
            seen(recording(3, interaction=None, how="models"), **refused),
        )
    )

    assert told(counting, "ixp_exchanges_total") == {
        ("create", "200", "complete", "upstream", "client"): 1,
        ("get", "none", "upstream_aborted", "none", "steward"): 1,
        ("models", "503", "refused", "proxy", "client"): 1,
    }


def test_bytes_events_errors_and_lost_clients_are_told() -> None:
    counting = Counting()
    about = {"request_bytes": 5, "response_bytes": 7, "event_count": 3, "is_streaming": True}
    gone = {"outcome": "client_gone", "first_event_ns": SECOND_NS, "error_code": "NOT_FOUND"}

    counting.take(batch(seen(recording(1), **about, **gone)))

    assert told(counting, "ixp_request_bytes_total") == {("create",): 5}
    assert told(counting, "ixp_response_bytes_total") == {("create",): 7}
    assert told(counting, "ixp_stream_events_total") == {("create",): 3}
    assert told(counting, "ixp_upstream_errors_total") == {("create", "not_found"): 1}
    assert told(counting, "ixp_client_disconnects_total") == {("streaming",): 1}


@pytest.mark.parametrize(
    ("given", "phase"),
    [
        ({"status": None}, "before_answer"),
        ({"is_streaming": False}, "answering"),
        ({"is_streaming": True}, "before_first_event"),
    ],
)
def test_how_far_the_answer_was_when_the_client_left(given: dict[str, object], phase: str) -> None:
    counting = Counting()

    counting.take(batch(seen(recording(1), outcome="client_gone", **given)))

    assert told(counting, "ixp_client_disconnects_total") == {(phase,): 1}


def test_drift_gaps_and_acts_are_told_by_their_kind() -> None:
    counting = Counting()
    odd = replace(
        recording(1),
        unknowns=(fact(UnknownFact, kind="step", name="new_step", count=2),),
        problems=(fact(ProblemFact, kind="json_broken"),),
    )
    gap, act = fact(GapFact, exchange_count=9), fact(ActFact, kind="recovery")
    strange = fact(ActFact, kind="something of tomorrow")

    counting.take(replace(batch(odd), gaps=(gap,), acts=(act, strange)))

    assert told(counting, "ixp_protocol_unknown_total") == {("step",): 2}
    assert told(counting, "ixp_problems_total") == {("json_broken",): 1}
    assert told(counting, "ixp_audit_gaps_total") == {(): 1}
    assert told(counting, "ixp_audit_gap_exchanges_total") == {(): 9}
    assert told(counting, "ixp_audit_acts_total") == {("recovery",): 1, (OTHER,): 1}


def day() -> list[FactBatch]:
    about = {"status": "in_progress", "is_background": True, "model": "gemini"}
    ended = {"how": "read", "status": "completed", "is_terminal": True, "input_tokens": 5}
    return [
        batch(recording(1, interaction="v1_a", **about), recording(2, interaction="v1_b", **about)),  # type: ignore[arg-type]  # as it takes them
        batch(recording(3, interaction="v1_a", **ended)),  # type: ignore[arg-type]  # as above
        batch(recording(4, interaction="v1_b", **ended)),  # type: ignore[arg-type]  # as above
    ]


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_counts_that_are_saved_between_any_two_batches_go_on_as_if_nothing_was(cut: int) -> None:
    whole, first, second = Counting(), Counting(), Counting()
    for each in day():
        whole.take(each)
    for each in day()[:cut]:
        first.take(each)

    second.restore(json.loads(json.dumps(first.to_json())))
    for each in day()[cut:]:
        second.take(each)

    assert second.to_json() == whole.to_json()
    assert sum(told(second, "ixp_interactions_total").values()) == 2


def test_counts_of_another_format_are_refused() -> None:
    with pytest.raises(ValueError, match="format 0"):
        Counting().restore({**Counting().to_json(), "format": 0})


def test_hostile_names_make_no_series() -> None:
    counting = Counting()
    for number in range(1000):
        name = f"hostile-{number}"
        hostile = recording(
            number + 1,
            interaction=f"exchange:x{number}",
            how="created",
            model=name,
            status=name,
            store=name,
            error_code=name,
        )
        strange = {"operation": name, "outcome": name, "purpose": name, "error_code": name}
        unknown = fact(UnknownFact, kind=name, name=name, count=1)
        counting.take(batch(seen(replace(hostile, unknowns=(unknown,)), **strange, status=number)))

    series = counting.tally.to_json()
    assert sum(len(rows) for rows in series.values()) < 60
    assert "hostile" not in json.dumps(series)


def test_names_that_google_takes_are_capped_all_the_same() -> None:
    counting = Counting()
    for number in range(200):
        about = {"model": f"model-{number}", "status": "completed", "is_terminal": True}
        counting.take(batch(recording(number + 1, interaction=f"v1_{number}", **about)))  # type: ignore[arg-type]  # as it takes them

    models = {labels[0] for labels in told(counting, "ixp_interactions_total")}
    assert len(models) == LABELS["model"].most + 1
    assert OTHER in models
