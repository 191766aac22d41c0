"""Malformed inputs: raw HTTP mutations, JSON bombs, SSE mutations, from a seed. Each is a request and its answer."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CORPUS: Final = Path(__file__).parents[2] / "corpus" / "captured.jsonl"
LARGE_EVERY: Final = 1000
"""One input in so many weighs megabytes."""
LARGE_KINDS: Final = 4
LARGE_BYTES: Final = 10 * 1024 * 1024
GROWN_BYTES_MAX: Final = 64 * 1024
"""What one change adds at most: 300 times a line that is 300 lines already would be gigabytes, and seconds
in which whoever makes it answers nobody."""
OK: Final = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"id": "v1_abc"}'[
    :-1
]
SSE_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)
BODY: Final = b'{"model": "gemini-3-flash-preview", "input": "hello", "stream": true}'
HEADERS: Final = (
    b"Host: a\r\nx-goog-api-key: AIzaNotAKey0123456789\r\nUser-Agent: google-genai-sdk/3.4.0\r\n"
)
CHUNKED: Final = b"5;x=y\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n"
REQUESTS: Final = [
    b"GET /v1/interactions/v1_a?stream=true&last_event_id=x HTTP/1.1\r\n" + HEADERS + b"\r\n",
    b"DELETE /v1/interactions/v1_a HTTP/1.1\r\n" + HEADERS + b"\r\n",
    b"POST /v1/interactions HTTP/1.1\r\n" + HEADERS + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,
    b"POST /v1/interactions?key=AIzaNot HTTP/1.1\r\n" + HEADERS + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKED,
    b"POST /a HTTP/1.1\r\n" + HEADERS + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /a HTTP/1.1\r\n" + HEADERS + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"GET /a HTTP/1.0\r\n" + HEADERS + b"Connection: keep-alive\r\n\r\n",
]  # fmt: skip
TOKENS: Final = [
    *(b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b",", b"/", b"%", b"?", b"#", b"\xff", b"\x80"),
    *(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n", b"Connection: close\r\n"),
    *(b"HTTP/1.1", b"0\r\n\r\n", b"\r\n\r\n", b"-1", b"99999999999999999999", b"chunked", b"GET / HTTP/1.1\r\n"),
    *(b"data: ", b"event: ", b"\n\n", b"[DONE]", b"{", b"}", b"[", b'"', b"null", b"\xef\xbb\xbf"),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Input:
    """What a client sends, and what the far end answers if it comes so far."""

    kind: str
    request: bytes
    answer: bytes
    is_request_good: bool
    """It is whole, so an answer must come, or a clean refusal, or a break."""
    ends: bool
    """The far end closes after its answer."""


def inputs(seed: int, number: int) -> Input:
    """The input of that number: any of them can be made alone."""
    chance = random.Random(f"{seed}/{number}")
    if number % LARGE_EVERY == LARGE_EVERY - 1:
        return _large(number // LARGE_EVERY % LARGE_KINDS)
    share = chance.random()
    if share < 0.5:
        request = mutated(chance, chance.choice(REQUESTS))
        return Input("request", request, OK, is_request_good=False, ends=chance.random() < 0.3)
    if share < 0.7:
        answer = OK if chance.random() < 0.5 else _json_answer(bomb(chance))
        return Input("JSON", _create(bomb(chance)), answer, is_request_good=True, ends=False)
    if share < 0.85:
        stream = mutated(chance, chance.choice(_streams()))
        answer = _chunks(chance, stream)
        return Input("SSE", _create(BODY), answer, is_request_good=True, ends=chance.random() < 0.3)
    answer = mutated(
        chance, chance.choice([OK, SSE_HEAD + _cut_up(chance, _streams()[0]) + b"0\r\n\r\n"])
    )
    return Input("answer", _create(BODY), answer, is_request_good=True, ends=True)


def mutated(chance: random.Random, data: bytes) -> bytes:
    """`data` after one to four changes: flips, cuts, inserts, lines doubled, moved or dropped."""
    for _ in range(chance.randrange(1, 5)):
        data = chance.choice(_CHANGES)(chance, data)
    return data


def _flip(chance: random.Random, data: bytes) -> bytes:
    if not data:
        return data
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]


def _cut(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _drop(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at + chance.randrange(1, 30) :]


def _insert(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(TOKENS) * chance.choice([1, 1, 1, 2, 50]) + data[at:]


def _noise(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.randbytes(chance.randrange(1, 40)) + data[at:]


def _lines(chance: random.Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    if not lines:
        return data
    line = chance.choice(lines)
    if chance.random() < 0.3:
        lines.remove(line)
    if chance.random() < 0.8:
        times = min(chance.choice([1, 1, 300]), GROWN_BYTES_MAX // max(1, len(line)))
        lines.insert(chance.randrange(len(lines) + 1), line * times)
    return b"".join(lines)


_CHANGES: Final[list[Callable[[random.Random, bytes], bytes]]] = [
    *(_flip, _flip, _cut, _drop, _insert, _insert, _noise, _lines)
]


def bomb(chance: random.Random) -> bytes:
    """JSON that costs its reader more than others, or is none."""
    depth = chance.choice([200, 1000, 5000, 50_000])
    count = chance.choice([100, 5000])
    step = b'{"type": "model_output", "content": [{"type": "text", "text": "x"}]}'
    return chance.choice(
        [
            b"[" * depth,
            b'{"a":' * depth + b"1" + b"}" * depth,
            b'{"id": "v1_a", "steps": ' + b"[" * depth + b"]" * depth + b"}",
            b'{"id": "v1_a", "x": ' + b"9" * count + b"}",
            b'{"id": "v1_a", "x": 1e%d, "y": -1e-%d, "z": NaN}' % (count, count),
            b'{"store": true, "store": false, "model": "a", "model": "b", "id": "v1_a", "id": "v1_b"}',
            b"{" + b",".join(b'"k": %d' % number for number in range(count)) + b"}",
            b'{"id": "v1_a", "x": "\xff\xfe\xc3\x28"}',
            b'{"id": "\\ud800", "status": "\\u0000", "model": "\\uDFFF"}',
            b'\xef\xbb\xbf{"id": "v1_a"}',
            '{"id": "v1_\u202e\u2028", "status": "completed"}'.encode("utf-16"),
            b'{"id": "v1_a", "steps": [' + b",".join([step] * (count // 10)) + b"]}",
            b'{"id": "v1_a", "status": "completed", "steps": [null, 1, "x", [], {}, {"type": 7}]}',
            b'{"input": [{"role": "user", "content": {}}, {"type": []}], "model": {}, "store": "no"}',
            b'{"id": "v1_a", "usage": {"total_tokens": %d}}' % 10 ** chance.choice([3, 18, 30]),
            b"null",
            b"[]",
            b'"x"',
            b"7",
            b"",
            b" \r\n ",
            b"\0" * count,
            chance.randbytes(count),
            mutated(chance, BODY),
        ]
    )


def _large(kind: int) -> Input:
    text = b'{"id": "v1_a", "input": "' + b"x" * LARGE_BYTES + b'"}'
    if kind == 0:
        return Input("large request", _create(text), OK, is_request_good=True, ends=False)
    if kind == 1:
        answer = _json_answer(text)
    elif kind == 2:
        answer = SSE_HEAD + _piece(b"data: " + text + b"\n\n") + b"0\r\n\r\n"
    else:
        event = b'data: {"event_type": "step.start", "index": 1, "step": {"type": "x"}}\n\n'
        answer = SSE_HEAD + _piece(event * (LARGE_BYTES // len(event))) + b"0\r\n\r\n"
    return Input("large answer", _create(BODY), answer, is_request_good=True, ends=False)


def _create(body: bytes) -> bytes:
    head = b"POST /v1/interactions HTTP/1.1\r\n" + HEADERS
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _json_answer(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _chunks(chance: random.Random, stream: bytes) -> bytes:
    return SSE_HEAD + _cut_up(chance, stream) + b"0\r\n\r\n"


def _cut_up(chance: random.Random, stream: bytes) -> bytes:
    size = chance.choice([7, 100, 5000])
    return b"".join(_piece(stream[at : at + size]) for at in range(0, len(stream), size))


def _piece(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _streams() -> list[bytes]:
    if not _READ:
        lines = [json.loads(line) for line in _CORPUS.read_bytes().splitlines()[1:]]
        _READ.extend("".join(line["frames"]).encode() for line in lines if "frames" in line)
    return _READ


_READ: Final[list[bytes]] = []
"""The streams of the corpus, once."""
