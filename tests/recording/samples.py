"""Exchanges to interpret: built by hand, or from the corpus. Times: the clock starts at START_NS,
every chunk comes one millisecond after the one before."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proxy.journal.format import ExchangeId, IntentHead, Mode, Outcome
from proxy.recording.exchange import Body, Cut, Exchange

START_NS: Final = 1_795_000_000_000_000_000
MONO_NS: Final = 5_000_000_000
STEP_NS: Final = 1_000_000
FINGERPRINT: Final = "0123456789abcdef"
MODEL: Final = "gemini-3-flash-preview"
ID: Final = "v1_ChdmYWtlUm9vdDAwMDAwMDAwMDAwMDAxEhdmYWtlVHVybjAwMDAwMDAwMDAwMDAx"
EVENT_STREAM: Final = "text/event-stream"
JSON: Final = "application/json; charset=UTF-8"
_CORPUS: Final = Path(__file__).parent.parent / "corpus" / "captured.jsonl"


def body(chunks: Sequence[bytes], first_ns: int = 0) -> Body:
    data = b"".join(chunks)
    cuts = [
        Cut(len(chunk), START_NS + first_ns + place * STEP_NS, MONO_NS + first_ns + place * STEP_NS)
        for place, chunk in enumerate(chunks)
    ]
    return Body(data, len(data), tuple(cuts))


def head(first_line: str, headers: Sequence[tuple[str, str]]) -> bytes:
    lines = [first_line, *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def exchange(
    *,
    method: str = "POST",
    target: str = "/v1/interactions",
    request: object = None,
    request_headers: Sequence[tuple[str, str]] = (("x-goog-api-key", f"fp:{FINGERPRINT}"),),
    status: int | None = 200,
    response: object = b"",
    response_headers: Sequence[tuple[str, str]] = (("Content-Type", JSON),),
    outcome: Outcome = Outcome.COMPLETE,
    sequence: int = 1,
) -> Exchange:
    """An exchange. Bodies: bytes, a list of chunks, or anything else as JSON."""
    request_body = body(chunks_of(request))
    response_body = body(chunks_of(response), first_ns=10 * STEP_NS)
    ended_ns = (10 + len(response_body.cuts)) * STEP_NS
    answered = head(f"HTTP/1.1 {status} OK", response_headers) if status is not None else b""
    return Exchange(
        id=ExchangeId(0, 7, sequence),
        intent=IntentHead(
            1,
            0,
            50_000,
            "127.0.0.1",
            Mode.STRICT,
            head(f"{method} {target} HTTP/1.1", request_headers),
        ),
        started_wall_ns=START_NS,
        started_mono_ns=MONO_NS,
        request=request_body,
        request_ended_mono_ns=MONO_NS + STEP_NS,
        interim_heads=(),
        response_head=answered,
        response_head_wall_ns=START_NS + 9 * STEP_NS if answered else 0,
        response_head_mono_ns=MONO_NS + 9 * STEP_NS if answered else 0,
        response=response_body,
        is_own_answer=False,
        spliced_from_client_bytes=0,
        spliced_from_upstream_bytes=0,
        outcome=outcome,
        detail="",
        ended_wall_ns=START_NS + ended_ns,
        ended_mono_ns=MONO_NS + ended_ns,
    )


def chunks_of(value: object) -> list[bytes]:
    if value is None or value == b"":
        return []
    if isinstance(value, bytes):
        return [value]
    if isinstance(value, list) and all(isinstance(item, bytes) for item in value):
        return list(value)
    return [json.dumps(value).encode()]


def stream(*chunks: bytes, **more: Any) -> Exchange:
    """A create that was answered by an event stream in these chunks."""
    asked = {"model": MODEL, "input": "x", "stream": True}
    return exchange(
        **{
            "request": asked,
            "response": list(chunks),
            "response_headers": [("Content-Type", EVENT_STREAM)],
            **more,
        }
    )


def event(kind: str, **fields: object) -> bytes:
    """One event as Google sends it."""
    data = json.dumps({**fields, "event_type": kind})
    return f"event: {kind}\ndata: {data}\n\n".encode()


@dataclass(frozen=True)
class Captured:
    """One line of the corpus."""

    name: str
    exchange: Exchange


def captured() -> list[Captured]:
    """The corpus as exchanges, in the order of the file."""
    lines = _CORPUS.read_bytes().splitlines()[1:]  # of bytes: texts in it hold U+2028
    return [_captured(json.loads(line), place) for place, line in enumerate(lines, start=1)]


def _captured(line: dict[str, Any], place: int) -> Captured:
    name = line["from"].removeprefix("sdk-capture/").removesuffix(".0.json")
    headers = [("Content-Type", line["type"])] if line["type"] else []
    chunks = _chunks(line)
    if "coding" in line:
        headers.append(("Content-Encoding", line["coding"]))
        chunks = packed(chunks)
    return Captured(
        name,
        exchange(
            method=line["method"],
            target=line["target"],
            request=line["request"],
            request_headers=[(name, value) for name, value in line["headers"]],
            status=line["status"],
            response=chunks,
            response_headers=headers,
            outcome=Outcome.UPSTREAM_ABORTED if line.get("is_cut") else Outcome.COMPLETE,
            sequence=place,
        ),
    )


def _chunks(line: dict[str, Any]) -> list[bytes]:
    if "frames" in line:
        return [frame.encode() for frame in line["frames"]]
    if "json" in line:
        return [json.dumps(line["json"]).encode()]
    return [line["text"].encode()] if line.get("text") else []


def packed(chunks: Sequence[bytes]) -> list[bytes]:
    """Gzip, flushed after each chunk, as a server that streams does."""
    machine = zlib.compressobj(wbits=31)
    found = [machine.compress(chunk) + machine.flush(zlib.Z_SYNC_FLUSH) for chunk in chunks]
    return [*found, machine.flush()]


def gzipped(value: object) -> bytes:
    return gzip.compress(json.dumps(value).encode())
