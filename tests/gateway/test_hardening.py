"""Security notes 3.1 to 3.4, row by row: what passes, as it is or changed, and what does not.

Refused inputs stand in test_client.REFUSED, framing by other people's readers in tests/faults/wire.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from proxy.journal.format import Kind, Outcome
from tests.gateway.stage import GET, OK, Stage, post, response

HEAD = b"GET /v1 HTTP/1.1\r\nHost: a\r\n"
ZIPPED = gzip.compress(b"{}", mtime=0)
BROKEN = b"\x1f\x8b" + b"\x00" * 20

PASSES = [
    pytest.param(b"GET //evil/x HTTP/1.1", b"", id="target with two slashes"),
    pytest.param(b"GET /%2e%2e/../x%41? HTTP/1.1", b"", id="dots, escapes and a lone question mark"),
    pytest.param(b"GET /v1/interactions/../x?a=b?c HTTP/1.1", b"", id="an id that is a path"),
    pytest.param(b"GET /v1 HTTP/1.1", b"X: caf\xe9 \xff\x80\r\n", id="bytes beyond ASCII"),
    pytest.param(b"GET /v1 HTTP/1.1", b"X_Y: 1\r\n", id="underscore in a name"),
    pytest.param(b"GET /v1 HTTP/1.1", b"X: 1\r\nY: 2\r\nx: 3\r\nX: 1\r\n", id="repeated lines in their order"),
    pytest.param(b"GET /v1 HTTP/1.1", b"".join(b"X-%d: y\r\n" % n for n in range(200)), id="two hundred lines"),
    pytest.param(b"GET /v1 HTTP/1.1", b"X: " + b"y" * 30_000 + b"\r\n", id="a line of 30,000 bytes"),
    pytest.param(b"GET /v1 HTTP/1.1", b"Authorization: Bearer abc.def\r\n", id="Authorization"),
    pytest.param(b"GET /v1 HTTP/1.1", b"X-Forwarded-Host: evil\r\nX-Forwarded-Proto: http\r\nForwarded: host=evil\r\n", id="forwarded headers lead nowhere"),
    pytest.param(b"GET /v1 HTTP/1.1", b"Accept-Encoding: gzip, deflate\r\n", id="Accept-Encoding"),
    pytest.param(b"GET /v1 HTTP/1.1", b"Via: 1.1 fred\r\n", id="Via of others"),
    pytest.param(b"GET /v1 HTTP/1.1", b"Max-Forwards: 3\r\n", id="Max-Forwards of what is not OPTIONS"),
    pytest.param(b"PROPFIND /v1 HTTP/1.1", b"", id="a method we know nothing of"),
]  # fmt: skip


@pytest.mark.parametrize(("start", "lines"), PASSES)
async def test_passes_byte_for_byte(stage: Stage, start: bytes, lines: bytes) -> None:
    client = await stage.client()
    await client.send(start + b"\r\n" + lines + b"Host: evil.example\r\n\r\n")

    upstream = await stage.accepted()  # the upstream of the settings, whatever the request says
    host = b"Host: 127.0.0.1:%d\r\n\r\n" % stage.upstream_port
    assert await upstream.head() == start + b"\r\n" + lines + host
    await upstream.send(OK)
    assert await client.message() == OK


@pytest.mark.parametrize(
    "gone",
    [
        b"Connection: X-Secret\r\nX-Secret: 1\r\n",
        b"Keep-Alive: timeout=5\r\n",
        b"Proxy-Connection: keep-alive\r\n",
        b"Proxy-Authorization: Basic abcdefgh\r\n",
        b"TE: trailers\r\nTrailer: X\r\n",
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
    ],
)
async def test_what_is_of_one_hop_stays_here(stage: Stage, gone: bytes) -> None:
    client = await stage.client()
    await client.send(HEAD + gone + b"X: 1\r\n\r\n")

    upstream = await stage.accepted()
    host = b"Host: 127.0.0.1:%d\r\n" % stage.upstream_port
    assert await upstream.head() == b"GET /v1 HTTP/1.1\r\n" + host + b"X: 1\r\n\r\n"
    await upstream.send(OK)
    await client.message()


@pytest.mark.parametrize("method", [b"GET", b"DELETE", b"OPTIONS"])
async def test_a_body_where_none_is_usual_is_read_as_one(stage: Stage, method: bytes) -> None:
    client = await stage.client()
    await client.send(post(GET).replace(b"POST", method) + GET)

    upstream = await stage.accepted()
    assert (await upstream.message()).endswith(GET)
    await upstream.send(OK)
    await upstream.message()
    await upstream.send(OK)

    assert await client.exactly(2 * len(OK)) == 2 * OK
    assert len(await stage.recorded()) == 2


@pytest.mark.parametrize("body", [ZIPPED, BROKEN])
async def test_compressed_bodies_are_not_opened_on_their_way(stage: Stage, body: bytes) -> None:
    coding = b"Content-Encoding: gzip"
    client, upstream = await stage.client(), None
    await client.send(post(body, coding))
    upstream = await stage.accepted()
    assert (await upstream.message()).endswith(body)
    await upstream.send(response(body, coding))

    assert (await client.message()).endswith(body)
    recorded = await stage.only()
    assert recorded.request_body == recorded.response_body == body


async def test_a_redirect_is_an_answer_and_not_followed(stage: Stage) -> None:
    answer = response(b"", b"Location: http://127.0.0.1:9/", status=b"302 Found")

    async with stage.asked() as (client, upstream):
        await upstream.send(answer)
        assert await client.message() == answer


async def test_a_cookie_of_one_client_is_not_sent_for_another(stage: Stage) -> None:
    await stage.exchange(answer=response(b"ok", b"Set-Cookie: session=first; Path=/"))

    async with stage.asked() as (client, upstream):
        await upstream.send(OK)
        await client.message()
    _, second = await stage.recorded()
    assert b"ookie" not in second.intent.head


async def test_no_environment_variable_leads_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async with Stage(tmp_path) as stage:
        await stage.exchange()


async def test_a_create_is_never_sent_twice(stage: Stage) -> None:
    """An upstream that ends without an answer: the client learns of it, upstream sees nothing more."""
    async with stage.asked(post(b"{}")) as (client, upstream):
        upstream.reset()
        assert await client.rest() == b""

    assert (await stage.only()).outcome is Outcome.UPSTREAM_ABORTED
    assert not stage.worker._dials


def test_a_worker_without_assertions_does_not_start() -> None:
    arguments = ("--settings", "/nowhere", "--worker", "0", "--listen-fd", "0")

    run = subprocess.run(
        [sys.executable, "-O", "-m", "proxy.gateway", *arguments],
        capture_output=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )

    assert run.returncode == 2
    assert b"PYTHONOPTIMIZE" in run.stderr


async def test_our_name_in_via_and_a_loop(tmp_path: Path) -> None:
    async with Stage(tmp_path, via="here") as stage:
        client = await stage.client()
        await client.send(HEAD + b"\r\n")
        upstream = await stage.accepted()
        assert (await upstream.head()).endswith(b"\r\nVia: 1.1 here\r\n\r\n")
        await upstream.send(OK)
        await client.message()

        await client.send(HEAD + b"Via: 1.1 fred, 1.1 here\r\n\r\n")
        assert (await client.end()).startswith(b"HTTP/1.1 508 Loop Detected\r\n")
        assert [one.outcome for one in await stage.recorded()] == [
            Outcome.COMPLETE,
            Outcome.REFUSED,
        ]


async def test_options_without_a_hop_left_is_answered_here(stage: Stage) -> None:
    client = await stage.client()
    await client.send(b"OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n")

    answer = await client.end()

    assert answer.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert b"\r\nAllow: GET," in answer
    assert (await stage.only()).outcome is Outcome.REFUSED


KEY = b"AIzaSyPlanted-0123456789_abcdefghijklmn"
FAULTY = [
    b"GET /?key=" + KEY + b" HTTP/9.9\r\nHost: a\r\n\r\n",
    b"GET http://a/?key=" + KEY + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /?key=" + KEY + b"\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: " + KEY + b"@a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nx-goog-api-key: " + KEY + b"\x01\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nx-goog-api-key : " + KEY + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nx-goog-api-key: " + KEY + b"\r\n folded\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nx-goog-api-key: " + KEY + b"\r\nExpect: " + KEY + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + KEY + b"\r\nContent_Length: 1\r\n\r\n",
    b"TRACE /?access_token=" + KEY + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    KEY + b"\r\n\r\n",
]


@pytest.mark.parametrize("faulty", FAULTY)
async def test_a_refusal_repeats_no_secret(
    stage: Stage, faulty: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither to the client, nor in the log, nor in the sealed record where its name tells what it is."""
    client = await stage.client()
    await client.send(faulty)

    answer = await client.end()

    assert KEY not in answer
    assert KEY.decode() not in caplog.text
    recorded = await stage.only()
    kept = b"".join(entry.data for entry in recorded.entries if entry.kind is not Kind.INTENT)
    assert KEY not in kept
    assert KEY not in recorded.intent.head.replace(b"Host: " + KEY, b"")
