"""What the emulator answers follows from the request, the seed and nothing else."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.compose import compose
from proxy.emulator.answers.composition import Composition, Context
from proxy.emulator.answers.occasion import ORDERS, SERVER_TOOLS
from proxy.emulator.asked import catalogue
from proxy.emulator.asked.faults import Wishes
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.asked.request import read_create
from tests.emulator.answers.asking import unknown_to_sdk

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "d",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
RESEARCH: dict[str, Any] = {
    "model": None,
    "agent": "deep-research-preview-04-2026",
    "background": True,
    "agent_config": {"type": "deep-research", "thinking_summaries": "auto"},
}


NONE = Wishes()
FIRST = Context()


def composed(wishes: Wishes = NONE, context: Context = FIRST, **body: Any) -> Composition:
    request = read_create({"model": "gemini-3-flash-preview", "input": "Say hello."} | body)
    return compose(request, context, wishes, Chance(1, 1))


def types(composition: Composition) -> list[str]:
    return [step["type"] for step in composition.steps]


def test_a_plain_question_gets_a_thought_and_an_answer() -> None:
    made = composed()

    assert types(made) == ["thought", "model_output"]
    assert made.status == "completed"
    assert set(made.steps[0]) == {"type", "signature"}


def test_thoughts_are_summed_up_if_asked_for() -> None:
    made = composed(generation_config={"thinking_summaries": "auto"})

    assert made.steps[0]["summary"][0]["type"] == "text"


def test_a_function_that_fits_the_prompt_is_called() -> None:
    made = composed(input="Weather in Oslo?", tools=[WEATHER])

    assert types(made) == ["thought", "function_call"]
    assert made.status == "requires_action"
    assert made.steps[1]["name"] == "get_weather"
    assert made.steps[1]["arguments"] == {"city": "Oslo"}


@pytest.mark.parametrize("is_content", [False, True], ids=["as a step", "within user_input"])
def test_after_its_result_the_model_speaks(is_content: bool) -> None:  # noqa: FBT001
    result = {"type": "function_result", "call_id": "a", "result": "4 C?"}
    call = {"type": "function_call", "id": "a", "name": "get_weather", "arguments": {}}
    given = [{"type": "user_input", "content": [result]}] if is_content else [result]

    made = composed(input=[call, *given], tools=[WEATHER])

    assert types(made) == ["thought", "model_output"]


def test_a_search_is_a_call_a_result_and_citations_that_count_bytes() -> None:
    made = composed(input="Search for Zürich", tools=[{"type": "google_search"}])

    assert types(made) == ["thought", "google_search_call", "google_search_result", "model_output"]
    assert "search_suggestions" in made.steps[2]["result"][0]
    assert made.usage["grounding_tool_count"] == [{"type": "google_search", "count": 1}]
    content = made.steps[3]["content"][0]
    for note in content["annotations"]:
        cited = content["text"].encode()[note["start_index"] : note["end_index"]]
        assert cited.decode().endswith(".")


def test_structured_output_is_json_of_the_schema() -> None:
    wanted = {"type": "text", "mime_type": "application/json", "schema": SCHEMA}

    made = composed(response_format=wanted)

    assert isinstance(orjson.loads(made.steps[-1]["content"][0]["text"])["a"], int)


def test_a_bare_schema_is_understood_too() -> None:
    made = composed(response_format=SCHEMA, response_mime_type="application/json")

    assert set(orjson.loads(made.steps[-1]["content"][0]["text"])) == {"a"}


def test_deep_research_thinks_and_searches_in_turn_and_writes_a_long_report() -> None:
    made = composed(**RESEARCH)

    assert types(made) == [
        *["thought", "google_search_call", "google_search_result"] * 3,
        "model_output",
    ]
    assert all("summary" in step for step in made.steps if step["type"] == "thought")
    assert len(made.steps[-1]["content"][0]["text"]) > 1000
    assert made.usage["grounding_tool_count"] == [{"type": "google_search", "count": 3}]


def test_output_beyond_its_limit_is_cut_and_incomplete() -> None:
    made = composed(generation_config={"max_output_tokens": 5})

    assert made.status == "incomplete"
    assert made.usage["total_output_tokens"] <= 5


def test_output_has_the_size_that_was_wished_for() -> None:
    made = composed(Wishes(output_bytes=12_345))

    assert len(made.steps[-1]["content"][0]["text"]) == 12_345


@pytest.mark.parametrize("ending", ["failed", "incomplete", "budget_exceeded"])
def test_an_ending_on_demand_is_the_status(ending: str) -> None:
    assert composed(Wishes(ending=ending)).status == ending


def test_a_long_decode_takes_several_requests() -> None:
    first = composed(Wishes(hops=3))
    last = composed(context=Context(hops_left=1))

    assert (first.status, first.hops_left) == ("requires_continuation", 2)
    assert (last.status, last.hops_left) == ("completed", 0)


def test_a_model_with_a_decode_limit_stops_there() -> None:
    made = composed(Wishes(output_bytes=300_000), model="gemini-4-argon")

    assert made.status == "requires_continuation"
    assert made.usage["total_output_tokens"] == 32 * 1024


def text_of(composition: Composition) -> str:
    return str(composition.steps[-1]["content"][0]["text"])


def test_the_same_seed_and_input_give_the_same_text_in_any_request() -> None:
    def said(seed: int | None, number: int, text: str = "Say hello.") -> str:
        config = {"generation_config": {} if seed is None else {"seed": seed}}
        body = {"model": "gemini-3-flash-preview", "input": text} | config
        return text_of(compose(read_create(body), FIRST, NONE, Chance(1, number)))

    assert said(5, 1) == said(5, 2)
    assert len({said(None, number) for number in range(8)}) > 1
    assert len({said(seed, 1) for seed in range(8)}) > 1


def test_blocked_output_fails_with_its_code_and_costs_its_thoughts() -> None:
    made = composed(input="emulate: safety")

    assert (made.status, made.errors[0]["code"]) == ("failed", "safety")
    assert types(made) == ["thought", "model_output"]
    assert made.usage["total_thought_tokens"] > 0


@pytest.mark.parametrize("status", ["incomplete", "budget_exceeded", "failed"])
def test_a_prompt_may_order_how_it_ends(status: str) -> None:
    assert composed(input=f"emulate: {status}").status == status


def test_a_search_for_tools_that_finds_none_waits_for_nobody() -> None:
    made = composed(input="emulate: tool_search")

    assert types(made) == ["thought", "tool_search_call", "tool_search_result", "model_output"]
    assert made.status == "completed"


def test_checkpoints_come_after_every_step_but_the_last() -> None:
    made = composed(input="emulate: checkpoint, google_search")

    assert made.checkpoints == (0, 1, 2)


def test_a_result_for_a_call_that_nobody_made_is_refused() -> None:
    result = {"type": "function_result", "call_id": "zzz", "result": "4 C"}

    with pytest.raises(Refusal, match="zzz"):
        composed(input=[result])
    with pytest.raises(Refusal, match="zzz"):
        composed(
            context=Context(before=({"type": "user_input", "content": "Hi."},)), input=[result]
        )


def test_cached_content_counts_as_input_from_the_cache() -> None:
    plain = composed().usage
    cached = composed(cached_content="cachedContents/a").usage

    gained = {key: cached[key] - plain[key] for key in plain if key.startswith("total")}
    assert gained["total_cached_tokens"] == gained["total_input_tokens"] > 0
    assert cached["cached_tokens_by_modality"][0]["tokens"] == cached["total_cached_tokens"]


@pytest.mark.parametrize(
    ("environment", "known"),
    [
        ("env-1", "env-1"),
        ({"type": "remote", "environment_id": "env-2"}, "env-2"),
        ("remote", None),
        ({"type": "remote"}, None),
    ],
)
def test_an_answer_names_its_environment(environment: Any, known: str | None) -> None:
    body: dict[str, Any] = {"model": None, "agent": "antigravity-preview-09-2026"}

    made = composed(environment=environment, **body)

    assert made.environment_id
    assert known is None or made.environment_id == known
    assert composed(**body).environment_id is None


def test_an_agent_s_budget_ends_its_run() -> None:
    config = {"type": "antigravity", "max_total_tokens": 150}

    made = composed(model=None, agent="antigravity-preview-09-2026", agent_config=config)

    assert made.status == "budget_exceeded"
    assert made.usage["total_tokens"] <= 150


@pytest.mark.parametrize("name", catalogue.MODELS)
def test_every_model_answers(name: str) -> None:
    made = composed(model=name)

    assert made.status == "completed"
    assert unknown_to_sdk(list(made.steps)) == []


@pytest.mark.parametrize("name", catalogue.AGENTS)
def test_every_agent_answers(name: str) -> None:
    made = composed(model=None, agent=name, background=True)

    assert made.status == "completed"
    assert unknown_to_sdk(list(made.steps)) == []


def test_a_custom_agent_answers_as_its_base_with_its_own_instruction() -> None:
    definition = {"system_instruction": "Rhyme.", "base_agent": "antigravity-preview-09-2026"}
    request = read_create({"agent": "poet", "input": "Hi."}, custom_agent=lambda _: definition)

    made = compose(request, FIRST, NONE, Chance(1, 1))

    assert "code_execution_call" in types(made)
    assert "As instructed (“Rhyme.”)" in text_of(made)


def test_every_order_can_be_carried_out() -> None:
    for word in ORDERS:
        made = composed(input=f"Please. emulate: {word}")
        assert len(unknown_to_sdk(list(made.steps))) == (word == "unknown_step")


bodies = st.fixed_dictionaries(
    {"input": st.text(min_size=1)},
    optional={
        "tools": st.lists(
            st.sampled_from(
                [
                    WEATHER,
                    *(
                        {"type": kind}
                        for kind in (
                            "google_search",
                            "code_execution",
                            "url_context",
                            "file_search",
                            "google_maps",
                            "mcp_server",
                            "retrieval",
                            "computer_use",
                            "tool_search",
                            "tool_of_2031",
                        )
                    ),
                ]
            ),
            max_size=4,
        ),
        "generation_config": st.fixed_dictionaries(
            {},
            optional={
                "thinking_level": st.sampled_from(["minimal", "low", "xhigh"]),
                "seed": st.integers(),
                "stop_sequences": st.lists(st.text(max_size=3), max_size=3),
                "max_output_tokens": st.integers(1, 50),
            },
        ),
        "response_format": st.just(SCHEMA),
        "system_instruction": st.text(),
        "cached_content": st.just("cachedContents/a"),
    },
)


@given(bodies, st.integers(0, 10_000), st.integers())
def test_the_same_request_is_answered_the_same_and_its_usage_adds_up(
    body: dict[str, Any], history: int, seed: int
) -> None:
    request = read_create({"model": "gemini-3-flash-preview"} | body)
    context = Context(history=history)

    one, other = (compose(request, context, Wishes(), Chance(seed, 1)) for _ in range(2))

    assert one == other
    usage = one.usage
    assert usage["total_tokens"] == sum(
        usage[f"total_{part}_tokens"] for part in ("input", "output", "thought", "tool_use")
    )
    listed = sum(entry["tokens"] for entry in usage["input_tokens_by_modality"])
    assert listed == usage["total_input_tokens"] >= history
    assert usage["total_cached_tokens"] <= usage["total_input_tokens"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a", "agentic"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["type", "text", "content", "result"]), inner, max_size=3)
    ),
    max_leaves=5,
)
odd_steps = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["user_input", "function_call", "text", "video", "thought"])},
        optional=dict.fromkeys(("content", "text", "result", "id", "data"), anything),
    ),
    max_size=3,
)
odd_tools = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from([*SERVER_TOOLS, "function", "computer_use", "tool_search"])},
        optional=dict.fromkeys(
            ("name", "parameters", "search_types", "allowed_tools", "top_k", "environment"),
            anything,
        ),
    ),
    max_size=3,
)
odd_bodies = st.fixed_dictionaries(
    {"input": odd_steps | st.sampled_from([f"emulate: {word}" for word in ORDERS])},
    optional={
        "tools": odd_tools,
        **dict.fromkeys(("response_format", "environment", "safety_settings"), anything),
    },
)


@given(odd_bodies)
def test_odd_values_are_answered_or_refused_and_nothing_else(body: dict[str, Any]) -> None:
    try:
        request = read_create({"model": "gemini-3-flash-preview"} | body)
        made = compose(request, Context(before=request.steps), NONE, Chance(1, 1))
    except Refusal as refused:
        assert refused.status == 400  # noqa: PT017 - either outcome is right
    else:
        orjson.dumps(made.steps)
