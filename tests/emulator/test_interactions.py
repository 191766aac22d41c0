"""Google's own SDK converses with the emulator. Its reading of the API is the witness here."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from google import genai

# The errors of interactions have no public home in 3.4.0; they are no children of `genai.errors`.
from google.genai._gaos.lib import compat_errors as errors
from pydantic import BaseModel

from proxy.emulator.asked.request import LEGACY_REFUSED
from proxy.emulator.emulator import Settings
from proxy.emulator.ledger import Ledger
from proxy.emulator.server import serving
from tests.emulator.conftest import KEY, Running

MODEL = "gemini-3-flash-preview"
AGENT = "deep-research-preview-04-2026"
WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


async def test_a_conversation_of_two_turns(emulator: Running) -> None:
    first = await emulator.sdk.create(model=MODEL, input="Say hello.")
    second = await emulator.sdk.create(
        model=MODEL, input="Again.", previous_interaction_id=first.id
    )

    assert first.status == second.status == "completed"
    assert "“Say hello.”" in first.output_text
    assert "turn 2" in second.output_text
    assert second.usage.total_input_tokens > first.usage.total_output_tokens


async def test_the_synchronous_client_is_served_too(emulator: Running) -> None:
    def ask() -> Any:
        with genai.Client(api_key=KEY, http_options={"base_url": emulator.url}) as client:
            return client.interactions.create(model=MODEL, input="Say hello.")

    made = await asyncio.to_thread(ask)

    assert made.status == "completed"


async def test_a_stream_tells_what_get_shows(emulator: Running) -> None:
    told = [
        event async for event in await emulator.sdk.create(model=MODEL, input="Hi.", stream=True)
    ]

    text = "".join(
        e.delta.text for e in told if getattr(getattr(e, "delta", None), "type", "") == "text"
    )
    shown = await emulator.sdk.get(told[0].interaction.id, include_input=True)
    assert shown.output_text == text
    assert [step.type for step in shown.steps] == ["user_input", "thought", "model_output"]
    assert shown.usage == told[-1].interaction.usage


async def test_a_deleted_interaction_is_gone(emulator: Running) -> None:
    made = await emulator.sdk.create(model=MODEL, input="Hi.")

    assert await emulator.sdk.delete(made.id) is None
    for call in (emulator.sdk.get, emulator.sdk.delete, emulator.sdk.cancel):
        with pytest.raises(errors.NotFoundError):
            await call(made.id)


async def test_nothing_is_kept_of_what_is_not_stored(emulator: Running) -> None:
    made = await emulator.sdk.create(model=MODEL, input="Hi.", store=False)
    stream = await emulator.sdk.create(model=MODEL, input="Hi.", store=False, stream=True)

    assert made.id in (None, "")
    assert [event.interaction.id async for event in stream if hasattr(event, "interaction")] == [
        "",
        "",
    ]


async def test_functions_are_called_and_their_results_answered(emulator: Running) -> None:
    asked = await emulator.sdk.create(model=MODEL, input="The weather in Oslo?", tools=[WEATHER])
    (call,) = [step for step in asked.steps if step.type == "function_call"]
    result = {"type": "function_result", "call_id": call.id, "name": call.name, "result": "4 C"}
    answered = await emulator.sdk.create(
        model=MODEL, input=[result], tools=[WEATHER], previous_interaction_id=asked.id
    )

    assert (asked.status, call.arguments) == ("requires_action", {"city": "Oslo"})
    assert (answered.status, "4 C" in answered.output_text) == ("completed", True)


async def test_two_functions_are_called_in_parallel_in_a_stream(emulator: Running) -> None:
    clock = {"type": "function", "name": "get_time", "description": "The time in a city."}

    told = [
        event
        async for event in await emulator.sdk.create(
            model=MODEL, input="Weather and time in Oslo?", tools=[WEATHER, clock], stream=True
        )
    ]

    started = [event.step for event in told if event.event_type == "step.start"]
    assert [getattr(step, "name", "") for step in started] == ["", "get_weather", "get_time"]
    assert told[-1].interaction.status == "requires_action"


async def test_structured_output_fits_the_model_of_the_caller(emulator: Running) -> None:
    class Plan(BaseModel):
        city: str
        days: int
        sights: list[str]

    wanted = {
        "type": "text",
        "mime_type": "application/json",
        "schema": Plan.model_json_schema(),
    }

    made = await emulator.sdk.create(model=MODEL, input="Plan.", response_format=wanted)

    assert isinstance(Plan.model_validate_json(made.output_text), Plan)


async def test_an_image_comes_inline(emulator: Running) -> None:
    made = await emulator.sdk.create(model="gemini-3.1-flash-image", input="A cat.")

    assert made.output_image.mime_type == "image/png"
    assert made.usage.output_tokens_by_modality[0].modality == "image"


async def test_research_runs_in_the_background_until_polled_twice(emulator: Running) -> None:
    running = await emulator.sdk.create(agent=AGENT, input="Larches.", background=True)
    first = await emulator.sdk.get(running.id)
    second = await emulator.sdk.get(running.id)

    assert [run.status for run in (running, first, second)] == [
        "in_progress",
        "in_progress",
        "completed",
    ]
    assert running.steps in (None, [])
    assert second.output_text.startswith("# Report")


async def test_a_broken_background_stream_is_resumed_where_it_broke(emulator: Running) -> None:
    whole = await emulator.sdk.create(agent=AGENT, input="Larches.", background=True, stream=True)
    told = [event async for event in whole]

    seen = 0
    for place in range(0, len(told), 9):
        rest = await emulator.sdk.get(
            told[0].interaction.id, stream=True, last_event_id=told[place].event_id
        )
        assert [e.event_id async for e in rest] == [e.event_id for e in told[place + 1 :]]
        seen += 1
    assert seen > 5
    assert (await emulator.sdk.get(told[0].interaction.id)).status == "completed"


async def test_two_readers_of_one_run_see_the_same_events(emulator: Running) -> None:
    run = await emulator.sdk.create(agent=AGENT, input="Larches.", background=True)
    one, two = [await emulator.sdk.get(run.id, stream=True) for _ in range(2)]

    ids = [[event.event_id async for event in reader] for reader in (one, two)]

    assert ids[0] == ids[1]
    assert len(ids[0]) > 20
    assert (await emulator.sdk.get(run.id)).status == "completed"


async def test_what_is_not_stored_may_build_on_what_is(emulator: Running) -> None:
    first = await emulator.sdk.create(model=MODEL, input="Hi.")

    second = await emulator.sdk.create(
        model=MODEL, input="And?", store=False, previous_interaction_id=first.id
    )

    assert second.id in (None, "")
    past = first.usage.total_input_tokens + first.usage.total_output_tokens
    assert second.usage.total_input_tokens > past
    assert second.output_text.startswith("In turn 2")


async def test_an_unknown_event_id_is_refused(emulator: Running) -> None:
    running = await emulator.sdk.create(model=MODEL, input="Hi.", background=True)

    with pytest.raises(errors.BadRequestError, match="last_event_id"):
        await emulator.sdk.get(running.id, stream=True, last_event_id="evt_x")


async def test_a_cancelled_run_stays_cancelled(emulator: Running) -> None:
    running = await emulator.sdk.create(agent=AGENT, input="Larches.", background=True)

    assert (await emulator.sdk.cancel(running.id)).status == "cancelled"
    assert (await emulator.sdk.get(running.id)).status == "cancelled"
    told = [event async for event in await emulator.sdk.get(running.id, stream=True)]
    assert [event.event_type for event in told] == [
        "interaction.created",
        "interaction.status_update",
        "interaction.completed",
    ]
    assert told[-1].interaction.status == "cancelled"
    with pytest.raises(errors.BadRequestError):
        await emulator.sdk.cancel(running.id)


@pytest.mark.parametrize("is_stored", [True, False], ids=["stored", "not stored"])
async def test_the_sdk_continues_a_long_decode_by_itself(
    emulator: Running,
    is_stored: bool,  # noqa: FBT001
) -> None:
    made = await emulator.sdk.create(model="fault:hops=3", input="A long story.", store=is_stored)

    creates = [line for line in emulator.ledger.lines if line.get("operation") == "create"]
    assert [line["interaction_status"] for line in creates] == [
        "requires_continuation",
        "requires_continuation",
        "completed",
    ]
    assert made.status == "completed"
    assert made.usage.total_tokens == sum(line["usage"]["total_tokens"] for line in creates)


async def test_the_tier_that_served_is_named(emulator: Running) -> None:
    asked = {"model": MODEL, "input": "Hi.", "service_tier": "priority"}

    served = await emulator.sdk.create(**asked)
    moved = await emulator.sdk.create(**asked, extra_headers={"x-emulator-fault": "downgrade"})
    _, open_ = await emulator.create(service_tier=None)

    assert (served.service_tier, moved.service_tier) == ("priority", "standard")
    assert open_["service_tier"] == "standard"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (429, errors.RateLimitError),
        (500, errors.InternalServerError),
        (502, errors.InternalServerError),
        (503, errors.InternalServerError),
    ],
)
async def test_errors_on_demand_are_errors_of_the_sdk(
    emulator: Running, status: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await emulator.sdk.create(model=f"fault:status={status}", input="Hi.")

    assert emulator.answered()["status"] == status


async def test_an_unknown_model_is_not_found(emulator: Running) -> None:
    with pytest.raises(errors.NotFoundError, match="model_not_found"):
        await emulator.sdk.create(model="gemini-0", input="Hi.")


async def test_an_error_event_reaches_the_caller(emulator: Running) -> None:
    stream = await emulator.sdk.create(model="fault:error_event=3", input="Hi.", stream=True)

    told = [event async for event in stream]

    assert [event.event_type for event in told][-1] == "error"
    assert len(told) == 4


async def test_old_sdks_are_served_their_schema(emulator: Running) -> None:
    old = {"User-Agent": "google-genai-sdk/1.55.0 gl-python/3.11.7"}
    body = {"model": MODEL, "input": [{"role": "user", "content": "Hi."}]}
    async with emulator.http.post(emulator.path, json=body, headers=old) as answer:
        made = await answer.json()
    async with emulator.http.post(
        emulator.path, json=body | {"stream": True}, headers=old
    ) as answer:
        told = await answer.text()

    assert [output["type"] for output in made["outputs"]] == ["thought", "text"]
    assert told.startswith("event: interaction.start\n")


async def test_old_sdks_are_told_to_upgrade_if_so_wished() -> None:
    ledger = Ledger()
    async with serving(Settings(seed=1, legacy="refuse"), ledger) as url:
        import aiohttp

        old = {"User-Agent": "google-genai-sdk/1.55.0", "x-goog-api-key": KEY}
        body = {"model": MODEL, "input": "Hi."}
        async with (
            aiohttp.ClientSession(headers=old) as http,
            http.post(f"{url}/v1/interactions", json=body) as answer,
        ):
            error = orjson.loads(await answer.read())["error"]

    assert error == {"code": "invalid_request", "message": LEGACY_REFUSED}
