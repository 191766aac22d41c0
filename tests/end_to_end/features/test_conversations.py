"""What takes more than one call: conversations, functions, long decodes, background runs, time; all through the proxy."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from google import genai

from tests.end_to_end.sdk_play import MODEL, WEATHER
from tests.end_to_end.stage import Emulator, Row, Stage

AGENT: Final = "deep-research-preview-04-2026"
LONG_MODEL: Final = "gemini-4-argon"
POLLS_MAX: Final = 10
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Talk:
    """The SDK, through the proxy, and what was recorded."""

    sdk: Any
    stage: Stage

    def rows(self, sql: str, *answers: Any) -> list[Row]:
        """`sql` with the ids of these answers in the place of {ids}."""
        ids = ", ".join(f"'{answer.id}'" for answer in answers)
        return self.stage.proxy.rows(sql.format(ids=ids))


@contextmanager
def refused(status: int) -> Iterator[None]:
    with pytest.raises(Exception, match=str(status)) as raised:
        yield
    assert raised.value.status_code == status  # type: ignore[attr-defined]


@contextmanager
def sdk_at(url: str) -> Iterator[Any]:
    options: Any = {"base_url": url, "retry_options": {"attempts": 1}}
    with genai.Client(api_key="a-made-up-key", http_options=options) as client:
        yield client.interactions


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    stage = Stage.set_up(tmp_path_factory.mktemp("stage"))
    try:
        with sdk_at(stage.proxy.url) as sdk:
            yield Talk(sdk, stage)
    finally:
        print(stage.logs())
        stage.stop()


def said(answer: Any) -> str:
    return str(answer.output_text)


def test_history_is_inherited_and_settings_are_not(talk: Talk) -> None:
    first = talk.sdk.create(
        model=MODEL,
        input="My name is Solveig.",
        tools=[WEATHER],
        system_instruction="Answer in rhymes.",
    )
    second = talk.sdk.create(
        model=MODEL, input="What did I say first?", previous_interaction_id=first.id
    )
    third = talk.sdk.create(
        model=MODEL, input="Weather in Oslo?", previous_interaction_id=second.id
    )
    branch = talk.sdk.create(
        model="gemini-2.5-flash", input="Once more?", previous_interaction_id=first.id
    )

    assert "Solveig" in said(second)
    assert "rhymes" not in said(second)
    assert third.status == "completed", "the tools were not sent again"
    assert third.usage.total_input_tokens > second.usage.total_input_tokens
    whole = talk.sdk.get(id=third.id)
    assert next(step.type for step in whole.steps) == "user_input"
    recorded = talk.rows(
        "SELECT interaction_id, previous_interaction_id FROM interactions"
        " WHERE interaction_id IN ({ids})",
        *(first, second, third, branch),
    )
    assert set(recorded) == {
        (first.id, None),
        (second.id, first.id),
        (third.id, second.id),
        (branch.id, first.id),
    }


def test_models_and_agents_take_turns_in_one_conversation(talk: Talk) -> None:
    asked = talk.sdk.create(model=MODEL, input="Larches.")
    started = talk.sdk.create(
        agent=AGENT, input="Look into it.", background=True, previous_interaction_id=asked.id
    )
    with refused(400):
        talk.sdk.create(model=MODEL, input="Already?", previous_interaction_id=started.id)
    found = to_its_end(talk, started)
    last = talk.sdk.create(model=MODEL, input="And in short?", previous_interaction_id=found.id)

    assert last.status == "completed"
    assert last.usage.total_input_tokens > found.usage.total_output_tokens


def to_its_end(talk: Talk, answer: Any) -> Any:
    for _ in range(POLLS_MAX):
        if answer.status not in ("queued", "in_progress"):
            return answer
        answer = talk.sdk.get(id=answer.id)
    raise AssertionError(f"{answer.status} after {POLLS_MAX} polls")


def test_a_function_is_called_and_its_result_is_used(talk: Talk) -> None:
    asked = talk.sdk.create(model=MODEL, input="Weather in Oslo?", tools=[WEATHER])
    (call,) = [step for step in asked.steps if step.type == "function_call"]
    result = {
        "type": "function_result",
        "call_id": call.id,
        "name": call.name,
        "result": {"celsius": 11},
    }

    told = talk.sdk.create(
        model=MODEL, input=[result], tools=[WEATHER], previous_interaction_id=asked.id
    )

    assert (asked.status, told.status) == ("requires_action", "completed")
    assert call.arguments == {"city": "Oslo"}
    with refused(400):
        talk.sdk.create(
            model=MODEL,
            input=[result | {"call_id": "nobody00"}],
            previous_interaction_id=asked.id,
        )


@pytest.mark.parametrize("store", ["true", "false"])
def test_a_long_decode_is_continued_by_the_sdk_itself(talk: Talk, store: str) -> None:
    """Three interactions upstream, one answer to the caller."""
    answer = talk.sdk.create(
        model=LONG_MODEL,
        input="A novel.",
        store=store == "true",
        extra_headers={"x-emulator-fault": "hops=3"},
    )

    assert answer.status == "completed"
    if store == "true":
        assert len(answer.continuation_ids) == 3
    recorded = talk.rows(
        f"SELECT status FROM interactions WHERE model = '{LONG_MODEL}'"
        f" AND coalesce(store, 'true') = '{store}'"
    )
    assert sorted(recorded) == [("completed",), *[("requires_continuation",)] * 2]


def test_a_background_stream_that_broke_is_resumed_behind_its_last_event(talk: Talk) -> None:
    whole = list(talk.sdk.create(agent=AGENT, input="Larches.", background=True, stream=True))
    cut = talk.sdk.create(
        agent=AGENT,
        input="Larches, again.",
        background=True,
        stream=True,
        extra_headers={"x-emulator-fault": "cut_stream=7"},
    )
    seen = []
    try:
        for event in cut:
            seen.append(event)  # noqa: PERF402 - what came before the break is kept
    except Exception as error:  # noqa: BLE001 - the SDK's own
        broke = type(error).__name__
    else:
        broke = ""
    identity = seen[0].interaction.id

    rest = list(talk.sdk.get(id=identity, stream=True, last_event_id=seen[-1].event_id))

    assert broke == "APIConnectionError"
    assert len(seen) == 7
    ids = [event.event_id for event in [*seen, *rest] if getattr(event, "event_id", None)]
    assert ids == sorted(set(ids))
    assert [e.event_type for e in rest][-1] == "interaction.completed"
    assert next(e.event_type for e in whole) == "interaction.created"
    stored = talk.sdk.get(id=identity)
    started = [e.step.type for e in [*seen, *rest] if e.event_type == "step.start"]
    assert [step.type for step in stored.steps][1:] == started


def test_a_background_run_can_be_cancelled_once(talk: Talk) -> None:
    started = talk.sdk.create(
        agent=AGENT,
        input="Larches.",
        background=True,
        extra_headers={"x-emulator-fault": "queued=1"},
    )

    cancelled = talk.sdk.cancel(id=started.id)

    assert (started.status, cancelled.status) == ("queued", "cancelled")
    with refused(400):
        talk.sdk.cancel(id=started.id)
    recorded = talk.rows("SELECT status FROM interactions WHERE interaction_id = {ids}", started)
    assert recorded == [("cancelled",)]


@pytest.mark.parametrize(
    ("options", "days"),
    [
        (("--tier", "free"), 1),
        (("--tier", "paid", "--retention-days", "7"), 7),
        (("--tier", "paid", "--retention-days", "14"), 14),
        (("--tier", "paid", "--retention-days", "28"), 28),
        (("--tier", "paid"), 55),
    ],
    ids=["free", "7", "14", "28", "55"],
)
def test_what_is_stored_lives_so_many_days_and_no_longer(
    tmp_path: Path, options: tuple[str, ...], days: int
) -> None:
    """As many days as the tier keeps an interaction pass within a second."""
    emulator = Emulator(tmp_path, *options)

    def days_pass(number: int) -> None:
        body = json.dumps({"advance_s": number * DAY_S}).encode()
        request = urllib.request.Request(f"{emulator.url}/emulator/clock", data=body)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200

    try:
        with sdk_at(emulator.url) as sdk:
            first = sdk.create(model=MODEL, input="Hello?")
            days_pass(days - 1)
            second = sdk.create(model=MODEL, input="Here?", previous_interaction_id=first.id)
            assert sdk.get(id=first.id).status == "completed"

            days_pass(1)

            with refused(404):
                sdk.get(id=first.id)
            with refused(404):
                sdk.create(model=MODEL, input="And now?", previous_interaction_id=first.id)
            if days > 1:
                third = sdk.create(
                    model=MODEL, input="What did I say first?", previous_interaction_id=second.id
                )
                assert "Hello" in said(third), "later turns outlive the first one"
    finally:
        emulator.stop()


def test_what_is_deleted_cannot_be_built_on(talk: Talk) -> None:
    first = talk.sdk.create(model=MODEL, input="Hello?")
    second = talk.sdk.create(model=MODEL, input="More?", previous_interaction_id=first.id)

    talk.sdk.delete(id=first.id)

    with refused(404):
        talk.sdk.create(model=MODEL, input="And now?", previous_interaction_id=first.id)
    with refused(404):
        talk.sdk.delete(id=first.id)
    later = talk.sdk.create(model=MODEL, input="Go on.", previous_interaction_id=second.id)
    assert later.status == "completed"


@pytest.mark.parametrize(
    ("status", "fault"), [(501, "status=501"), (403, "status=403"), (404, "status=404")]
)
def test_a_delete_may_be_refused_in_many_ways(talk: Talk, status: int, fault: str) -> None:
    first = talk.sdk.create(model=MODEL, input="Hello?")

    with refused(status):
        talk.sdk.delete(id=first.id, extra_headers={"x-emulator-fault": fault})

    assert talk.sdk.get(id=first.id).status == "completed"


def test_a_delete_may_delete_nothing(talk: Talk) -> None:
    first = talk.sdk.create(model=MODEL, input="Hello?")

    talk.sdk.delete(id=first.id, extra_headers={"x-emulator-fault": "undeleted"})

    assert talk.sdk.get(id=first.id).status == "completed"


@pytest.mark.parametrize("revision", ["2026-05-07", "2026-05-20"])
def test_both_schema_revisions_are_served_by_choice_and_recorded_alike(
    talk: Talk, revision: str
) -> None:
    request = urllib.request.Request(
        f"{talk.stage.proxy.url}/v1beta/interactions",
        data=json.dumps({"model": MODEL, "input": "Hello?"}).encode(),
        headers={
            "Content-Type": "application/json",
            "x-goog-api-key": "a-made-up-key",
            "Api-Revision": revision,
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answered:
        answer = json.load(answered)

    assert ("outputs" in answer) == (revision == "2026-05-07")
    assert ("steps" in answer) == (revision == "2026-05-20")
    types = talk.rows(
        "SELECT type FROM timeline WHERE interaction = '{id}' AND side = 'output'"
        " ORDER BY step_index".replace("{id}", answer["id"])
    )
    assert types == [("thought",), ("model_output",)]
    assert talk.rows("FROM unknowns") == []
