"""Exchanges as a cassette has read them, in a line each."""

from __future__ import annotations

from typing import Any

from proxy.reading.cassette.exchanges import Passed, Streamed

MODEL = "gemini-3-flash-preview"


def user(*contents: dict[str, Any] | str) -> dict[str, Any]:
    listed = [{"type": "text", "text": c} if isinstance(c, str) else c for c in contents]
    return {"type": "user_input", "content": listed}


def said(text: str) -> dict[str, Any]:
    return {"type": "model_output", "content": [{"type": "text", "text": text}]}


def create(
    body: Any,
    *asked: dict[str, Any],
    status: int | None = 200,
    streamed: Streamed | None = None,
    head_s: float = 0.0,
    **request: Any,
) -> Passed:
    return Passed(
        exchange="x0-7-1",
        operation="create",
        identity=None,
        request={"model": MODEL} | request,
        asked=asked or (user("Hello?"),),
        status=status,
        content_type="application/json",
        headers={},
        body=body,
        streamed=streamed,
        head_s=head_s,
    )


def later(operation: str, identity: str, body: Any, status: int = 200) -> Passed:
    return Passed(
        exchange="x0-7-2",
        operation=operation,
        identity=identity,
        request={},
        asked=(),
        status=status,
        content_type="application/json",
        headers={},
        body=body,
        streamed=None,
        head_s=0.0,
    )


def events(*told: dict[str, Any], resource: dict[str, Any], **ending: bool) -> Streamed:
    usual = {"is_done": True, "is_broken": False, "was_unread": False}
    gaps = tuple(0.5 for _ in told)
    return Streamed(told, gaps, resource, **(usual | ending))
