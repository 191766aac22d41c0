"""Cached contents by Google's own SDK: made, used, prolonged, expired."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import errors

from proxy.emulator.neighbours.classic.caches import LIFE_S
from tests.emulator.neighbours.visits import Caller

MODEL = "gemini-2.5-flash"
LONG = "A long beginning. " * 500
BODY = {"model": f"models/{MODEL}", "contents": [{"parts": [{"text": LONG}]}]}


async def test_a_cache_saves_tokens_until_it_is_deleted(either: Any) -> None:
    made = await either.caches.create(
        model=MODEL, config={"contents": [LONG], "ttl": "60s", "display_name": "Beginning"}
    )
    used = await either.models.generate_content(
        model=MODEL, contents="Go on.", config={"cached_content": made.name}
    )
    longer = await either.caches.update(name=made.name, config={"ttl": "600s"})
    listed = [cache.name async for cache in await either.caches.list()]
    await either.caches.delete(name=made.name)

    tokens = made.usage_metadata.total_token_count
    assert used.usage_metadata.cached_content_token_count == tokens > 1000
    assert used.usage_metadata.prompt_token_count > tokens
    assert longer.expire_time > made.expire_time
    assert listed == [made.name]
    with pytest.raises(errors.ClientError):
        await either.caches.get(name=made.name)


@pytest.mark.parametrize(
    ("end", "life_s"),
    [({}, LIFE_S), ({"ttl": "60s"}, 60), ({"expireTime": "2026-11-25T10:00:30Z"}, 30)],
)
def test_a_cache_ends_when_it_was_told_to(call: Caller, end: dict[str, str], life_s: int) -> None:
    path = f"/v1/{call('POST', '/v1/cachedContents', BODY | end)['name']}"
    call.now_s += life_s - 1
    assert call("GET", path)
    call.now_s += 1

    assert call.refused("GET", path).status == 404
    use = {"contents": [{"parts": [{"text": "x"}]}], "cachedContent": path.removeprefix("/v1/")}
    assert call.refused("POST", f"/v1/models/{MODEL}:generateContent", use).status == 404


def test_a_cache_that_was_prolonged_lives_longer(call: Caller) -> None:
    path = f"/v1/{call('POST', '/v1/cachedContents', BODY | {'ttl': '60s'})['name']}"
    call("PATCH", path, {"ttl": "600s"})
    call.now_s += 599

    assert call("GET", path)["expireTime"] == "2026-11-25T10:10:00Z"


def test_what_is_cached_is_not_answered(call: Caller) -> None:
    made = call("POST", "/v1/cachedContents", BODY)

    assert LONG not in str(made)
    assert "contents" not in made


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"model": ""}, 400),
        ({"model": "models/gemini-0"}, 404),
        ({"ttl": "an hour"}, 400),
        ({"expireTime": "tomorrow"}, 400),
    ],
)
def test_what_cannot_be_cached_is_refused(
    call: Caller, change: dict[str, str], status: int
) -> None:
    assert call.refused("POST", "/v1/cachedContents", BODY | change).status == status


def test_only_the_end_can_be_changed(call: Caller) -> None:
    path = f"/v1/{call('POST', '/v1/cachedContents', BODY)['name']}"

    assert call.refused("PATCH", path, {"displayName": "x"}).status == 400
