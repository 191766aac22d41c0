"""Every call finds its room; what has none is not found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.neighbours.desk import Neighbours
from tests.emulator.conftest import Running
from tests.emulator.neighbours.visits import Caller


async def test_a_path_without_a_room_is_not_found(emulator: Running) -> None:
    async with emulator.http.get(f"{emulator.url}/v1/tuningJobs") as answer:
        assert answer.status == 404
        assert (await answer.json())["error"]["code"] == "not_found"


async def test_without_a_credential_nothing_is_answered(emulator: Running) -> None:
    async with emulator.http.get(
        f"{emulator.url}/v1/agents", headers={"x-goog-api-key": ""}
    ) as answer:
        assert answer.status == 401


@pytest.mark.parametrize("start", ["", "agents/"])
def test_custom_agents_are_known_by_name(start: str) -> None:
    desk = Neighbours()
    call = Caller(desk.answer)
    made = call("POST", "/v1/agents", {"id": "mine", "base_agent": "antigravity-preview-09-2026"})

    assert desk.agent(f"{start}mine") == made
    assert desk.agent(f"{start}yours") is None


@pytest.mark.parametrize(
    "noun",
    [
        *("agents", "environments", "triggers", "credentials", "voices"),
        *("files", "cachedContents", "batches", "fileSearchStores", "models"),
    ],
)
def test_unknown_ids_are_not_found_in_the_form_of_their_family(call: Caller, noun: str) -> None:
    refusal = call.refused("GET", f"/v1/{noun}/nobody")

    assert refusal.status == 404
    has_string_code = b'"code":"not_found"' in refusal.body()[0]
    assert has_string_code == (
        noun in ("agents", "environments", "triggers", "credentials", "voices")
    )


HELLO = {
    "contents": [{"role": "user", "parts": [{"text": "Hi."}, {"inlineData": {"data": "AA=="}}]}]
}
CONFIG = {
    "candidateCount": 2,
    "maxOutputTokens": 9,
    "thinkingConfig": {"includeThoughts": True},
    "responseSchema": {"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}}},
    "responseModalities": ["TEXT"],
}
TOOLS = [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT"}}]}]
EMBED = {"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 2}
VALID: dict[str, dict[str, Any]] = {
    "/v1/agents": {"id": "a", "base_agent": "antigravity-preview-09-2026", "tools": []},
    "/v1/environments": {
        "sources": [{"type": "inline", "target": "a", "content": "eA==", "encoding": "base64"}],
        "network": {"allowlist": [{"domain": "x"}]},
        "from_environment": "",
    },
    "/v1/triggers": {"interaction": {"x": 1}, "schedule": "0 9 * * *", "time_zone": "UTC"},
    "/v1/credentials": {"id": "c", "type": "bearer_token", "token": "t"},
    "/v1/voices": {"voice": {"type": "prompted", "prompted": {"input": "x"}}, "store": True},
    "/v1/decisions": {
        "model": "gemini-3-flash-preview",
        "input": "x",
        "questions": {
            "a": {"type": "choice", "criteria": {"b": "c"}},
            "d": {"type": "score", "criteria": ["e"]},
        },
    },
    "/v1/cachedContents": HELLO | {"model": "models/gemini-2.5-flash", "ttl": "60s"},
    "/v1/fileSearchStores": {"displayName": "S"},
    "/upload/v1/files": {"file": {"displayName": "x", "mimeType": "a/b", "name": "files/x"}},
    "/v1/models/gemini-2.5-flash:generateContent": HELLO | {"generationConfig": CONFIG},
    "/v1/models/gemini-2.5-flash:streamGenerateContent": HELLO | {"tools": TOOLS},
    "/v1/models/gemini-2.5-flash:countTokens": {"generateContentRequest": HELLO},
    "/v1/models/gemini-2.5-flash:computeTokens": HELLO,
    "/v1/models/gemini-2.5-flash:batchGenerateContent": {
        "batch": {
            "displayName": "B",
            "inputConfig": {"requests": {"requests": [{"request": HELLO}]}},
        }
    },
    "/v1/models/gemini-embedding-001:embedContent": EMBED,
    "/v1/models/gemini-embedding-001:batchEmbedContents": {"requests": [EMBED]},
    "/v1/models/gemini-embedding-001:predict": {
        "instances": [{"content": "x"}],
        "parameters": {"outputDimensionality": 2},
    },
    "/v1/models/imagen-4.0-generate-001:predict": {
        "instances": [{"prompt": "x"}],
        "parameters": {"sampleCount": 2},
    },
    "/v1beta1/projects/p/locations/l/batchPredictionJobs": {
        "model": "publishers/google/models/gemini-2.5-flash",
        "inputConfig": {"x": 1},
    },
}
"""A body that is answered, by where it is posted."""

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a body, from the outside in."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in inner:
        yield (*at, key)
        if isinstance(each, (dict, list)):
            yield from places(each, (*at, key))


def replaced(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    """The body with something else in one place."""
    if not at:
        return new
    copy = value.copy()
    copy[at[0]] = replaced(value[at[0]], at[1:], new)
    return copy


@pytest.mark.parametrize("path", VALID)
def test_what_is_right_is_answered(call: Caller, path: str) -> None:
    reply = call.reply("POST", path, VALID[path], {"X-Goog-Upload-Command": "start"})

    assert reply.body or reply.blocks or reply.headers


@pytest.mark.parametrize("path", VALID)
@given(st.data())
def test_what_is_wrong_anywhere_is_answered_or_refused(path: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(list(places(VALID[path]))))
    body = replaced(VALID[path], place, data.draw(ANYTHING))
    call = Caller(Neighbours().answer)

    with suppress(Refusal):
        reply = call.reply("POST", path, body, {"X-Goog-Upload-Command": "start"})
        made = orjson.loads(reply.body) if reply.body else {}
        if isinstance(made, dict) and str(made.get("name")).startswith("batches/"):
            assert [call("GET", f"/v1/{made['name']}")["name"] for _ in range(2)]
