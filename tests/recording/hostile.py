"""Bodies made to cost the recorder more than they weigh, each of 16 MiB or what is read of it.

    python -m tests.recording.hostile

prints a JSON line for each: its name, by how many bytes resident memory peaked above what it was before
it was interpreted, in a process of its own, and the kinds of problems that were noted.
"""

from __future__ import annotations

import gc
import gzip
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from proxy.recording.exchange import Exchange
from proxy.recording.interpret import interpret
from tests.recording.samples import JSON, exchange, stream

MIB: Final = 1024 * 1024
BODY_BYTES: Final = 14 * MIB
"""What the recorder reads of a body unless it is told otherwise."""
ANSWER: Final = {"id": "v1_a", "status": "completed"}


def events(make: Callable[[int], bytes]) -> bytes:
    """A stream of numbered events, cut at BODY_BYTES."""
    made: list[bytes] = []
    size = 0
    while size < BODY_BYTES:
        made.append(b"data: " + make(len(made)) + b"\n\n")
        size += len(made[-1])
    return b"".join(made)[:BODY_BYTES]


def repeated(before: bytes, item: bytes, after: bytes, size: int = BODY_BYTES) -> bytes:
    count = (size - len(before) - len(after)) // (len(item) + 1)
    return before + b",".join([item] * count) + after


_COUNTING: Final = "\U0001f600" + "".join(f"{number:x} " for number in range(1_200_000))
"""It packs well, but not as well as what is not unpacked."""


def keys() -> bytes:
    return b'{"id":"v1_a",' + b",".join(b'"k%d":0' % number for number in range(490_000)) + b"}"


def started(number: int, step: bytes) -> bytes:
    return b'{"event_type":"step.start","index":%d,"step":%b}' % (number, step)


def odd_delta(value: bytes) -> bytes:
    return b'{"event_type":"step.delta","index":0,"delta":{"type":"odd","x":%b}}' % value


def whole(number: int, steps: int) -> bytes:
    return b'{"event_type":"interaction.completed","interaction":{"id":"v1_%d","steps":[%b]}}' % (
        number,
        b",".join([b'{"type":"thought"}'] * steps),
    )


def wide(text: str, size: int) -> bytes:
    """A text that Python keeps with four bytes a letter."""
    body = json.dumps({**ANSWER, "steps": [{"type": "model_output", "content": text * size}]})
    return body.encode()


STEPS: Final = b'{"id":"v1_a","steps":['
CONTENTS: Final = STEPS + b'{"type":"model_output","content":['
TEXT: Final = b'{"type":"text","text":"x"}'
ASKED: Final = b'{"model":"m","input":['

STREAMS: Final[dict[str, Callable[[], bytes]]] = {
    "steps begun": lambda: events(lambda n: started(n, b'{"type":"x"}')),
    "calls with names": lambda: events(
        lambda n: started(n, b'{"type":"function_call","name":"n%d","id":"i%d"}' % (n, n))
    ),
    "text deltas": lambda: events(
        lambda _: b'{"event_type":"step.delta","index":0,"delta":{"type":"text","text":"a"}}'
    ),
    "odd deltas": lambda: events(lambda _: odd_delta(b"1")),
    "odd deltas of many values": lambda: events(lambda _: odd_delta(repeated(b"[", b"{}", b"]", 900))),
    "one odd delta": lambda: events(lambda _: odd_delta(repeated(b"[", b"{}", b"]", BODY_BYTES - 200))),
    "interactions": lambda: events(lambda n: whole(n, 0)),
    "interactions with steps": lambda: events(lambda n: whole(n, 100)),
    "empty events": lambda: events(lambda _: b"{}"),
    "events that are no JSON": lambda: events(lambda _: b"x"),
    "odd names": lambda: events(lambda n: b'{"event_type":"odd %d"}' % n),
}  # fmt: skip
ANSWERS: Final[dict[str, Callable[[], bytes]]] = {
    "thoughts": lambda: repeated(STEPS, b'{"type":"thought"}', b"]}"),
    "fewer thoughts": lambda: repeated(STEPS, b'{"type":"thought"}', b"]}", 4 * MIB),
    "contents": lambda: repeated(CONTENTS, TEXT, b"]}]}", 4 * MIB),
    "media": lambda: repeated(CONTENTS, b'{"type":"image","data":"AAAA"}', b"]}]}", 4 * MIB),
    "keys": keys,
    "empty lists": lambda: repeated(b'{"x":[', b"[]", b"]}", 700_000),
    "one long text": lambda: wide("x", BODY_BYTES - 200),
    "one long text with an odd letter": lambda: wide("\U0001f600" + "x" * 99_999, 90),
    "nesting": lambda: b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
}
REQUESTS: Final[dict[str, Callable[[], bytes]]] = {
    "turns": lambda: repeated(ASKED, b'{"role":"user","content":"x"}', b"]}"),
    "fewer turns": lambda: repeated(ASKED, b'{"role":"user","content":"x"}', b"]}", 4 * MIB),
    "texts": lambda: repeated(ASKED, TEXT, b"]}", 4 * MIB),
    "doubled fields": lambda: (
        b'{"store":false,"store":true,"x":{'
        + b",".join(b'"k%d":0' % number for number in range(490_000))
        + b"}}"
    ),
}


def hostile() -> dict[str, Callable[[], Exchange]]:
    """All of them, by name."""
    made: dict[str, Callable[[], Exchange]] = {}
    for name, body in STREAMS.items():
        made[f"stream: {name}"] = lambda body=body: stream(body())  # type: ignore[misc] # bound in the loop
    for name, body in ANSWERS.items():
        made[f"answer: {name}"] = lambda body=body: exchange(request={}, response=body())  # type: ignore[misc] # the same
    for name, body in REQUESTS.items():
        made[f"request: {name}"] = lambda body=body: exchange(request=body(), response=ANSWER)  # type: ignore[misc] # the same
    made["packed: one long text with an odd letter"] = lambda: exchange(
        request={},
        response=gzip.compress(wide(_COUNTING, 4), 1),
        response_headers=[("Content-Type", JSON), ("Content-Encoding", "gzip")],
    )
    return made


def main() -> None:
    for name, make in hostile().items():
        child = os.fork()  # memory that Python keeps after one must not hide the next
        if child == 0:
            _measure(name, make())
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0, name


def _measure(name: str, made: Exchange) -> None:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = _resident("VmRSS")
    began = time.monotonic()
    recording = interpret(made)
    told = {
        "name": name,
        "peak_bytes": _resident("VmHWM") - before,
        "seconds": round(time.monotonic() - began, 1),
        "problems": sorted({str(problem.kind) for problem in recording.problems}),
    }
    print(json.dumps(told), flush=True)


def _resident(what: str) -> int:
    status = Path("/proc/self/status").read_text("ascii")
    (line,) = (line for line in status.splitlines() if line.startswith(what))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
