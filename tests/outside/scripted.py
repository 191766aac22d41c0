"""An HTTP server that answers each case exactly as scripted, and keeps each request as it came.

The client's API key says which case it is: `<play>/<case>`. Answers come from outcomes/cases.json.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import zlib
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.outside.listener import Listener

CASES: Final = Path(__file__).parent / "outcomes" / "cases.json"
JSON_TYPE: Final = "application/json; charset=UTF-8"
STREAM_HEADERS: Final = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
BREAK: Final = "abort"
"""A frame that is no frame: the connection breaks here."""

_KEY: Final = re.compile(
    rb"(?im)^(?:x-goog-api-key: |authorization: bearer )([^/\r\n]+)/([^\r\n]+)"
)
_LENGTH: Final = re.compile(rb"(?im)^content-length: (\d+)")
_PHRASE: Final = b"Scripted"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """As it came; the far end's own port is written PORT."""

    head: bytes
    body: bytes

    @property
    def lines(self) -> list[bytes]:
        """Request line and headers; without Connection, which belongs to one hop."""
        lines = self.head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        return [line for line in lines if not line.lower().startswith(b"connection:")]


@dataclass(slots=True)
class Cases:
    """Calls and answers by case."""

    calls: dict[str, list[Any]] = field(default_factory=dict)
    """Method and arguments."""
    answers: dict[str, list[Json]] = field(default_factory=dict)
    """One for each attempt; the last one answers all further attempts, too."""

    @classmethod
    def load(cls) -> Cases:
        """From the file, with its `$name`s put in: pieces that several cases share stand there once."""
        told = json.loads(CASES.read_text("utf-8"))
        cases = cls()
        for name, case in told["cases"].items():
            cases.calls[name] = case["call"]
            cases.answers[name] = [whole(answer, told["pieces"]) for answer in case["answers"]]
        return cases


class Scripted(Listener):
    """The far end."""

    def __init__(self, cases: Cases) -> None:
        self._answers = cases.answers
        self._requests: dict[tuple[str, str], list[Request]] = defaultdict(list)
        super().__init__("scripted")

    def requests(self, play: str, case: str) -> list[Request]:
        """All requests of one case in one play, in order."""
        return self._requests[play, case]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length, key = _LENGTH.search(head), _KEY.search(head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            assert key is not None, head
            play, case = key[1].decode(), key[2].decode()
            earlier, answers = self._requests[play, case], self._answers[case]
            answer = answers[min(len(earlier), len(answers) - 1)]
            earlier.append(Request(head.replace(b":%d\r\n" % self.port, b":PORT\r\n"), body))
            await _answer(writer, answer, self.port)


async def _answer(writer: asyncio.StreamWriter, answer: Json, port: int) -> None:
    await _pause(answer.get("delay_s", 0))
    if "frames" in answer or "bytewise" in answer:
        await _stream(writer, answer)
        return
    body = answer["text"].encode() if "text" in answer else b""
    if "json" in answer:
        body = json.dumps(answer["json"]).encode()
    headers = {"Content-Type": JSON_TYPE} if "json" in answer else {}
    headers |= answer.get("headers", {})
    if answer.get("gzip"):
        body = gzip.compress(body, mtime=0)
        headers["Content-Encoding"] = "gzip"
    if answer["status"] != 204:
        headers["Content-Length"] = str(len(body))
    head = _head(answer["status"], headers).replace(b":PORT/", b":%d/" % port)
    writer.write(head + body)
    await writer.drain()


async def _stream(writer: asyncio.StreamWriter, answer: Json) -> None:
    headers = STREAM_HEADERS | answer.get("headers", {}) | {"Transfer-Encoding": "chunked"}
    packer = zlib.compressobj(wbits=31) if answer.get("gzip") else None
    if packer:
        headers["Content-Encoding"] = "gzip"
    writer.write(_head(answer["status"], headers))
    whole: str = answer.get("bytewise", "")
    for frame in answer.get("frames") or [bytes([byte]) for byte in whole.encode()]:
        if frame == BREAK:
            writer.transport.abort()
            raise ConnectionAbortedError
        if isinstance(frame, (int, float)):
            await _pause(frame)
            continue
        data = frame.encode() if isinstance(frame, str) else frame
        if packer:
            data = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
        writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await writer.drain()
    rest = packer.flush() if packer else b""
    writer.write(b"%x\r\n%b\r\n" % (len(rest), rest) if rest else b"")
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _pause(seconds: float) -> None:
    """The scripted silence: nothing can happen in it that one could wait for."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [b"HTTP/1.1 %d %b" % (status, _PHRASE)]
    lines += [f"{name}: {value}".encode() for name, value in headers.items()]
    return b"\r\n".join([*lines, b"", b""])


def whole(answer: Json, pieces: Json) -> Json:
    """The answer with each `$name` replaced by the piece of that name."""
    filled = dict(answer)
    if isinstance(filled.get("json"), str):
        filled["json"] = pieces[filled["json"]]
    if "frames" in filled:
        frames = filled["frames"]
        filled["frames"] = [pieces.get(one, one) if isinstance(one, str) else one for one in frames]
    return filled
