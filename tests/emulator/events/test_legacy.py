"""The old schema, as its SDKs read it, in both of its dialects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from proxy.emulator.answers.resource import Interaction, resource
from proxy.emulator.events.legacy import (
    Dialect,
    dialect,
    is_asked_for,
    old_events,
    outputs,
    resource_from_new,
)
from proxy.emulator.events.stream import events
from tests.emulator.examples import CONTENTS, STEPS, interaction_of

SEARCH = (
    STEPS["thought"],
    STEPS["google_search_call"],
    STEPS["google_search_result"],
    STEPS["model_output"],
)
EARLY, LATE = Dialect.EARLY, Dialect.LATE


def kinds(told: list[dict[str, Any]]) -> list[str]:
    return [event["event_type"] for event in told]


def deltas(interaction: Interaction, spoken: Dialect = LATE) -> list[dict[str, Any]]:
    return [e["delta"] for e in old_events(interaction, spoken=spoken) if "delta" in e]


@pytest.mark.parametrize(
    ("agents", "revision", "is_old"),
    [
        pytest.param(
            ["GeminiNextGenAPIClient/Python 1.55.0", "google-genai-sdk/1.55.0 gl-python/3.11"],
            None,
            True,
            id="an old SDK with two lines",
        ),
        pytest.param(["google-genai-sdk/3.4.0 gl-python/3.11.7"], None, False, id="a new one"),
        pytest.param(["google-genai-sdk/2.0.0"], "2026-05-20", False, id="new by revision"),
        pytest.param(["curl"], "2026-05-07", True, id="old by revision"),
        pytest.param([], None, False, id="no agent"),
    ],
)
def test_the_schema_follows_revision_and_user_agent(
    agents: list[str],
    revision: str | None,
    is_old: bool,  # noqa: FBT001
) -> None:
    assert is_asked_for(agents, revision) is is_old


@pytest.mark.parametrize(
    ("agents", "spoken"),
    [
        (["GeminiNextGenAPIClient/Python 1.55.0", "google-genai-sdk/1.55.0 gl-python/3.11"], EARLY),
        (["google-genai-sdk/1.65.0 gl-python/3.11.7"], EARLY),
        (["google-genai-sdk/1.68.0 gl-python/3.11.7"], LATE),
        (["google-genai-sdk/1.75.0 gl-python/3.11.7"], LATE),
        (["google-genai-sdk/1.33.0 gl-node/v22.1.0"], EARLY),
        (["google-genai-sdk/1.52.0 gl-node/v22.1.0"], LATE),
        (["google-genai-sdk/1.52.0"], LATE),
        (["curl/8"], LATE),
        ([], LATE),
    ],
)
def test_the_dialect_follows_the_sdk(agents: list[str], spoken: Dialect) -> None:
    assert dialect(agents) is spoken


def test_steps_become_flat_outputs_and_a_role() -> None:
    shown = resource(interaction_of(*SEARCH), has_whole_timeline=True)

    old = resource_from_new(shown)

    assert "steps" not in old
    assert old["role"] == "model"
    assert [output["type"] for output in old["outputs"]] == [
        "thought",
        "google_search_call",
        "google_search_result",
        *CONTENTS,
    ]


def test_an_agent_answers_in_its_role() -> None:
    made = interaction_of(agent="antigravity-preview-09-2026")

    assert resource_from_new(resource(made, has_whole_timeline=False))["role"] == "agent"


def test_every_type_that_the_old_schema_had_is_an_output() -> None:
    later = {"retrieval", "tool_search", "processing"}

    told = {content["type"] for content in outputs(list(STEPS.values()))}

    steps = {kind for kind in STEPS if kind.rpartition("_")[0] not in later}
    assert told == steps - {"user_input", "model_output"} | CONTENTS.keys()


def test_the_late_dialect_has_the_new_schema_s_contents() -> None:
    assert outputs([STEPS["google_search_result"]]) == [STEPS["google_search_result"]]
    assert outputs([STEPS["model_output"]])[1:] == STEPS["model_output"]["content"][1:]
    assert outputs([STEPS["file_search_result"]])[0]["result"] == []


def test_the_early_dialect_counts_reasoning_and_knows_no_tiers() -> None:
    shown = resource(interaction_of(*SEARCH), has_whole_timeline=False)

    old = resource_from_new(shown, EARLY)

    assert old["usage"]["total_reasoning_tokens"] == 80
    assert not {"total_thought_tokens", "grounding_tool_count"} & old["usage"].keys()
    assert "service_tier" not in old
    late = resource_from_new(shown, LATE)["usage"]
    assert late == {n: v for n, v in shown["usage"].items() if n != "initial_input_tokens"}


def test_old_streams_have_contents_in_place_of_steps() -> None:
    told = kinds(list(old_events(interaction_of(*SEARCH))))

    assert told[:2] == ["interaction.start", "interaction.status_update"]
    assert set(told[2:-1]) == {"content.start", "content.delta", "content.stop"}
    assert told[-1] == "interaction.complete"


def test_each_output_has_an_index_of_its_own() -> None:
    told = list(old_events(interaction_of(*SEARCH)))

    starts = [(e["index"], e["content"]["type"]) for e in told if "content" in e]
    assert starts == list(enumerate(["thought", *(s["type"] for s in SEARCH[1:3]), *CONTENTS]))


def test_the_late_dialect_has_typed_citations_and_no_others() -> None:
    (text,) = outputs([{"type": "model_output", "content": [CONTENTS["text"]]}])

    kept = [note["type"] for note in text["annotations"]]
    assert kept == ["url_citation", "file_citation", "place_citation"]


def test_the_early_dialect_leaves_out_what_came_later() -> None:
    told = {content["type"]: content for content in outputs(list(STEPS.values()), EARLY)}

    assert not {"google_maps_call", "google_maps_result", "file_search_call"} & told.keys()
    assert set(told["google_search_call"]) == {"type", "id", "arguments"}
    assert set(told["audio"]) == {"type", "data", "mime_type"}


@pytest.mark.parametrize("kind", ["function_result", "mcp_server_tool_call"])
def test_a_start_has_what_the_first_sdks_know_it_by(kind: str) -> None:
    (start,) = [e["content"] for e in old_events(interaction_of(STEPS[kind])) if "content" in e]

    assert start["name"] == STEPS[kind]["name"]
    assert start.get("result", "") == ""
    assert start.get("arguments", {}) == {}


@pytest.mark.parametrize("spoken", [EARLY, LATE])
def test_calls_come_in_one_delta_with_their_id(spoken: Dialect) -> None:
    (delta,) = deltas(interaction_of(STEPS["function_call"]), spoken)

    assert delta == STEPS["function_call"]


def test_annotations_are_a_delta_of_their_own_or_belong_to_a_text() -> None:
    output = {"type": "model_output", "content": [CONTENTS["text"]]}

    assert deltas(interaction_of(output), LATE)[-1]["type"] == "text_annotation"
    last = deltas(interaction_of(output), EARLY)[-1]
    assert (last["type"], last["text"]) == ("text", "")
    assert set(last["annotations"][0]) == {"start_index", "end_index", "source"}


def test_the_last_old_event_has_a_role_and_usage_and_no_outputs() -> None:
    *_, last = old_events(interaction_of(*SEARCH))

    assert last["interaction"]["role"] == "model"
    assert last["interaction"]["usage"]["total_tokens"] == 400
    assert "outputs" not in last["interaction"]


def test_background_events_are_numbered_here_too() -> None:
    told = list(old_events(interaction_of(*SEARCH, background=True)))

    ids = [event["event_id"] for event in told]
    assert ids == sorted(set(ids))


def test_a_failure_is_an_error_here_too() -> None:
    error = {"code": "api_error", "message": "Emulated."}
    failed = interaction_of(status="failed")
    failed = replace(failed, composition=replace(failed.composition, errors=(error,)))

    *_, last = old_events(failed)

    assert last == {"event_type": "error", "error": error}


def test_a_scenario_of_the_new_schema_is_translated() -> None:
    told = tuple(events(interaction_of(*SEARCH)))
    made = interaction_of()
    scripted = replace(made, composition=replace(made.composition, events=told))

    assert list(old_events(scripted)) == list(old_events(interaction_of(*SEARCH)))


def test_a_scenario_of_the_old_schema_is_told_as_given() -> None:
    told = tuple(old_events(interaction_of(*SEARCH)))
    made = interaction_of()
    scripted = replace(made, composition=replace(made.composition, events=told))

    assert tuple(old_events(scripted)) == told


def test_a_cancelled_run_says_no_more() -> None:
    cancelled = replace(interaction_of(*SEARCH, background=True), status="cancelled")

    *before, last = old_events(cancelled)

    assert len(before) == 2
    assert last["interaction"]["status"] == "cancelled"
