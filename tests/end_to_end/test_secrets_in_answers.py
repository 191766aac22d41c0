"""A canary in each place of an answer where a secret can stand: nothing that was written or shown has it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.end_to_end.planting import files, found_in, lines, send, shown
from tests.end_to_end.programs import run_verb
from tests.end_to_end.stage import Proxy

MARK: Final = "CanaryAnswer/"
POST: Final = "POST /v1/interactions HTTP/1.1"

HEADERS: Final = {
    "Cookie": "Set-Cookie: session={}; HttpOnly",
    "Location": "Location: https://a.example/next?key={}",
    "Upload": "X-Goog-Upload-URL: https://a.example/upload?upload_id={}",
}
FIELDS: Final[dict[str, dict[str, Any]]] = {
    "Mcp": {
        "tools": [
            {
                "type": "mcp_server",
                "name": "m",
                "url": "https://mcp.example/",
                "headers": {"Authorization": "Bearer SECRET"},
            }
        ]
    },
    "Exa": {"tools": [{"type": "google_search", "exa_ai_search_config": {"api_key": "SECRET"}}]},
    "Hook": {"webhook_config": {"uris": ["https://h.example/?token=SECRET"]}},
    "Signing": {"new_signing_secret": "SECRET"},
    "Widget": {
        "steps": [
            {
                "type": "google_maps_result",
                "call_id": "1",
                "result": [{"widget_context_token": "SECRET"}],
            }
        ]
    },
    "Signed": {
        "steps": [
            {
                "type": "model_output",
                "content": [
                    {"type": "image", "uri": "https://s.example/o?X-Goog-Signature=SECRET"}
                ],
            }
        ]
    },
}


def canary(place: str) -> str:
    return f"{MARK}{place}+=0123456789abcdef"


def answers() -> Iterator[tuple[str, bytes]]:
    """By place: a whole response."""
    for place, header in HEADERS.items():
        yield (
            place,
            _response(b'{"id": "v1_a", "status": "completed"}', header.format(canary(place))),
        )
    for number, (place, fields) in enumerate(FIELDS.items()):
        about = {"id": f"v1_{number}", "status": "completed", "model": "m", **fields}
        whole = json.dumps(about)
        told = {"event_type": "interaction.complete", "interaction": about}
        stream = f"data: {json.dumps(told)}\n\n"
        yield place, _response(_planted(whole, place))
        streamed = f"{place}Stream"
        yield streamed, _response(_planted(stream, streamed), kind="text/event-stream")
    yield "Webhook", _response(_planted('{"name": "w", "new_signing_secret": "SECRET"}', "Webhook"))


def _planted(text: str, place: str) -> bytes:
    return text.replace("SECRET", json.dumps(canary(place))[1:-1]).encode()


def _response(body: bytes, *headers: str, kind: str = "application/json") -> bytes:
    given = ("HTTP/1.1 200 OK", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join((*given, "Connection: close", "", "")).encode() + body


ANSWERS: Final = dict(answers())


@asynccontextmanager
async def far_end() -> AsyncIterator[str]:
    """Answers each request with the answer it names."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        (named,) = [line for line in head.decode().splitlines() if line.startswith("x-place: ")]
        writer.write(ANSWERS[named.removeprefix("x-place: ")])
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@dataclass(frozen=True, slots=True)
class Written:
    """What came through to the client, and what was written and shown of it."""

    received: dict[str, bytes]
    written: list[tuple[str, bytes]]
    shown: list[tuple[str, bytes]]
    interaction_count: int


async def _played(folder: Path) -> Written:
    async with far_end() as url:
        return await asyncio.to_thread(_play, folder, url)


def _play(folder: Path, url: str) -> Written:
    proxy = Proxy(folder, url)
    try:
        received = {}
        for place in ANSWERS:
            start = "POST /v1/webhooks HTTP/1.1" if place == "Webhook" else POST
            body = b'{"model": "m", "input": "Hello."}'
            asked = lines(start, "x-goog-api-key: k", f"x-place: {place}", body=body)
            received[place] = send(proxy, asked)
        proxy.flush()
        said = run_verb(
            *("sql", "--data", str(proxy.data), "--json"),
            "SELECT *, content(content_ref) FROM timeline",
        )
        assert said.returncode == 0, said.stderr
        told = [*shown(proxy), ("contents", (said.stdout + said.stderr).encode())]
        ((count,),) = proxy.rows("SELECT count(DISTINCT interaction) FROM interactions")
    finally:
        proxy.stop()
    return Written(received, list(files(proxy.data, folder / "logs")), told, count)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return asyncio.run(_played(tmp_path_factory.mktemp("answers")))


def test_every_answer_reached_the_client_as_it_was(written: Written) -> None:
    """Guards the tests below, and is the first promise: what is recorded changes nothing on the wire."""
    missing = [
        place
        for place, received in written.received.items()
        if json.dumps(canary(place))[1:-1].encode() not in received
    ]

    assert missing == []
    assert written.interaction_count >= len(FIELDS)


def test_no_canary_is_in_any_byte_that_was_written(written: Written) -> None:
    assert found_in(written.written, [MARK]) == []


def test_no_canary_is_in_anything_that_is_shown(written: Written) -> None:
    assert found_in(written.shown, [MARK]) == []
