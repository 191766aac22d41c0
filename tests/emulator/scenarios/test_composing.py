"""What a turn leaves out, the emulator adds; what it says is kept."""

from __future__ import annotations

from typing import Any

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.composition import Composition, Context, Pinned
from proxy.emulator.asked.request import Json, read_create
from proxy.emulator.scenarios.composing import Scripted, composition_of
from proxy.emulator.scenarios.script import Background, Stream, Turn

WORDS: Json = {"type": "model_output", "content": [{"type": "text", "text": "Eight or so words."}]}


def composed(
    answer: Json, turn: Turn | None = None, scale: float = 1.0, **body: Any
) -> Composition:
    request = read_create({"model": "gemini-3-flash-preview", "input": "Hello?"} | body)
    turn = turn or Turn("a", 1)
    return composition_of(Scripted(turn, request, Context(), Chance(7, 1), scale), answer)


def test_calls_get_ids_results_their_calls_and_thoughts_signatures() -> None:
    thought, call, search, result = composed(
        {
            "steps": [
                {"type": "thought"},
                {"type": "function_call", "name": "f", "id": "mine"},
                {"type": "google_search_call"},
                {"type": "google_search_result", "call_id": "given", "result": []},
            ]
        }
    ).steps

    assert len(thought["signature"]) == 64
    assert (call["id"], call["arguments"]) == ("mine", {})
    assert len(search["id"]) == 8
    assert result["call_id"] == "given"


def test_a_result_without_a_call_id_belongs_to_the_oldest_open_call() -> None:
    call, result = composed(
        {"steps": [{"type": "url_context_call"}, {"type": "url_context_result", "result": []}]}
    ).steps

    assert result["call_id"] == call["id"]


def test_an_open_function_call_requires_action_and_anything_else_is_complete() -> None:
    call = {"type": "function_call", "name": "f", "id": "a"}
    result = {"type": "function_result", "call_id": "a", "result": "fine"}

    assert composed({"steps": [call]}).status == "requires_action"
    assert composed({"steps": [call, result, WORDS]}).status == "completed"
    assert composed({"steps": [call], "status": "incomplete"}).status == "incomplete"


def test_usage_is_counted_and_what_is_given_wins() -> None:
    counted = composed({"steps": [WORDS]}).usage
    given = composed({"steps": [WORDS], "usage": {"total_output_tokens": 9}}).usage

    assert counted["total_output_tokens"] == 5
    assert given == counted | {"total_output_tokens": 9}


def test_ids_and_dates_are_pinned() -> None:
    pinned = composed(
        {
            "id": "v1_a",
            "created": "1970-01-01T00:01:00Z",
            "updated": "some day",
            "status": "requires_continuation",
            "continuation_token": "t",
            "steps": [],
        }
    )

    assert pinned.pinned == Pinned("v1_a", 60, None, "t")
    assert pinned.hops_left == 1


def test_an_exact_answer_is_shown_as_it_is() -> None:
    answer = {"id": "v1_a", "status": "completed", "mood": "calm"}

    exact = composed(answer, Turn("a", 1, is_exact=True))

    assert exact.shown == answer
    assert exact.steps == ()


def test_a_background_run_shows_what_was_accepted_and_counts_all_its_polls() -> None:
    accepted = {"id": "v1_a", "status": "queued"}
    turn = Turn("a", 1, is_exact=True, background=Background(accepted, polls=3, queued=1))

    run = composed({"steps": [WORDS]}, turn, background=True)

    assert run.shown == accepted
    assert (run.queued, run.polls) == (1, 2)


def test_times_are_scaled() -> None:
    turn = Turn("a", 1, stream=Stream(gaps_s=(1.0, 0.5)))

    assert composed({"steps": []}, turn, scale=0.5).gaps_s == (0.5, 0.25)
