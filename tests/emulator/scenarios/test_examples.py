"""Every example plays through Google's SDK as its description says."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.scenarios.library import example
from tests.emulator.scenarios.staged import staged

MODEL = "gemini-3-flash-preview"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


async def test_tool_loop() -> None:
    async with staged(example("tool_loop")) as stage:
        asked = await stage.sdk.create(model=MODEL, input="How is the weather?", tools=[WEATHER])
        calls = [step for step in asked.steps if step.type == "function_call"]
        results = [
            {"type": "function_result", "call_id": call.id, "name": call.name, "result": "fine"}
            for call in calls
        ]
        stream = await stage.sdk.create(
            model=MODEL, input=results, previous_interaction_id=asked.id, stream=True
        )
        events = [event async for event in stream]
        last = events[-1].interaction
        thanks = await stage.sdk.create(
            model=MODEL, input="Well, thanks.", previous_interaction_id=last.id
        )

    assert asked.status == "requires_action"
    assert [call.arguments["city"] for call in calls] == ["Oslo", "Tromsø"]
    texts = [
        event.delta.text
        for event in events
        if event.event_type == "step.delta" and event.delta.type == "text"
    ]
    assert "".join(texts).startswith("Oslo has 11 degrees")
    assert max(map(len, texts)) <= 24
    assert thanks.output_text == "You are welcome."


async def test_deep_research() -> None:
    async with staged(example("deep_research")) as stage:
        agent = "deep-research-preview-04-2026"
        begun = await stage.sdk.create(agent=agent, input="Why?", background=True)
        statuses = [(await stage.sdk.get(id=begun.id)).status for _ in range(3)]
        whole = await stage.sdk.get(id=begun.id)
        stream = await stage.sdk.get(id=begun.id, stream=True)
        events = [event async for event in stream]
        after = events[4].event_id
        resumed = await stage.sdk.get(id=begun.id, stream=True, last_event_id=after)
        tail = [event async for event in resumed]
        follow_up = await stage.sdk.create(
            model=MODEL, input="Shorter?", previous_interaction_id=begun.id
        )

    assert statuses == ["queued", "in_progress", "completed"]
    (citation,) = whole.steps[-1].content[0].annotations
    text = whole.steps[-1].content[0].text.encode()
    assert text[citation.start_index : citation.end_index].startswith(b"North of the polar circle")
    assert [event.event_id for event in tail] == [event.event_id for event in events[5:]]
    assert follow_up.output_text.startswith("In one sentence")


async def test_long_decode() -> None:
    async with staged(example("long_decode")) as stage:
        joined = await stage.sdk.create(model="gemini-4-argon", input="Write a novel.")

    assert joined.status == "completed"
    assert "Chapter one" in joined.output_text
    assert joined.output_text.endswith("The end.")


async def test_failures() -> None:
    async with staged(example("failures")) as stage:
        served = await stage.retrying.create(model=MODEL, input="Overload me.")
        with pytest.raises(Exception, match="502 Bad Gateway"):
            await stage.sdk.create(model=MODEL, input="Break the front end.")
        stream = await stage.sdk.create(model=MODEL, input="Break the stream.", stream=True)
        seen: list[Any] = []
        with pytest.raises(Exception, match="onnection"):
            await _gather(stream, seen)
        stream = await stage.sdk.create(model=MODEL, input="Fail late.", stream=True)
        late = [event async for event in stream]
        blocked = await stage.sdk.create(model=MODEL, input="Be unsafe.")
        short = await stage.sdk.create(model=MODEL, input="Say too much.")
        back = await stage.sdk.create(model=MODEL, input="Are you back?")

    assert served.output_text == "Now there is room."
    assert len(seen) == 4
    assert late[-1].error.code == "gateway_timeout"
    assert (blocked.status, blocked.errors[0].code) == ("failed", "safety")
    assert short.status == "incomplete"
    assert back.status == "completed"


async def _gather(stream: Any, seen: list[Any]) -> None:
    async for event in stream:
        seen.append(event)  # noqa: PERF401 - what came before the break counts


async def test_background() -> None:
    async with staged(example("background")) as stage:
        job = await stage.sdk.create(model=MODEL, input="Go.", background=True)
        with pytest.raises(Exception, match="Try again"):
            await stage.sdk.get(id=job.id)
        running, done, still = [await stage.sdk.get(id=job.id) for _ in range(3)]
        with pytest.raises(Exception, match="It is over"):
            await stage.sdk.cancel(id=job.id)
        with pytest.raises(Exception, match="not possible here"):
            await stage.sdk.delete(id=job.id)

    assert job.id == "job-1"
    assert (running.status, done.status, still) == ("in_progress", "completed", done)
