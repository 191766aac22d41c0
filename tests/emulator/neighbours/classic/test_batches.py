"""Batches by Google's own SDK: they move on with each look, and their answers are those of single calls."""

from __future__ import annotations

import io
from typing import Any

import orjson
import pytest
from google.genai import errors

from tests.emulator.neighbours.visits import Caller

MODEL = "gemini-2.5-flash"
HELLO = {"contents": [{"parts": [{"text": "Hello?"}], "role": "user"}]}


async def test_a_batch_of_inline_requests_moves_on_until_it_is_done(sdk: Any) -> None:
    made = await sdk.batches.create(model=MODEL, src=[HELLO, HELLO], config={"display_name": "B"})
    running, done = [await sdk.batches.get(name=made.name) for _ in range(2)]
    listed = [batch.name async for batch in await sdk.batches.list()]

    states = [batch.state.name for batch in (made, running, done)]
    assert states == ["JOB_STATE_PENDING", "JOB_STATE_RUNNING", "JOB_STATE_SUCCEEDED"]
    assert [each.response.text != "" for each in done.dest.inlined_responses] == [True, True]
    assert (done.display_name, done.model) == ("B", f"models/{MODEL}")
    assert done.end_time
    assert listed == [made.name]


async def test_a_batch_of_a_file_answers_in_a_file(sdk: Any) -> None:
    lines = b"\n".join(orjson.dumps({"key": f"r{n}", "request": HELLO}) for n in range(3))
    file = await sdk.files.upload(file=io.BytesIO(lines), config={"mime_type": "jsonl"})

    made = await sdk.batches.create(model=MODEL, src=file.name)
    done = [await sdk.batches.get(name=made.name) for _ in range(2)][-1]
    answers = await sdk.files.download(file=done.dest.file_name)

    parsed = [orjson.loads(line) for line in answers.splitlines()]
    assert [each["key"] for each in parsed] == ["r0", "r1", "r2"]
    assert all(each["response"]["modelVersion"] == MODEL for each in parsed)


async def test_embeddings_come_in_batches_too(sdk: Any) -> None:
    made = await sdk.batches.create_embeddings(
        model="gemini-embedding-001",
        src={"inlined_requests": {"contents": ["a", "b"], "config": {"output_dimensionality": 3}}},
    )
    done = [await sdk.batches.get(name=made.name) for _ in range(2)][-1]

    responses = done.dest.inlined_embed_content_responses
    assert [len(each.response.embedding.values) for each in responses] == [3, 3]


async def test_a_batch_is_cancelled_and_deleted(sdk: Any) -> None:
    made = await sdk.batches.create(model=MODEL, src=[HELLO])
    await sdk.batches.cancel(name=made.name)
    cancelled = await sdk.batches.get(name=made.name)
    await sdk.batches.delete(name=made.name)

    assert cancelled.state.name == "JOB_STATE_CANCELLED"
    with pytest.raises(errors.ClientError):
        await sdk.batches.get(name=made.name)


async def test_vertex_has_jobs(vertex: Any) -> None:
    made = await vertex.batches.create(
        model=MODEL, src="gs://bucket/in.jsonl", config={"dest": "gs://bucket/out"}
    )
    done = [await vertex.batches.get(name=made.name) for _ in range(2)][-1]
    listed = [batch.name async for batch in await vertex.batches.list()]
    deleted = await vertex.batches.delete(name=made.name)

    assert made.state.name == "JOB_STATE_PENDING"
    assert (done.state.name, done.dest.gcs_uri) == ("JOB_STATE_SUCCEEDED", "gs://bucket/out")
    assert listed == [made.name]
    assert deleted.done


def test_one_bad_request_does_not_stop_the_others(call: Caller) -> None:
    requests = [{"request": HELLO, "metadata": {"key": "good"}}, {"request": {}}]
    body = {"batch": {"inputConfig": {"requests": {"requests": requests}}}}
    name = call("POST", f"/v1/models/{MODEL}:batchGenerateContent", body)["name"]
    call("GET", f"/v1/{name}")

    good, bad = call("GET", f"/v1/{name}")["response"]["inlinedResponses"]["inlinedResponses"]

    assert (good["metadata"], "response" in good) == ({"key": "good"}, True)
    assert bad["error"]["code"] == 400


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ({}, 400),
        ({"requests": {"requests": []}}, 400),
        ({"fileName": "files/none"}, 404),
    ],
)
def test_what_cannot_be_a_batch_is_refused(
    call: Caller, source: dict[str, Any], status: int
) -> None:
    body = {"batch": {"inputConfig": source}}

    refusal = call.refused("POST", f"/v1/models/{MODEL}:batchGenerateContent", body)

    assert refusal.status == status
