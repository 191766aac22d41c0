"""What callers of each schema get from a running emulator."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.emulator.conftest import Running

FIRST = {"User-Agent": "google-genai-sdk/1.55.0 gl-python/3.11.7"}
LAST = {"User-Agent": "google-genai-sdk/1.75.0 gl-python/3.11.7"}
SEARCH = {"tools": [{"type": "google_search"}], "input": "Search for Zürich"}


async def posted(emulator: Running, headers: dict[str, str], **body: Any) -> bytes:
    asked = {"model": "gemini-3-flash-preview", "input": "Hello."} | body
    async with emulator.http.post(emulator.path, json=asked, headers=headers) as answer:
        assert answer.status == 200
        return await answer.read()


def events_in(body: bytes) -> list[dict[str, Any]]:
    lines = [line.removeprefix(b"data: ") for line in body.splitlines() if line[:6] == b"data: "]
    assert lines[-1] == b"[DONE]"
    return [orjson.loads(line) for line in lines[:-1]]


async def test_each_old_sdk_hears_its_own_dialect(emulator: Running) -> None:
    first = orjson.loads(await posted(emulator, FIRST, **SEARCH))
    last = orjson.loads(await posted(emulator, LAST, **SEARCH))

    assert "total_reasoning_tokens" in first["usage"]
    assert "type" not in first["outputs"][-1]["annotations"][0]
    assert "total_thought_tokens" in last["usage"]
    assert last["outputs"][-1]["annotations"][0]["type"] == "url_citation"


@pytest.mark.parametrize(
    ("headers", "delta"), [(FIRST, "text"), (LAST, "text_annotation")], ids=["first", "last"]
)
async def test_each_old_sdk_streams_in_its_own_dialect(
    emulator: Running, headers: dict[str, str], delta: str
) -> None:
    told = events_in(await posted(emulator, headers, stream=True, **SEARCH))

    assert told[0]["event_type"] == "interaction.start"
    assert told[-1]["event_type"] == "interaction.complete"
    (annotated,) = [e["delta"] for e in told if "annotations" in e.get("delta", {})]
    assert annotated["type"] == delta


async def test_what_an_old_caller_sent_back_is_no_output(emulator: Running) -> None:
    turns = [
        {"role": "user", "content": "Hello."},
        {"role": "model", "content": [{"type": "text", "text": "Hello to you."}]},
        {"role": "user", "content": "And now?"},
    ]
    made = orjson.loads(await posted(emulator, LAST, input=turns))

    async with emulator.http.get(f"{emulator.path}/{made['id']}", headers=LAST) as answer:
        again = await answer.json()

    assert again["outputs"] == made["outputs"]


async def test_a_failed_stream_ends_with_its_error(emulator: Running) -> None:
    told = events_in(await posted(emulator, {"x-emulator-fault": "ending=failed"}, stream=True))

    assert told[-1]["event_type"] == "error"
    made = await emulator.sdk.get(told[0]["interaction"]["id"])
    assert made.status == "failed"
    assert made.errors[0].code == told[-1]["error"]["code"]


async def test_an_agent_s_run_tells_its_usage_and_can_be_taken_up_again(emulator: Running) -> None:
    stream = await emulator.sdk.create(
        agent="antigravity-preview-09-2026", input="Larches.", background=True, stream=True
    )
    told = [event async for event in stream]

    half = len(told) // 2
    rest = await emulator.sdk.get(
        told[0].interaction.id, stream=True, last_event_id=told[half].event_id
    )

    assert [event async for event in rest] == told[half + 1 :]
    stops = [event for event in told if event.event_type == "step.stop"]
    assert stops[-1].usage.total_tokens == told[-1].interaction.usage.total_tokens
