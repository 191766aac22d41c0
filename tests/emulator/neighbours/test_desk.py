"""What SDKs call beside interactions is answered, by the SDK's own judgement."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google import genai
from google.genai import errors

from tests.emulator.conftest import KEY, Running

MODEL = "gemini-2.5-flash"

# google-genai 3.4.0 derives from aiohttp's session and hands it pieces of 8 MiB; aiohttp minds both.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning"),
]


@pytest.fixture
async def sdk(emulator: Running) -> AsyncIterator[Any]:
    client = genai.Client(api_key=KEY, http_options={"base_url": emulator.url})
    yield client.aio
    await client.aio.aclose()
    client.close()


async def test_models_are_listed_and_found(sdk: Any) -> None:
    names = [model.name async for model in await sdk.models.list()]
    one = await sdk.models.get(model=MODEL)

    assert f"models/{MODEL}" in names
    assert one.input_token_limit == 1_048_576


async def test_an_unknown_model_is_an_error_of_the_classic_kind(sdk: Any) -> None:
    with pytest.raises(errors.ClientError) as refused:
        await sdk.models.get(model="gemini-0")

    assert (refused.value.code, refused.value.status) == (404, "NOT_FOUND")


async def test_an_agent_wants_interactions(sdk: Any) -> None:
    with pytest.raises(errors.ClientError, match="only supports Interactions API"):
        await sdk.models.generate_content(model="deep-research-preview-04-2026", contents="Hi.")


async def test_tokens_are_counted(sdk: Any) -> None:
    assert (await sdk.models.count_tokens(model=MODEL, contents="Hi.")).total_tokens > 0


async def test_content_is_generated_and_its_usage_adds_up(sdk: Any) -> None:
    made = await sdk.models.generate_content(model=MODEL, contents="Hi.")

    usage = made.usage_metadata
    assert made.text
    assert usage.total_token_count == (
        usage.prompt_token_count + usage.candidates_token_count + usage.thoughts_token_count
    )


async def test_content_is_streamed_in_pieces(sdk: Any, emulator: Running) -> None:
    pieces = [
        p async for p in await sdk.models.generate_content_stream(model=MODEL, contents="Hi.")
    ]

    assert len(pieces) > 1
    assert pieces[-1].candidates[0].finish_reason.name == "STOP"
    assert emulator.answered()["finished"]


async def test_a_classic_stream_has_crlf_and_no_done(emulator: Running) -> None:
    url = f"{emulator.url}/v1/models/{MODEL}:streamGenerateContent?alt=sse"
    async with emulator.http.post(url, json={"contents": []}) as answer:
        body = await answer.read()

    assert body.startswith(b"data: {")
    assert body.endswith(b"}\r\n\r\n")
    assert b"event:" not in body


async def test_a_file_is_uploaded_in_two_pieces_listed_and_deleted(
    sdk: Any, emulator: Running
) -> None:
    data = bytes(range(256)) * 40_000  # 10 MB: the SDK sends pieces of 8 MiB

    made = await sdk.files.upload(file=io.BytesIO(data), config={"mime_type": "text/plain"})
    listed = [file.name async for file in await sdk.files.list()]
    await sdk.files.delete(name=made.name)

    assert made.size_bytes == len(data)
    assert made.sha256_hash == hashlib.sha256(data).hexdigest()
    assert listed == [made.name]
    with pytest.raises(errors.ClientError):
        await sdk.files.get(name=made.name)
    uploads = [line for line in emulator.ledger.lines if line.get("operation") == "files.upload"]
    assert len(uploads) == 3
    assert all(line["status"] == 200 for line in uploads)


async def test_upload_addresses_are_no_way_around_the_session(emulator: Running) -> None:
    url = f"{emulator.url}/upload/v1/files?upload_id=made-up"
    headers = {"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0"}
    async with emulator.http.post(url, data=b"x", headers=headers) as answer:
        assert answer.status == 404


async def test_anything_else_is_not_found(emulator: Running) -> None:
    async with emulator.http.get(f"{emulator.url}/v1/webhooks") as answer:
        assert answer.status == 404
        assert (await answer.json())["error"]["code"] == "not_found"
