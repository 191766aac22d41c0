"""The server as a whole: raw requests, authentication, determinism, the process."""

from __future__ import annotations

import asyncio
import hashlib
import io
import signal
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
import pytest

from proxy.emulator.ledger import Ledger
from proxy.emulator.server import Settings, deterministic, serving
from tests.emulator.conftest import KEY, Running

BODY = {"model": "gemini-3-flash-preview", "input": "Hello?"}
RESEARCH = {"agent": "deep-research-preview-04-2026", "input": "Larches.", "background": True}


async def raw(url: str, request: bytes) -> bytes:
    """Send bytes, read until the server closes."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def post(body: bytes, *headers: str) -> bytes:
    lines = ["POST /v1beta/interactions HTTP/1.1", "Host: x", f"x-goog-api-key: {KEY}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


async def test_two_user_agent_lines_are_accepted(emulator: Running) -> None:
    body = orjson.dumps(BODY)
    request = post(
        body,
        "User-Agent: GeminiNextGenAPIClient/Python 2.0.0",
        "user-agent: google-genai-sdk/2.0.0 gl-python/3.11.7",
        f"Content-Length: {len(body)}",
    )

    answer = await raw(emulator.url, request)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    names = emulator.ledger.lines[0]["header_names"]
    assert [name for name in names if name.lower() == "user-agent"] == ["User-Agent", "user-agent"]


async def test_a_chunked_body_is_accepted(emulator: Running) -> None:
    body = orjson.dumps(BODY)
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"

    answer = await raw(emulator.url, post(chunks, "Transfer-Encoding: chunked"))

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert emulator.ledger.lines[0]["body_sha256"] == hashlib.sha256(body).hexdigest()


async def test_long_lines_and_large_bodies_are_accepted(emulator: Running) -> None:
    body = io.BytesIO(orjson.dumps(BODY | {"input": "x" * 3_000_000}))
    headers = {"x-long": "y" * 60_000}
    async with emulator.http.post(emulator.path, data=body, headers=headers) as answer:
        assert answer.status == 200
    async with emulator.http.get(f"{emulator.path}/{'z' * 60_000}") as answer:
        assert answer.status == 404


async def test_answers_have_the_status_and_type_that_sdks_insist_on(emulator: Running) -> None:
    async with emulator.http.post(emulator.path, json=BODY) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    async with emulator.http.post(emulator.path, json=BODY | {"stream": True}) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        pytest.param({}, "", 401, id="nothing"),
        pytest.param({"x-goog-api-key": ""}, "", 401, id="an empty key"),
        pytest.param({"Authorization": "Basic eA=="}, "", 401, id="another scheme"),
        pytest.param({"x-goog-api-key": "k"}, "", 200, id="a key"),
        pytest.param({"Authorization": "Bearer t"}, "", 200, id="a token"),
        pytest.param({}, "?key=k", 200, id="a key in the query"),
    ],
)
async def test_any_credential_will_do_but_none_will_not(
    emulator: Running, headers: dict[str, str], query: str, status: int
) -> None:
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(emulator.path + query, json=BODY) as answer,
    ):
        assert answer.status == status
    assert emulator.ledger.lines[0]["has_credential"] is (status == 200)


async def test_the_ledger_holds_neither_credentials_nor_content(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    headers = {"x-goog-api-key": "top-secret-1", "x-request-tag": "tag-1"}
    async with serving(Settings(seed=1), ledger) as url, aiohttp.ClientSession() as http:
        address = f"{url}/v1/interactions?key=top-secret-2"
        async with http.post(address, json=BODY, headers=headers) as answer:
            said = await answer.json()
    ledger.close()

    written = path.read_text()
    received, answered = Ledger.read(path)
    assert "top-secret" not in written
    assert "Hello?" not in written
    assert received["tag"] == "tag-1"
    assert answered["interaction_id"] == said["id"]
    assert answered["usage"]["total_tokens"] == said["usage"]["total_tokens"]
    assert answered["step_types"] == [step["type"] for step in said["steps"]]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"", 400), (b"[]", 400), (b'"x"', 400), (b"\xff", 400), (b"{}", 400)],
)
async def test_what_is_no_request_is_refused(emulator: Running, body: bytes, status: int) -> None:
    async with emulator.http.post(emulator.path, data=body) as answer:
        assert answer.status == status
        assert "error" in await answer.json()


async def test_every_request_leaves_two_lines(emulator: Running) -> None:
    for _ in range(3):
        await emulator.create()
    await emulator.create("status=500")

    marks = [(line["n"], line["event"]) for line in emulator.ledger.lines]
    assert marks == [(n, event) for n in range(1, 5) for event in ("received", "answered")]


async def conversation(seed: int) -> list[bytes]:
    """All bodies of a conversation with an emulator of its own."""
    bodies = []
    async with (
        serving(deterministic(seed)) as url,
        aiohttp.ClientSession(headers={"x-goog-api-key": KEY}) as http,
    ):
        path = f"{url}/v1/interactions"

        async def said(method: str, address: str, **body: Any) -> bytes:
            async with http.request(method, address, json=body or None) as answer:
                bodies.append(await answer.read())
                return bodies[-1]

        first = orjson.loads(await said("POST", path, **BODY))["id"]
        await said("POST", path, **BODY, previous_interaction_id=first, stream=True)
        await said("POST", path, **BODY, tools=[{"type": "google_search"}])
        running = orjson.loads(await said("POST", path, **RESEARCH))["id"]
        await said("GET", f"{path}/{running}")
        await said("GET", f"{path}/{running}")
        await said("GET", f"{path}/{running}?stream=true")
        await said("DELETE", f"{path}/{first}")
        await said("GET", f"{path}/{first}")
    return bodies


async def test_the_same_seed_and_calls_give_the_same_bytes() -> None:
    one, again, other = [await conversation(seed) for seed in (5, 5, 6)]

    assert one == again
    assert one[0] != other[0]


async def test_streams_take_their_time_if_so_wished() -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async with (
        serving(Settings(seed=1, speed=2.0, pause=pause)) as url,
        aiohttp.ClientSession(headers={"x-goog-api-key": KEY}) as http,
        http.post(f"{url}/v1/interactions", json=BODY | {"stream": True}) as answer,
    ):
        told = await answer.read()

    assert pauses == [0.075] * (told.count(b"event: ") - 2)


async def test_the_process_says_where_it_listens_and_ends_when_told(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    options = ["--port", "0", "--seed", "1", "--ledger", str(path)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "proxy.emulator", *options, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        ready = orjson.loads(await process.stdout.readline())
        async with aiohttp.ClientSession() as http, http.get(f"{ready['url']}/") as answer:
            assert answer.status == 401
        process.send_signal(signal.SIGTERM)
        code = await process.wait()

    assert ready["ready"] is True
    assert code == 0
    assert [line["event"] for line in Ledger.read(path)] == ["received", "answered"]
