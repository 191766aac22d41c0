"""A scenario on the stage, as HTTP clients meet it."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from proxy.emulator.scenarios.script import Scenario
from tests.emulator.scenarios.staged import staged, written

TWO = """
scenario: 1
name: Two
turns:
  - name: first
    when: {input: One.}
    answer: {text: "1"}
  - name: second
    when: {input: Two., previous: first}
    answer: {text: "2"}
"""


def script(*turns: str, head: str = "") -> Scenario:
    lines = "\n".join(f"  - {turn}" for turn in turns)
    return written(f"scenario: 1\nname: Test\n{head}\nturns:\n{lines}\n")


def text(answer: Any) -> str:
    return "".join(
        content["text"]
        for step in answer["steps"]
        if step["type"] == "model_output"
        for content in step["content"]
    )


async def test_turns_answer_in_order_and_know_what_came_before() -> None:
    async with staged(written(TWO)) as stage:
        _, first = await stage.post(input="One.")
        _, second = await stage.post(input="Two.", previous_interaction_id=first["id"])

    assert (text(first), text(second)) == ("1", "2")
    assert first["usage"]["total_input_tokens"] > 0


async def test_a_request_out_of_order_is_refused_with_what_was_expected() -> None:
    async with staged(written(TWO)) as stage:
        status, refused = await stage.post(input="Two.")

    assert status == 400
    assert refused["error"]["code"] == "invalid_request"
    assert refused["error"]["message"] == (
        "emulator: scenario 'Two' has no turn for: model gemini-3-flash-preview, input 'Two.'. "
        "Expected turn 'first' (test.yaml:5): input is 'Two.', not 'One.'."
    )


async def test_a_request_behind_the_last_turn_is_refused() -> None:
    async with staged(script("answer: {text: a}")) as stage:
        await stage.post(input="One.")
        status, refused = await stage.post(input="Two.")

    assert status == 400
    assert refused["error"]["message"].endswith("All 1 turns were used.")


async def test_in_any_order_the_first_turn_that_fits_and_is_left_answers() -> None:
    scenario = script(
        '{when: {input: a}, times: 2, answer: {text: "1"}}',
        '{when: {input: a}, times: any, answer: {text: "2"}}',
        '{when: {input: b}, answer: {text: "3"}}',
        head="order: any",
    )
    async with staged(scenario) as stage:
        answers = [await stage.post(input=each) for each in "baaa"]

    assert [text(answer) for _, answer in answers] == ["3", "1", "1", "2"]


async def test_a_turn_of_any_number_can_be_passed_by() -> None:
    scenario = script(
        "{when: {input: a}, times: any, answer: {text: many}}",
        "{when: {input: b}, answer: {text: one}}",
    )
    async with staged(scenario) as stage:
        answers = [await stage.post(input=each) for each in "aab"]
        status, _ = await stage.post(input="a")

    assert [text(answer) for _, answer in answers] == ["many", "many", "one"]
    assert status == 400


async def test_what_no_turn_expects_can_be_made_up() -> None:
    scenario = script("{when: {input: a}, answer: {text: Hi.}}", head="otherwise: compose")
    async with staged(scenario) as stage:
        status, made_up = await stage.post(input="Something else")
        _, scripted = await stage.post(input="a")

    assert status == 200
    assert text(made_up)
    assert text(scripted) == "Hi."


async def test_the_same_seed_makes_up_the_same_ids() -> None:
    scenario = script("{times: any, answer: {calls: [{name: f}]}}", head="seed: 4")

    async def answers() -> list[Any]:
        async with staged(scenario) as stage:
            return [await stage.post(input="a") for _ in range(2)]

    first, again = await answers(), await answers()

    assert first == again
    assert first[0] != first[1]


async def test_a_refusal_is_exact() -> None:
    refuse = '{refuse: {status: 429, body: {error: {code: 8}}, headers: {Retry-After: "7"}}}'
    async with staged(script(refuse)) as stage:
        asked = {"model": "gemini-3-flash-preview", "input": "a"}
        async with stage.http.post(f"{stage.url}/v1/interactions", json=asked) as answer:
            told = await answer.json()

    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert told == {"error": {"code": 8}}


async def test_a_turn_answers_what_the_api_would_refuse() -> None:
    scenario = script(
        "{when: {model: gemini-9, previous: none}, answer: {text: From the future.}}",
        "{when: {input: Go on.}, answer: {text: Further.}}",
    )
    async with staged(scenario) as stage:
        first = await stage.post(model="gemini-9", input="a")
        second = await stage.post(input="Go on.", previous_interaction_id="v1_never_seen")
        refused, _ = await stage.post(model="gemini-9", input="a")

    assert [first[0], second[0]] == [200, 200]
    assert refused == 404


async def test_an_exact_answer_is_answered_field_by_field() -> None:
    answer = "{id: v1_x, status: completed, steps: [{type: dream}], mood: calm}"
    async with staged(script(f"{{exact: true, answer: {answer}}}")) as stage:
        _, shown = await stage.post(input="a")
        status, _ = await stage.call("GET", "v1_x")

    assert shown == {
        "id": "v1_x",
        "status": "completed",
        "steps": [{"type": "dream"}],
        "mood": "calm",
    }
    assert status == 200


async def test_later_requests_are_answered_in_order_and_the_last_stays() -> None:
    turn = (
        "{answer: {id: v1_x, text: a}, reads: [{refuse: {status: 503}}, {answer: {status: odd}}],"
        " deletes: [{answer: {}}, {refuse: {status: 404}}]}"
    )
    async with staged(script(turn)) as stage:
        await stage.post(input="a")
        reads = [await stage.call("GET", "v1_x") for _ in range(3)]
        deletions = [await stage.call("DELETE", "v1_x") for _ in range(2)]
        other, _ = await stage.call("GET", "v1_y")

    assert [status for status, _ in reads] == [503, 200, 200]
    assert reads[2][1] == {"status": "odd"}
    assert [status for status, _ in deletions] == [200, 404]
    assert other == 404


async def test_a_stream_has_exactly_the_events_and_the_times_of_its_turn() -> None:
    turn = (
        "{answer: {text: ab}, stream: {first: 2, gaps: [1, 0.5], events: ["
        "{event_type: interaction.created, interaction: {id: x}}, {event_type: odd, a: 1}]}}"
    )
    async with staged(script(turn), speed=2.0) as stage:
        asked = {"model": "gemini-3-flash-preview", "input": "a", "stream": True}
        async with stage.http.post(f"{stage.url}/v1/interactions", json=asked) as answer:
            body = await answer.text()
        waits = stage.waits.seconds

    assert body.startswith("event: interaction.created\ndata: {")
    assert 'data: {"event_type":"odd","a":1}' in body
    assert body.endswith("data: [DONE]\n\n")
    assert waits == [1.0, 0.5, 0.25]


async def test_without_speed_nobody_waits() -> None:
    turn = "{answer: {text: a b c d}, stream: {first: 2, gap: 1, piece: 1}}"
    async with staged(script(turn)) as stage:
        await stage.sdk.create(model="gemini-3-flash-preview", input="a")

    assert stage.waits.seconds == []


async def test_a_stream_that_broke_behind_its_last_event_breaks_there_again() -> None:
    turn = "{answer: {text: a}, fault: cut_stream=1, stream: {events: [{event_type: odd}]}}"
    async with staged(script(turn)) as stage:
        asked = {"model": "gemini-3-flash-preview", "input": "a", "stream": True}
        async with stage.http.post(f"{stage.url}/v1/interactions", json=asked) as answer:
            with pytest.raises(aiohttp.ClientError):
                await answer.read()


async def test_an_emulator_that_forgets_begins_its_scenario_again() -> None:
    async with staged(script("{answer: {text: Only once.}}")) as stage:
        await stage.post(input="a")
        used_up, _ = await stage.post(input="a")
        async with stage.http.delete(f"{stage.url}/emulator/state"):
            pass
        again, _ = await stage.post(input="a")

    assert (used_up, again) == (400, 200)


async def test_sdks_of_the_old_schema_meet_scenarios_in_their_own_words() -> None:
    exact = "{exact: true, answer: {id: v1_x, status: completed, outputs: [{type: text, text: b}]}}"
    async with staged(script("{answer: {text: a}}", exact)) as stage:
        stage.http.headers["User-Agent"] = "google-genai-sdk/1.55.0"
        _, made = await stage.post(input="a")
        _, recorded = await stage.post(input="b")

    assert [output["text"] for output in made["outputs"]] == ["a"]
    assert recorded == {
        "id": "v1_x",
        "status": "completed",
        "outputs": [{"type": "text", "text": "b"}],
    }
