"""Generated HTTP exchanges for the fidelity test: odd but legal, reproducible from a seed."""

from __future__ import annotations

import gzip
import random
from dataclasses import dataclass
from typing import Final

TARGETS: Final = [
    b"/",
    b"//ws/doubled",
    b"/a//b/",
    b"/%2e%2e/%2E%2e/etc",
    b"/a/../b/./c",
    b"/%41%62%7e%2F%2f",
    b"/a?",
    b"/a?b=c?d=e&&=&x",
    b"/?",
    b"/a;p=1/b?x;y",
    b'/{}|^`"<>\\?{}|^`"<>\\',
    b"/:@!$&'()*+,;=-._~",
    b"/v1beta/interactions/v1_a%2Fb%20c%2Bd%3D:cancel?alt=sse&key=AIza%2Bquite-a-key",
    b"/a?x=%zz%",
    b"/" + b"very-long/" * 3000,
    b"/?" + b"q" * 30_000,
]
METHODS: Final = [
    b"GET",
    b"POST",
    b"PUT",
    b"PATCH",
    b"DELETE",
    b"OPTIONS",
    b"HEAD",
    b"PROPFIND",
    b"REPORT",
    b"M-SEARCH",
    b"PURGE",
    b"LINK",
    b"QUERY",
]
NAMES: Final = [
    b"X-Custom",
    b"x-custom",
    b"X-CUSTOM",
    b"User-Agent",
    b"user-agent",
    b"Accept",
    b"Cookie",
    b"Authorization",
    b"x-goog-api-key",
    b"X-Goog-Api-Client",
    b"Traceparent",
    b"Via",
    b"X-Forwarded-For",
    b"Range",
    b"If-None-Match",
    b"!#$%&'*+-.^_`|~09az",
    b"with_underscore",
    b"D",
]
VALUES: Final = [
    b"",
    b"plain",
    b"a, b,, c",
    b"tab\tinside",
    b"two  spaces",
    b'"quoted; \\" string"',
    b"caf\xe9 \xff\x80",
    "snowman ☃".encode(),
    b"?key=AIza&x",
    b":",
    b"v" * 4000,
]
HOPS: Final = [
    (b"Connection", b"keep-alive"),
    (b"Connection", b"X-Custom, keep-alive"),
    (b"Keep-Alive", b"timeout=5"),
    (b"Proxy-Connection", b"keep-alive"),
    (b"TE", b"trailers"),
    (b"Proxy-Authorization", b"Basic abcdefgh"),
]
STATUSES: Final = [
    b"200 OK",
    b"200 ",
    b"201 Created",
    b"203 Tr\xe8s bien",
    b"206 Partial  Content",
    b"226 IM\tUsed",
    b"299 Unknown Reason Of Some Length",
    b"301 Moved Permanently",
    b"400 Bad Request",
    b"404 Not Found",
    b"418 I'm a teapot",
    b"429 Too Many Requests",
    b"451 X",
    b"500 Internal Server Error",
    b"503 Service Unavailable",
    b"599 ?",
    b"204 No Content",
    b"304 Not Modified",
]
BODILESS: Final = (b"204", b"304")
ANSWER_HEADERS: Final = [
    (b"Content-Type", b"application/json; charset=UTF-8"),
    (b"content-type", b"text/event-stream"),
    (b"Server", b"ESF"),
    (b"Server", b"scaffolding on HTTPServer2"),
    (b"Set-Cookie", b"a=1; Path=/"),
    (b"Set-Cookie", b"b=2"),
    (b"Vary", b"Origin"),
    (b"Vary", b"X-Origin"),
    (b"Alt-Svc", b'h3=":443"; ma=2592000,h3-29=":443"'),
    (b"WWW-Authenticate", b'Bearer realm="x"'),
    (b"X-Goog-Upload-URL", b"https://elsewhere.example/upload?upload_id=x"),
    (b"Keep-Alive", b"timeout=4"),
]
SSE: Final = b'event: step.delta\ndata: {"text":"a"}\n\n: ping\r\n\r\ndata: [DONE]\n\n'


@dataclass(frozen=True, slots=True)
class Case:
    """One exchange as bytes: what each side writes, and how it cuts that into writes."""

    request: bytes
    answer: bytes
    request_cut: int
    answer_cut: int
    ends_with_connection: bool
    """Upstream closes after its answer, because nothing else says where it ends."""
    is_plain: bool
    """No difference applies to it: every byte must be the same."""


def cases(seed: int, count: int, host: bytes) -> list[Case]:
    """`count` exchanges; `host` is what the plain ones say, as upstream's own."""
    chance = random.Random(seed)
    return [_case(chance, host) for _ in range(count)]


def large_cases(sizes: list[int]) -> list[Case]:
    """Large bodies, there and back, by length and in chunks by turns."""
    made = []
    for number, size in enumerate(sizes):
        body = random.Random(size).randbytes(size // 2) + bytes(size - size // 2)
        ways = [
            b"Content-Length: %d\r\n\r\n" % size + body,
            b"Transfer-Encoding: chunked\r\n\r\n" + _chunked_evenly(body, 100_000),
        ]
        made.append(
            Case(
                b"POST /large HTTP/1.1\r\nHost: a\r\n" + ways[number % 2],
                b"HTTP/1.1 200 OK\r\n" + ways[1 - number % 2],
                request_cut=1 << 20,
                answer_cut=1 << 20,
                ends_with_connection=False,
                is_plain=False,
            )
        )
    return made


def _case(chance: random.Random, host: bytes) -> Case:
    is_plain = chance.random() < 0.3
    method = chance.choice([one for one in METHODS if not is_plain or one != b"HEAD"])
    version = b"1.1" if is_plain or chance.random() < 0.9 else b"1.0"
    request = _request(chance, method, version, host, is_plain=is_plain)
    answer, is_open = _answer(chance, method, is_plain=is_plain)
    return Case(
        request,
        answer,
        request_cut=_cut(chance, request),
        answer_cut=_cut(chance, answer),
        ends_with_connection=is_open,
        is_plain=is_plain,
    )


def _request(
    chance: random.Random, method: bytes, version: bytes, host: bytes, *, is_plain: bool
) -> bytes:
    target = chance.choice(TARGETS)
    if method == b"OPTIONS" and chance.random() < 0.3:
        target = b"*"
    lines = [
        _line(chance, chance.choice(NAMES), chance.choice(VALUES), is_plain=is_plain)
        for _ in range(chance.randrange(8))
    ]
    if not is_plain:
        lines += [name + b": " + value for name, value in chance.sample(HOPS, chance.randrange(3))]
    framing, body = _framed(chance, version, is_plain=is_plain)
    lines += framing
    chance.shuffle(lines)
    if version == b"1.1" or chance.random() < 0.5:
        host_line = chance.choice([b"Host: ", b"host: ", b"HOST: "]) + (
            host if is_plain else b"proxy.example:8080"
        )
        lines.insert(chance.randrange(len(lines) + 1), host_line)
    start = method + b" " + target + b" HTTP/" + version
    return b"\r\n".join([start, *lines]) + b"\r\n\r\n" + body


def _answer(chance: random.Random, method: bytes, *, is_plain: bool) -> tuple[bytes, bool]:
    """The bytes, and whether their end is the connection's."""
    status = chance.choice(STATUSES)
    lines = [
        name + b": " + value
        for name, value in chance.sample(ANSWER_HEADERS, chance.randrange(len(ANSWER_HEADERS)))
        if not is_plain or name != b"Keep-Alive"
    ]
    lines += [
        _line(chance, chance.choice(NAMES), chance.choice(VALUES), is_plain=is_plain)
        for _ in range(chance.randrange(4))
    ]
    is_open = False
    framing: list[bytes] = []
    body = b""
    if not status.startswith(BODILESS):
        is_open = not is_plain and method != b"HEAD" and chance.random() < 0.2
        framing, body = _framed(chance, b"1.1", is_plain=is_plain, has_length=True)
        if is_open:
            framing, body = [], _body(chance)
    lines += framing
    chance.shuffle(lines)
    interim = b""
    if chance.random() < 0.1:
        interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"
    head = b"HTTP/1.1 " + status + b"\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"
    return interim + head + (b"" if method == b"HEAD" else body), is_open


def _line(chance: random.Random, name: bytes, value: bytes, *, is_plain: bool) -> bytes:
    space = b" " if is_plain else chance.choice([b" ", b"", b"  ", b"\t", b" \t "])
    after = b"" if is_plain else chance.choice([b"", b"", b" ", b"\t "])
    return name + b":" + space + value + after


def _framed(
    chance: random.Random, version: bytes, *, is_plain: bool, has_length: bool = False
) -> tuple[list[bytes], bytes]:
    """Framing lines, and the body in that framing."""
    kind = chance.randrange(3)
    if kind == 0 and not has_length:
        return [], b""
    body = _body(chance)
    coding: list[bytes] = []
    if chance.random() < 0.2:
        body, coding = gzip.compress(body, 1, mtime=0), [b"Content-Encoding: gzip"]
    if kind == 1 or is_plain or version == b"1.0":
        name = chance.choice([b"Content-Length", b"content-length"])
        return [*coding, name + b": %d" % len(body)], body
    names = [b"Transfer-Encoding: chunked", b"transfer-encoding: Chunked"]
    return [*coding, chance.choice(names)], _chunked(chance, body)


def _body(chance: random.Random) -> bytes:
    kind = chance.randrange(5)
    if kind == 0:
        return b""
    if kind == 1:
        return SSE * chance.randrange(1, 20)
    return chance.randbytes(chance.choice([1, 2, 100, 4096, 5000, 65_536, 70_001]))


def _chunked(chance: random.Random, body: bytes) -> bytes:
    size = 1 if len(body) < 200 else chance.choice([7, 1000, 4096, 100_000])
    if len(body) > 5000 and size == 7:
        size = 1000
    parts = []
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        length = chance.choice([b"%x", b"%X", b"000%x"]) % len(piece)
        extension = chance.choice([b"", b"", b";a=b", b';name="quoted value"', b";flag"])
        parts.append(length + extension + b"\r\n" + piece + b"\r\n")
    trailers = chance.choice([b"", b"", b"X-Checksum: 1\r\nX-Other: \xe9\r\n"])
    return b"".join(parts) + b"0\r\n" + trailers + b"\r\n"


def _chunked_evenly(body: bytes, size: int) -> bytes:
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"


def _cut(chance: random.Random, data: bytes) -> int:
    """How many bytes a write takes: all, or little ones where there are not too many."""
    return chance.choice([len(data), len(data), 1 if len(data) < 300 else 1000, 16_384])
