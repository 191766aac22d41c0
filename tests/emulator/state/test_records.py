"""The conversation behind an interaction."""

from __future__ import annotations

from proxy.emulator.state.records import history_tokens, timeline
from tests.emulator.state.stage import Stage, said


def test_a_timeline_has_the_caller_s_and_the_model_s_steps_of_all_turns_in_order() -> None:
    stage = Stage()
    first = stage.made(input="One.", answer={"steps": (said("1a"), said("1b"))})
    second = stage.made(input="Two.", previous_interaction_id=first, answer={"steps": (said("2"),)})

    told = timeline(stage.store.find(second))

    texts = [step["content"][0]["text"] for step in told]
    assert texts == ["One.", "1a", "1b", "Two.", "2"]


def test_a_turn_costs_its_input_and_its_answer() -> None:
    stage = Stage()
    usage = {"total_input_tokens": 7, "total_output_tokens": 5, "total_thought_tokens": 100}

    assert history_tokens(stage.store.find(stage.made(answer={"usage": usage}))) == 12
    assert history_tokens(stage.store.find(stage.made(answer={"usage": {}}))) == 0


def test_a_cancelled_turn_costs_its_input_and_tells_the_steps_that_were_done() -> None:
    stage = Stage()
    running = stage.made(background=True)
    stage.store.poll(running)
    record = stage.store.cancel(running)

    assert history_tokens(record) == 10
    assert [step["type"] for step in timeline(record)] == ["user_input"] + ["model_output"] * 2
