"""One interaction out of the exchanges that carried it: its log, its body as GET would show it. Pure.

Nothing here is redacted: whoever shows it does that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from proxy.interactions.interaction import interaction_from_json, request_from_json
from proxy.interactions.problems import JsonObject, Notes
from proxy.recording.exchange import Exchange
from proxy.recording.merging.delivery import deliveries_in, interaction_of
from proxy.recording.merging.divergence import Difference, differences
from proxy.recording.merging.log import Delivery, Log, merged
from proxy.recording.operation import classify
from proxy.recording.reading.answer import read_answer
from proxy.recording.reading.decode import decode_body
from proxy.recording.reading.heads import request_head, response_head
from proxy.recording.reading.timeline import said_by_caller
from proxy.values import plain_value


@plain_value(frozen=True, slots=True)
class Whole:
    """One interaction, put together."""

    log: Log
    body: JsonObject
    """As GET shows it: what the caller said in front of what was answered. Without `steps` in neither."""
    outputs: tuple[JsonObject, ...]
    """The steps that the events tell of."""


class Gathering:
    """Takes the exchanges about one interaction in order, one at a time; then tells what they amount to."""

    def __init__(self, interaction: str) -> None:
        self._interaction = interaction
        self._deliveries: list[Delivery] = []
        self._inputs: list[JsonObject] = []

    def take(self, exchange: Exchange) -> None:
        """What it streamed, and what it asked; nothing of the exchange is kept but that."""
        found = deliveries_in(exchange).get(self._interaction)
        if found is not None:
            self._deliveries.append(found)
        if not self._inputs:
            self._inputs = asked_in(exchange)

    def whole(self) -> Whole:
        log = merged(self._deliveries)
        body = interaction_of(log)
        outputs = [step for step in body.get("steps") or () if isinstance(step, dict)]
        if self._inputs or outputs:
            body = {**body, "steps": [*self._inputs, *outputs]}
        return Whole(log, body, tuple(outputs))


def asked_in(exchange: Exchange) -> list[JsonObject]:
    """The steps that a create brings; none of any other exchange."""
    asked = request_head(exchange.intent.head)
    if asked is None or classify(asked.method, asked.target).operation != "create":
        return []
    decoded = decode_body(exchange.request, asked.codings, Notes(), "request")
    raw = _object(decoded.data)
    return [step.raw for step in request_from_json(raw, Notes()).steps]


def answered_in(exchange: Exchange) -> tuple[JsonObject, ...] | None:
    """The output steps of the resource that an exchange showed; None: it showed none."""
    asked, answered = request_head(exchange.intent.head), response_head(exchange.response_head)
    if asked is None or answered is None:
        return None
    resource = read_answer(exchange, answered, Notes()).resource
    if resource is None:
        return None
    steps = interaction_from_json(resource, Notes()).steps
    is_create = classify(asked.method, asked.target).operation == "create"
    return tuple(step.raw for step in steps[0 if is_create else said_by_caller(steps) :])


def differences_to(
    outputs: Iterable[JsonObject], stored: Exchange
) -> tuple[Difference, ...] | None:
    """Where a stored answer differs from what the events tell; None: the exchange shows no answer."""
    shown = answered_in(stored)
    return None if shown is None else differences(list(outputs), shown)


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
