"""The server as a whole: raw requests, authentication, determinism, the process."""

from __future__ import annotations

import asyncio
import hashlib
import io
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import orjson
import pytest

from proxy.emulator.ledger import Ledger
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
    ("body", "status"),
    [(b"{", 400), (b"", 400), (b"[]", 400), (b'"x"', 400), (b"\xff", 400), (b"{}", 400)],
)
async def test_what_is_no_request_is_refused(emulator: Running, body: bytes, status: int) -> None:
    async with emulator.http.post(emulator.path, data=body) as answer:
        assert answer.status == status
        assert "error" in await answer.json()


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
