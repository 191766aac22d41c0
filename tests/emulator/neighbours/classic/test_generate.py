"""generateContent, its stream and the counting of tokens, as Google's own SDK reads them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from google.genai import errors, types

from tests.emulator.conftest import Running
from tests.emulator.neighbours.visits import Caller

MODEL = "gemini-2.5-flash"
PATH = f"/v1/models/{MODEL}"
HELLO = {"contents": [{"role": "user", "parts": [{"text": "Hello?"}]}]}


async def test_content_is_generated_and_its_usage_adds_up(either: Any) -> None:
    made = await either.models.generate_content(model=MODEL, contents="Hi.")

    usage = made.usage_metadata
    assert made.text
    assert usage.total_token_count == (
        usage.prompt_token_count + usage.candidates_token_count + usage.thoughts_token_count
    )
    assert usage.prompt_tokens_details[0].modality.name == "TEXT"


async def test_content_is_streamed_in_pieces(either: Any, emulator: Running) -> None:
    pieces = [
        p async for p in await either.models.generate_content_stream(model=MODEL, contents="Hi.")
    ]

    assert len(pieces) > 1
    assert [p.candidates[0].finish_reason for p in pieces[:-1]] == [None] * (len(pieces) - 1)
    assert pieces[-1].candidates[0].finish_reason.name == "STOP"
    assert len({p.response_id for p in pieces}) == 1
    counts = [p.usage_metadata.candidates_token_count for p in pieces]
    assert counts == sorted(counts)
    assert emulator.answered()["finished"]


async def test_a_classic_stream_has_crlf_and_no_done(emulator: Running) -> None:
    url = f"{emulator.url}{PATH}:streamGenerateContent"
    async with emulator.http.post(f"{url}?alt=sse", json=HELLO) as answer:
        body = await answer.read()
        kind = answer.headers["Content-Type"]
    async with emulator.http.post(url, json=HELLO) as answer:
        chunks = await answer.json()

    assert kind == "text/event-stream"
    assert body.startswith(b"data: {")
    assert body.endswith(b"}\r\n\r\n")
    assert b"event:" not in body
    assert b"DONE" not in body
    assert isinstance(chunks, list)


async def test_functions_are_called_and_their_results_answered(sdk: Any) -> None:
    asked: list[str] = []

    def weather(city: str) -> str:
        """The weather of a city."""
        asked.append(city)
        return "sunny"

    made = await sdk.models.generate_content(
        model=MODEL, contents="Weather?", config={"tools": [weather]}
    )

    assert made.text
    turns = made.automatic_function_calling_history
    assert turns[1].parts[0].function_call.name == "weather"


async def test_structured_output_fits_its_schema(sdk: Any) -> None:
    schema = {"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}}, "required": ["n"]}
    config = {"response_mime_type": "application/json", "response_schema": schema}

    made = await sdk.models.generate_content(model=MODEL, contents="A number.", config=config)

    assert isinstance(made.parsed["n"], int)


async def test_pictures_and_speech_come_inline(sdk: Any) -> None:
    picture = await sdk.models.generate_content(model="gemini-2.5-flash-image", contents="A fir.")
    speech = await sdk.models.generate_content(
        model="gemini-3.1-flash-tts-preview",
        contents="Hello.",
        config={"response_modalities": ["AUDIO"]},
    )

    assert picture.parts[0].inline_data.data.startswith(b"\x89PNG")
    assert speech.parts[0].inline_data.mime_type.startswith("audio/L16")


async def test_searched_answers_say_where_from_and_thoughts_are_marked(sdk: Any) -> None:
    config = types.GenerateContentConfig(
        tools=[types.Tool(google_search=types.GoogleSearch())],
        thinking_config=types.ThinkingConfig(include_thoughts=True),
        candidate_count=2,
    )

    made = await sdk.models.generate_content(model=MODEL, contents="Larches?", config=config)

    assert made.candidates[0].grounding_metadata.grounding_chunks[0].web.uri
    assert [part.thought for part in made.candidates[0].content.parts] == [True, None]
    assert len(made.candidates) == 2


async def test_tokens_are_counted(either: Any) -> None:
    image = types.Part.from_bytes(data=b"x", mime_type="image/png")

    plain = await either.models.count_tokens(model=MODEL, contents="Hi.")
    both = await either.models.count_tokens(model=MODEL, contents=["Hi.", image])

    assert 0 < plain.total_tokens < both.total_tokens


async def test_vertex_computes_tokens(vertex: Any) -> None:
    made = await vertex.models.compute_tokens(model=MODEL, contents="one two")

    assert made.tokens_info[0].tokens == [b"one", b"two"]


def test_tokens_of_a_whole_request_count_all_of_it(call: Caller) -> None:
    contents = call("POST", f"{PATH}:countTokens", HELLO)
    system = {"systemInstruction": {"parts": [{"text": "Be kind."}]}}
    whole = call("POST", f"{PATH}:countTokens", {"generateContentRequest": HELLO | system})

    assert whole["totalTokens"] > contents["totalTokens"]
    assert contents["promptTokensDetails"] == [
        {"modality": "TEXT", "tokenCount": contents["totalTokens"]}
    ]


def test_a_limit_of_output_cuts(call: Caller) -> None:
    made = call(
        "POST", f"{PATH}:generateContent", HELLO | {"generationConfig": {"maxOutputTokens": 2}}
    )

    assert made["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert made["usageMetadata"]["candidatesTokenCount"] == 2


def test_no_budget_is_no_thinking(call: Caller) -> None:
    config = {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}}

    made = call("POST", f"{PATH}:generateContent", HELLO | config)

    assert made["usageMetadata"]["thoughtsTokenCount"] == 0


@pytest.mark.parametrize("body", [{}, {"contents": []}])
def test_no_contents_are_refused(call: Caller, body: dict[str, Any]) -> None:
    for verb in ("generateContent", "streamGenerateContent", "countTokens"):
        assert "contents is not specified" in call.refused("POST", f"{PATH}:{verb}", body).message


async def test_a_file_that_is_not_there_is_forbidden(sdk: Any) -> None:
    uri = "https://generativelanguage.googleapis.com/v1beta/files/none"
    part = types.Part.from_uri(file_uri=uri, mime_type="text/plain")

    with pytest.raises(errors.ClientError) as refused:
        await sdk.models.generate_content(model=MODEL, contents=[part])
    assert refused.value.code == 403


def test_what_is_generated_follows_from_the_chance_alone() -> None:
    from proxy.emulator.neighbours.desk import Neighbours

    made = [Caller(Neighbours().answer)("POST", f"{PATH}:generateContent", HELLO) for _ in range(2)]

    assert orjson.dumps(made[0]) == orjson.dumps(made[1])
