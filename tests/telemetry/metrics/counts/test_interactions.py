"""An interaction counts once, when its end is first seen; a step when it is first shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from proxy.recording.facts import CostFact, Recording, UsageFact
from proxy.telemetry.instruments import INSTRUMENTS
from proxy.telemetry.metrics.counts.closing import Admitted
from proxy.telemetry.metrics.counts.ending import OPEN_NS
from proxy.telemetry.metrics.counts.interactions import InteractionCounts
from proxy.telemetry.metrics.counts.tally import Counts, Distribution, Tally
from tests.store.samples import SECOND_NS, START_NS, fact, id_hash, recording, step


class Counter:
    """Takes recordings and tells what was counted."""

    def __init__(self) -> None:
        self.tally = Tally(INSTRUMENTS.values())
        self.counts = InteractionCounts(self.tally, Admitted("model"))

    def take(self, *recordings: Recording) -> None:
        for each in recordings:
            for told in each.observations:
                self.counts.take(each, told, ("", each.exchange.exchange, each.exchange.ended_at))

    def told(self, name: str) -> dict[tuple[str, ...], float]:
        series = self.tally.series[name]
        assert isinstance(series, Counts)
        return {sample.labels: sample.value for sample in series.samples()}

    def observed(self, name: str) -> dict[tuple[str, ...], tuple[int, float]]:
        series = self.tally.series[name]
        assert isinstance(series, Distribution)
        return {labels: (sum(cell.counts), cell.total) for labels, cell in series.cells.items()}


@pytest.fixture
def counter() -> Counter:
    return Counter()


def done(sequence: int, **given: object) -> Recording:
    about: dict[str, object] = {"status": "completed", "is_terminal": True, "model": "gemini"}
    return recording(sequence, **{**about, **given})  # type: ignore[arg-type]  # whatever is given


def background(sequence: int, **given: object) -> Recording:
    about: dict[str, object] = {"status": "in_progress", "is_background": True, "agent": "research"}
    return recording(sequence, **{**about, **given})  # type: ignore[arg-type]  # as above


def test_a_create_that_ends_counts_with_its_tokens(counter: Counter) -> None:
    counter.take(done(1, input_tokens=10, cached_tokens=4, output_tokens=3, thought_tokens=2))

    assert counter.told("ixp_interactions_total") == {("gemini", "unary", "completed"): 1}
    assert counter.told("ixp_tokens_total") == {
        ("gemini", "input"): 10,
        ("gemini", "cached_input"): 4,
        ("gemini", "output"): 3,
        ("gemini", "thought"): 2,
    }
    assert counter.observed("ixp_interaction_duration_seconds") == {("gemini", "unary"): (1, 1.0)}


def test_reading_it_again_counts_nothing(counter: Counter) -> None:
    counter.take(done(1, input_tokens=10), done(2, how="read", input_tokens=10))

    assert sum(counter.told("ixp_interactions_total").values()) == 1
    assert counter.told("ixp_tokens_total") == {("gemini", "input"): 10}


def test_background_work_counts_when_a_poll_first_shows_its_end(counter: Counter) -> None:
    counter.take(
        background(1),
        background(2, how="read", seconds=10),
        background(3, how="read", seconds=60, status="completed", is_terminal=True, input_tokens=7),
        background(4, how="read", seconds=90, status="completed", is_terminal=True, input_tokens=7),
    )

    assert counter.told("ixp_interactions_total") == {("research", "background", "completed"): 1}
    assert counter.told("ixp_tokens_total") == {("research", "input"): 7}
    assert counter.observed("ixp_interaction_duration_seconds") == {
        ("research", "background"): (1, 61.0)
    }


def test_open_background_work_is_told_with_the_age_of_the_oldest(counter: Counter) -> None:
    counter.take(background(1), background(2, interaction="v1_two", seconds=5, status="queued"))

    counter.counts.tell_open(START_NS + 9 * SECOND_NS)

    assert counter.told("ixp_background_interactions") == {("queued",): 1, ("in_progress",): 1}
    assert counter.told("ixp_background_oldest_age_seconds") == {(): pytest.approx(10.0)}


def test_an_end_that_nobody_saw_in_a_day_is_told_as_unseen(counter: Counter) -> None:
    counter.take(background(1))

    counter.counts.give_up(START_NS + OPEN_NS + SECOND_NS)
    counter.take(background(2, how="read", status="completed", is_terminal=True))

    assert counter.told("ixp_interactions_total") == {("other", "background", "unseen"): 1}


def test_what_is_deleted_before_its_end_is_told_as_unseen(counter: Counter) -> None:
    counter.take(background(1), background(2, how="deleted"))

    assert counter.told("ixp_interactions_total") == {("other", "background", "unseen"): 1}


def test_an_interaction_that_was_not_created_here_is_not_ours_to_count(counter: Counter) -> None:
    counter.take(done(1, how="read", input_tokens=10, steps=(step("model_output"),)))

    assert counter.told("ixp_interactions_total") == {}
    assert counter.told("ixp_steps_total") == {}


def test_a_create_that_was_refused_by_google_counts_as_failed(counter: Counter) -> None:
    refused = recording(
        1, interaction="exchange:x0-1", model="hostile", error_code="not_found", is_complete=True
    )

    counter.take(refused)

    assert counter.told("ixp_interactions_total") == {("other", "unary", "failed"): 1}


def test_creates_are_told_by_how_they_ask_for_storing_and_by_their_turn(counter: Counter) -> None:
    counter.take(
        done(1, store="false"),
        done(2, interaction="v1_two", previous_hash=id_hash("v1_one"), is_streaming=True),
    )

    assert counter.told("ixp_creates_total") == {
        ("unary", "false"): 1,
        ("stream", "inherited"): 1,
    }
    assert counter.told("ixp_turns_total") == {("first",): 1, ("later",): 1}


def test_cost_is_counted_with_the_end_and_what_has_no_price_is_told(counter: Counter) -> None:
    line = fact(CostFact, interaction="v1_one", item="output", amount_pico_usd=2_500_000_000_000)
    unknown = replace(line, item="grounding", amount_pico_usd=None)
    other = replace(line, interaction="v1_other")

    counter.take(replace(done(1), costs=(line, unknown, other)))

    assert counter.told("ixp_cost_usd_total") == {("gemini", "output"): 2.5}
    assert counter.told("ixp_unpriced_interactions_total") == {("gemini",): 1}


def test_grounding_is_counted_as_google_counts_it(counter: Counter) -> None:
    line = fact(
        UsageFact, interaction="v1_one", kind="grounding", modality="google_search", tokens=3
    )

    counter.take(replace(done(1), usage=(line,)))

    assert counter.told("ixp_grounding_queries_total") == {("google_search",): 3}


def test_steps_and_tools_are_counted_once_over_poll_and_read(counter: Counter) -> None:
    search = (step("google_search_call"), step("google_search_result", 1, is_error=True))
    answer = (*search, step("model_output", 2))

    counter.take(
        background(1),
        background(2, how="read", steps=search),
        background(3, how="read", steps=answer, status="completed", is_terminal=True),
        background(4, how="read", steps=answer, status="completed", is_terminal=True),
    )

    assert counter.told("ixp_steps_total") == {
        ("google_search_call", "ok"): 1,
        ("google_search_result", "error"): 1,
        ("model_output", "ok"): 1,
    }
    assert counter.told("ixp_tool_calls_total") == {("google_search", "provider"): 1}
    assert counter.told("ixp_tool_results_total") == {("google_search", "provider", "error"): 1}


def test_a_stream_that_was_cut_and_resumed_counts_each_step_once(counter: Counter) -> None:
    begun: dict[str, Any] = {"started_at": START_NS, "duration_ns": SECOND_NS}
    thought = step("thought", ended_at=START_NS, **begun)
    cut = step("model_output", 1, started_at=START_NS)
    rest = step("model_output", 0, ended_at=START_NS)
    last = step("function_call", 1, ended_at=START_NS, **begun)

    counter.take(
        recording(1, steps=(thought, cut), is_streaming=True, model="gemini"),
        done(2, how="resumed", steps=(rest, last), is_streaming=True),
    )

    assert counter.told("ixp_steps_total") == {
        ("thought", "ok"): 1,
        ("model_output", "cut"): 1,
        ("function_call", "ok"): 1,
    }
    assert counter.told("ixp_tool_calls_total") == {("function", "client"): 1}
    assert counter.told("ixp_interactions_total") == {("gemini", "stream", "completed"): 1}


def test_only_the_results_that_a_turn_brings_count_not_those_it_repeats(counter: Counter) -> None:
    history = (
        step("user_input", 0, "input"),
        step("function_result", 1, "input"),
        step("function_call", 2, "input"),
        step("function_result", 3, "input", is_error=True),
        step("function_result", 4, "input"),
    )

    counter.take(done(1, steps=history))

    assert counter.told("ixp_tool_results_total") == {
        ("function", "client", "error"): 1,
        ("function", "client", "ok"): 1,
    }


def test_a_stream_tells_its_first_event_first_output_gap_and_rate(counter: Counter) -> None:
    output = step("model_output", started_at=START_NS - SECOND_NS // 2, ended_at=START_NS)
    made = done(1, steps=(output,), is_streaming=True, output_tokens=30, thought_tokens=10)
    timed = replace(made.exchange, first_event_ns=SECOND_NS // 4, longest_gap_ns=SECOND_NS // 8)

    counter.take(replace(made, exchange=timed))

    assert counter.observed("ixp_time_to_first_event_seconds") == {("gemini",): (1, 0.25)}
    assert counter.observed("ixp_time_to_first_output_seconds") == {("gemini",): (1, 0.5)}
    assert counter.observed("ixp_stream_gap_seconds") == {("gemini",): (1, 0.125)}
    assert counter.observed("ixp_output_tokens_per_second") == {("gemini",): (1, 40.0)}


def test_the_conventions_names_say_the_same(counter: Counter) -> None:
    counter.take(done(1, input_tokens=10, output_tokens=3, thought_tokens=2))

    names = ("generate_content", "gcp.gemini", "gemini")
    assert counter.observed("gen_ai_client_operation_duration_seconds") == {(*names, ""): (1, 1.0)}
    assert counter.observed("gen_ai_client_token_usage") == {
        (*names, "input"): (1, 10.0),
        (*names, "output"): (1, 5.0),
    }
