"""Live: sessions by plain WebSocket in every form of path, and by Google's own SDK over TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google import genai
from google.genai import types

from proxy.emulator.emulator import Emulator
from proxy.emulator.ledger import Ledger
from proxy.emulator.neighbours import live
from proxy.emulator.server import deterministic
from proxy.emulator.wire.connection import Server
from tests.emulator.conftest import KEY, Running

PATH = "/ws/google.ai.generativelanguage.v1.GenerativeService.BidiGenerateContent"
MODEL = "gemini-3.1-flash-live-preview"
SETUP = {
    "setup": {"model": f"models/{MODEL}", "generationConfig": {"responseModalities": ["TEXT"]}}
}
HELLO = {"turns": [{"role": "user", "parts": [{"text": "Hello?"}]}]}


def own_certificate(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate for 127.0.0.1 that signed itself, kept as `own.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (folder / "own.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "both.pem").write_bytes(certificate.public_bytes(pem) + secret)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "both.pem")
    return context


@pytest.fixture
async def encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The emulator behind TLS; the SDK is made to trust it."""
    runner = web.ServerRunner(Server(Emulator(deterministic(seed=7), Ledger()).handle))
    await runner.setup()
    await web.TCPSite(runner, "localhost", 0, ssl_context=own_certificate(tmp_path)).start()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    yield f"https://localhost:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_the_sdk_talks(encrypted: str) -> None:
    client = genai.Client(api_key=KEY, http_options={"base_url": encrypted})
    async with client.aio.live.connect(
        model=MODEL, config=types.LiveConnectConfig(response_modalities=[types.Modality.TEXT])
    ) as session:
        await session.send_client_content(turns={"role": "user", "parts": [{"text": "Hello?"}]})
        said: list[Any] = [message async for message in session.receive()]
        await session.send_realtime_input(text="And now?")
        heard = [message async for message in session.receive()]
    await client.aio.aclose()
    client.close()

    assert [message.text for message in said if message.text] == ["Hello?"]
    assert [message.text for message in heard if message.text] == ["And now?"]
    assert said[-1].server_content.turn_complete
    assert said[-1].usage_metadata.total_token_count > 0


@pytest.mark.parametrize(
    "target",
    [
        f"{PATH}?key={KEY}",
        f"/{PATH}?key={KEY}",
        f"{PATH}Constrained?access_token=auth_tokens/x",
        f"/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent?key={KEY}",
    ],
)
async def test_every_form_of_path_is_served(emulator: Running, target: str) -> None:
    headers = {"x-goog-api-key": ""}
    async with emulator.http.ws_connect(
        f"{emulator.url}{target}", compress=15, headers=headers
    ) as socket:
        await socket.send_json(SETUP)
        assert await receive(socket) == {"setupComplete": {}}


async def receive(socket: aiohttp.ClientWebSocketResponse) -> Any:
    """The next message; the service sends JSON in binary frames."""
    return orjson.loads(await socket.receive_bytes())


@asynccontextmanager
async def session(emulator: Running) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A session that is set up."""
    async with emulator.http.ws_connect(f"{emulator.url}{PATH}") as socket:
        await socket.send_json(SETUP)
        assert await receive(socket) == {"setupComplete": {}}
        yield socket


async def answers(socket: aiohttp.ClientWebSocketResponse) -> tuple[list[Any], Any]:
    """The parts the model says until its turn is complete, and what they cost."""
    parts: list[Any] = []
    while True:
        message = await receive(socket)
        parts += message["serverContent"].get("modelTurn", {}).get("parts", [])
        if message["serverContent"].get("turnComplete"):
            return parts, message["usageMetadata"]


async def test_a_turn_is_answered_when_it_is_complete(emulator: Running) -> None:
    async with session(emulator) as socket:
        await socket.send_json({"clientContent": HELLO})
        await socket.send_json({"client_content": HELLO | {"turn_complete": True}})
        parts, usage = await answers(socket)

    assert parts == [{"text": "Hello?"}] * 2
    assert usage["totalTokenCount"] == usage["promptTokenCount"] + usage["responseTokenCount"]


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ({"realtimeInput": {"text": "Hm."}}, {"text": "Hm."}),
        (
            {"realtime_input": {"audio": {"mimeType": "audio/pcm", "data": "AAA="}}},
            {"inlineData": {"mimeType": "audio/pcm", "data": "AAA="}},
        ),
        (
            {"realtimeInput": {"mediaChunks": [{"mimeType": "image/png", "data": "AAA="}]}},
            {"inlineData": {"mimeType": "image/png", "data": "AAA="}},
        ),
        ({"toolResponse": {"functionResponses": []}}, {"text": '{"functionResponses":[]}'}),
    ],
)
async def test_what_is_said_is_said_back(emulator: Running, message: Any, part: Any) -> None:
    async with session(emulator) as socket:
        await socket.send_bytes(orjson.dumps(message))
        assert (await answers(socket))[0] == [part]


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ("{", 1007),
        ("[]", 1007),
        ('{"clientContent": {}}', 1007),
        ('{"setup": {"model": "models/gemini-0"}}', 1008),
    ],
)
async def test_a_session_that_does_not_begin_with_a_setup_ends(
    emulator: Running, first: str, code: int
) -> None:
    async with emulator.http.ws_connect(f"{emulator.url}{PATH}") as socket:
        await socket.send_str(first)
        ended = await socket.receive()

    assert (ended.type, ended.data) == (aiohttp.WSMsgType.CLOSE, code)


@pytest.mark.parametrize(
    "message", [{"hello": 1}, {"clientContent": 1}, {"realtimeInput": "x"}, {"toolResponse": None}]
)
async def test_a_message_of_no_kind_ends_the_session(emulator: Running, message: Any) -> None:
    async with session(emulator) as socket:
        await socket.send_json(message)
        assert (await socket.receive()).data == 1007


@pytest.mark.parametrize(
    "message",
    [
        {"clientContent": {"turns": 1, "turnComplete": True}},
        {"clientContent": {"turns": [1, {"parts": 2}, {"parts": [3]}], "turnComplete": True}},
        {"realtimeInput": {"mediaChunks": 1, "audio": 2}},
        {"realtimeInput": {"audioStreamEnd": True}},
    ],
)
async def test_nothing_said_is_nothing_said_back(emulator: Running, message: Any) -> None:
    async with session(emulator) as socket:
        await socket.send_json(message)
        assert (await answers(socket))[0] == []


async def test_a_message_that_is_too_long_ends_the_session(
    emulator: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MESSAGE_BYTES_MAX", 1_000)
    async with session(emulator) as socket:
        await socket.send_json({"realtimeInput": {"text": "x" * 2_000}})
        assert (await socket.receive()).data == 1009


async def test_a_session_that_says_nothing_is_closed(
    emulator: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "IDLE_S", 0.01)
    async with emulator.http.ws_connect(f"{emulator.url}{PATH}") as socket:
        assert (await socket.receive()).data == 1001


async def test_sessions_are_counted(emulator: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SESSIONS_MAX", 1)
    async with session(emulator):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await emulator.http.ws_connect(f"{emulator.url}{PATH}")

    assert refused.value.status == 429


async def test_without_an_upgrade_there_is_no_session(emulator: Running) -> None:
    async with emulator.http.get(f"{emulator.url}{PATH}") as answer:
        assert answer.status == 426


async def test_a_session_needs_a_credential_and_leaves_two_lines(emulator: Running) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await emulator.http.ws_connect(f"{emulator.url}{PATH}", headers={"x-goog-api-key": ""})
    assert refused.value.status == 401

    async with emulator.http.ws_connect(f"{emulator.url}{PATH}?key=hush") as socket:
        await socket.send_json({})
        assert (await socket.receive()).data == 1007

    lines: list[Any] = []
    async with asyncio.timeout(30):
        while not lines:  # The client may see the end before the ledger does.
            async with emulator.http.get(emulator.url):
                known = emulator.ledger.lines
                lines = [line for line in known if line.get("status") == 101]
    assert (lines[0]["operation"], lines[0]["finished"]) == ("live", True)
    assert "hush" not in orjson.dumps(emulator.ledger.lines).decode()
