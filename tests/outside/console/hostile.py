"""An upstream whose every field is an attack, and programs that ask it with more of them."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

_CODE: Final = "window.__ran=1"
_FAR: Final = "https://evil.example/x"
_TAGS: Final = (
    f"<script>{_CODE}</script>",
    f"<img src=x onerror={_CODE}>",
    f"<svg onload={_CODE}>",
    f'<iframe srcdoc="<script>parent.{_CODE}</script>"></iframe>',
    f"<body onload={_CODE}>",
    f"<details open ontoggle={_CODE}>",
    f'<a href="javascript:{_CODE}">x</a>',
    f"<math><mi xlink:href=javascript:{_CODE}>",
    f"<style>@import '{_FAR}';</style>",
    f"<link rel=stylesheet href={_FAR}>",
    f"<meta http-equiv=refresh content='0;url={_FAR}'>",
    f"<base href={_FAR}>",
    f"<img src={_FAR}>",
    f"<video src={_FAR} autoplay>",
    f"<form action={_FAR}><button autofocus>",
    f"<object data={_FAR}>",
    f"<input autofocus onfocus={_CODE}>",
    f"<template><script>{_CODE}</script></template>",
    f"</title><script>{_CODE}</script>",
    f"--><script>{_CODE}</script>",
    f"]]><script>{_CODE}</script>",
    f"</textarea><script>{_CODE}</script>",
    f"</pre></div><script>{_CODE}</script>",
    f"<x onclick={_CODE} onmouseover={_CODE}>y</x>",
    f"<marquee onstart={_CODE}>",
)
_ADDRESSES: Final = (
    f"javascript:{_CODE}",
    f"JaVaScRiPt:{_CODE}",
    f"\x01javascript:{_CODE}",
    f"java\tscript:{_CODE}",
    f"data:text/html,<script>{_CODE}</script>",
    f"vbscript:{_CODE}",
    f"//evil.example/{_CODE}",
    _FAR,
    "blob:https://evil.example/1",
    f"![x]({_FAR})",
    f"[x](javascript:{_CODE})",
    f"**<img src=x onerror={_CODE}>**",
    f"`<img src=x onerror={_CODE}>`",
    f"| <img src=x onerror={_CODE}> |\n|---|\n| <script>{_CODE}</script> |",
    f"```html\n<script>{_CODE}</script>\n```",
)
_TRICKS: Final = (
    f"{{{{constructor.constructor('{_CODE}')()}}}}",
    f"${{{_CODE}}}",
    f"'-{_CODE}-'",
    f'";{_CODE};//',
    f"\\u003cscript\\u003e{_CODE}\\u003c/script\\u003e",
    f"&lt;script&gt;{_CODE}&lt;/script&gt;",
    f"%3Cscript%3E{_CODE}%3C/script%3E",
    "\u202egpj.exe\u202c",
    "\u2028\u2029\ufeff\u200b",
    "\ud83d\ude00" * 50,
    "\x00\x07\x1b[31m",
    "__proto__",
    "constructor",
    "toString",
    "$media",
    '{"__proto__": {"polluted": true}}',
    "../../../../etc/passwd",
    "=cmd|'/c calc'!A1",
    "A" * 20_000,
    f"<scr<script>ipt>{_CODE}</scr</script>ipt>",
)
PAYLOADS: Final = (*_TAGS, *_ADDRESSES, *_TRICKS)
"""Sixty."""
ASKED_TEN: Final = 10
"""Payloads of one interaction."""


def steps_of(bad: str) -> list[dict[str, Any]]:
    """A step of each kind with the payload wherever text may stand."""
    svg = base64.b64encode(f"<svg xmlns='http://www.w3.org/2000/svg' onload='{_CODE}'/>".encode())
    nested = {bad: [{bad: bad}], "__proto__": {"polluted": bad}}
    note = {"type": "url_citation", "url": bad, "title": bad, "start_index": 0, "end_index": 1}
    return [
        {"type": "thought", "summary": [{"type": "text", "text": bad}], "signature": "c2ln"},
        {"type": "function_call", "id": bad, "name": bad, "arguments": nested},
        {
            "type": "function_result",
            "call_id": bad,
            "name": bad,
            "result": nested,
            "is_error": True,
        },
        {"type": "code_execution_call", "arguments": {"language": bad, "code": bad}},
        {"type": "code_execution_result", "result": bad},
        {"type": "google_search_call", "arguments": {"queries": [bad, bad]}},
        {"type": "google_search_result", "result": [{"search_suggestions": bad}]},
        {"type": "url_context_result", "result": [{"url": bad, "title": bad, "status": bad}]},
        {"type": "google_maps_result", "result": [{"places": [{"name": bad, "url": bad}]}]},
        {"type": "mcp_server_tool_call", "name": bad, "server_name": bad, "arguments": {"q": bad}},
        {"type": bad, bad: bad},
        {
            "type": "model_output",
            "content": [
                {"type": "text", "text": bad, "annotations": [note]},
                {"type": "image", "mime_type": "image/svg+xml", "data": svg.decode()},
                {"type": "image", "mime_type": bad, "uri": bad},
                {"type": "audio", "mime_type": "text/html", "data": svg.decode()},
            ],
            "error": {"code": bad, "message": bad},
        },
    ]


def interaction(number: int) -> dict[str, Any]:
    """The answer with the payloads of one group."""
    group = PAYLOADS[number * ASKED_TEN : (number + 1) * ASKED_TEN]
    bad = group[0]
    return {
        "id": f"v1_hostile{number}",
        "object": bad,
        "status": "completed" if number % 2 else bad,
        "model": bad,
        "agent": bad,
        "created": bad,
        "service_tier": bad,
        "environment_id": bad,
        "steps": [step for each in group for step in steps_of(each)],
        "usage": {
            "total_tokens": 7,
            "total_input_tokens": 3,
            "input_tokens_by_modality": [{"modality": bad, "tokens": 3}],
        },
        "errors": [{"code": bad, "message": bad}],
        bad: bad,
    }


def question(number: int) -> dict[str, Any]:
    """What is sent with it."""
    bad = PAYLOADS[number * ASKED_TEN + 1]
    return {
        "model": bad,
        "input": [{"type": "user_input", "content": [{"type": "text", "text": bad}]}],
        "system_instruction": bad,
        "labels": {bad: bad},
        "tools": [{"type": "function", "name": bad, "description": bad}, {"type": bad}],
        "tool_choice": bad,
        "generation_config": {"thinking_level": bad, bad: bad},
        "previous_interaction_id": f"v1_hostile{number - 1}" if number else bad,
        "response_format": {"type": bad, "schema": {bad: bad}},
    }


class Upstream:
    """Answers creates; which answer, the header x-number says."""

    def __init__(self, answer: Callable[[int], dict[str, Any]] = interaction) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                number = int(self.headers["x-number"])
                body = json.dumps(answer(number)).encode()
                self.send_response(200, "<script>")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("X-Odd", "<img src=x onerror=window.__ran=1>")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
