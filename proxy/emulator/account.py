"""What the ledger is told of a request and of its answer: no content, no credential."""

from __future__ import annotations

import hashlib

from aiohttp import web

from proxy.emulator.asked.faults import WHOLE
from proxy.emulator.call import Call
from proxy.emulator.ledger import Answered, Received, without_secrets


def received(
    number: int, at_ns: int, request: web.Request, body: bytes, *, is_whole: bool
) -> Received:
    """The line of a request whose body has come, or came only in part."""
    return Received(
        n=number,
        at_ns=at_ns,
        method=request.method,
        target=without_secrets(request.raw_path),
        header_names=[name.decode("latin-1") for name, _ in request.raw_headers],
        has_credential=has_credential(request),
        tag=request.headers.get("x-request-tag"),
        body_sha256=hashlib.sha256(body).hexdigest(),
        body_bytes=len(body),
        body_is_whole=is_whole,
    )


def answered(number: int, at_ns: int, call: Call) -> Answered:
    """The line of an answer that was written, or was broken off."""
    outlet, made = call.outlet, call.interaction
    line = Answered(
        n=number,
        at_ns=at_ns,
        status=outlet.status,
        body_sha256=outlet.body_sha256,
        body_bytes=outlet.body_bytes,
        finished=outlet.finished,
        operation=call.route.operation,
        is_streaming=call.is_streaming,
        events=outlet.events,
        is_faulty=call.fault is not WHOLE,
    )
    if made is None:
        return line
    line.interaction_id = made.id
    line.interaction_status = made.status
    line.name = made.request.name
    line.previous_interaction_id = made.request.previous_id
    line.service_tier = made.tier
    line.is_background = made.request.is_background
    steps = made.composition.steps
    if made.is_running:
        steps = steps[: call.steps_shown or 0]
    elif made.status != "cancelled":
        usage = made.composition.usage
        line.usage = {name: count for name, count in usage.items() if name.startswith("total_")}
    line.step_types = [step["type"] for step in steps]
    return line


def has_credential(request: web.Request) -> bool:
    """Any key or token counts; the emulator knows no wrong ones."""
    if request.headers.get("x-goog-api-key"):
        return True
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() in ("bearer", "token"):
        return True
    return bool(request.query.get("key") or request.query.get("access_token"))
