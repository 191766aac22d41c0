"""An upstream that says everything the newest SDK has a type for, whole and as a stream.

The steps come from the SDK's own models, with every field. The model's name in a request picks the
answer: whole, streamed, or either in the schema before June 2026.
"""

from __future__ import annotations

import copy
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.interactions.sdk_types import MODELS, STEPS, examples, examples_of_model

Json = dict[str, Any]

WHOLE: Final = "whole"
STREAMED: Final = "streamed"
OLD: Final = "lyria-3-clip-preview"
"""The one model whose `outputs` the newest SDK still reads."""
OLD_STREAMED: Final = "old-streamed"
BROKEN_OFF: Final = {"type": "text", "text": "So"}
_OLD_UNKNOWN: Final = ("user_input", "retrieval_", "tool_search_", "processing_")
"""What the old schema did not have."""
_AT_START: Final = frozenset({"type", "id", "call_id", "name", "error"})


def every_step() -> list[Json]:
    """Every step type, with every alternative of its fields; each output has one content."""
    found: list[Json] = []
    contents: list[Json] = []
    error: Json = {}
    for step in copy.deepcopy(examples(STEPS)):
        if step["type"] == "model_output":
            contents = step["content"]
            error = step["error"]
        else:
            found.append(step)
    outputs: list[Json] = [{"type": "model_output", "content": [content]} for content in contents]
    return [*found, *outputs, {"type": "model_output", "content": [BROKEN_OFF], "error": error}]


def every_old_output() -> list[Json]:
    """What of it the old schema had, as its flat list; a thought stands between two contents."""
    outputs: list[Json] = []
    for step in every_step():
        if step["type"] != "model_output":
            outputs += [] if step["type"].startswith(_OLD_UNKNOWN) else [step]
        elif step["content"]:
            outputs += [{"type": "thought", "signature": "c2ln"}, step["content"][0]]
    return outputs


def resource(kind: str) -> Json:
    """The interaction beside its steps, with all usage."""
    return {
        "id": f"v1_{kind.replace('-', '_')}",
        "object": "interaction",
        "status": "completed",
        "model": kind,
        "created": "2026-11-20T10:00:00Z",
        "updated": "2026-11-20T10:00:02Z",
        "service_tier": "standard",
        "usage": examples_of_model(MODELS["Usage"])[0],
        "errors": [{"code": "safety", "message": "Blocked."}],
        "environment_id": "env_1",
    }


def events() -> Iterator[Json]:
    """The stream of all steps; every third delta carries a running usage."""
    whole = resource(STREAMED)
    partial = {name: whole[name] for name in ("id", "object", "model")}
    yield {"event_type": "interaction.created", "interaction": partial | {"status": "in_progress"}}
    yield {
        "event_type": "interaction.status_update",
        "interaction_id": whole["id"],
        "status": "in_progress",
        "continuation_token": "checkpoint",
    }
    usage = {"total_usage": whole["usage"]}
    for index, step in enumerate(every_step()):
        bare = step if step["type"] == "user_input" else _bare(step)
        yield {"event_type": "step.start", "index": index, "step": bare}
        for number, delta in enumerate(_deltas(step)):
            event = {"event_type": "step.delta", "index": index, "delta": delta}
            yield event if number % 3 else event | {"metadata": usage}
        stop = {"event_type": "step.stop", "index": index}
        yield stop | {"usage": whole["usage"], "step_usage": {"total_tokens": index}}
    yield {"event_type": "interaction.completed", "interaction": whole}


def old_events() -> Iterator[Json]:
    """The stream of the old outputs."""
    whole = resource(OLD_STREAMED)
    yield {"event_type": "interaction.start", "interaction": {"id": whole["id"]}}
    for index, output in enumerate(every_old_output()):
        yield {"event_type": "content.start", "index": index, "content": _bare(output)}
        for delta in _old_deltas(output):
            yield {"event_type": "content.delta", "index": index, "delta": delta}
        yield {"event_type": "content.stop", "index": index}
    yield {"event_type": "interaction.complete", "interaction": whole}


@contextmanager
def far_end() -> Iterator[str]:
    """Serves all of it on a free port; yields its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Upstream)
    thread = threading.Thread(target=server.serve_forever, name="far end")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Upstream(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind = asked["model"]
        if kind in {STREAMED, OLD_STREAMED}:
            told = events() if kind == STREAMED else old_events()
            blocks = [f"event: {each['event_type']}\ndata: {json.dumps(each)}\n\n" for each in told]
            self._answer("text/event-stream", "".join([*blocks, "event: done\ndata: [DONE]\n\n"]))
        else:
            steps = {"steps": every_step()} if kind == WHOLE else {"outputs": every_old_output()}
            self._answer("application/json", json.dumps(resource(kind) | steps))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's own name
        """Nothing on standard error."""

    def _answer(self, media_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _bare(step: Json) -> Json:
    bare = {name: value for name, value in step.items() if name in _AT_START}
    return bare | {"arguments": {}} if step["type"] == "function_call" else bare


def _deltas(step: Json) -> Iterator[Json]:
    kind = step["type"]
    if kind == "user_input":
        return
    if kind == "model_output":
        for content in step["content"]:
            yield from _content_deltas(content)
    elif kind == "thought":
        for content in step["summary"]:
            yield {"type": "thought_summary", "content": content}
        yield {"type": "thought_signature", "signature": step["signature"]}
    elif kind == "function_call":
        text = json.dumps(step["arguments"])
        yield {"type": "arguments_delta", "arguments": text[:3]}
        yield {"type": "arguments_delta", "arguments": text[3:]}
    else:
        yield {name: value for name, value in step.items() if name not in {"id", "call_id"}}


def _content_deltas(content: Json, annotation: str = "text_annotation_delta") -> Iterator[Json]:
    if content["type"] != "text":
        yield content
        return
    yield {"type": "text", "text": content["text"][:2]}
    yield {"type": "text", "text": content["text"][2:]}
    if content.get("annotations"):
        yield {"type": annotation, "annotations": content["annotations"]}


def _old_deltas(output: Json) -> Iterator[Json]:
    if output["type"] in {"text", "image", "audio", "video", "document"}:
        yield from _content_deltas(output, "text_annotation")
    elif output["type"] == "thought":
        for content in output.get("summary", ()):
            yield {"type": "thought_summary", "content": content}
        yield {"type": "thought_signature", "signature": output["signature"]}
    else:
        yield {name: value for name, value in output.items() if name != "call_id"}
