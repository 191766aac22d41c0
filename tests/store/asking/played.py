"""A small play for the shipped queries: a chain with a tool, a failure, a cut stream, reading, a gap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from proxy.recording.facts import (
    ActFact,
    CostFact,
    GapFact,
    MediaFact,
    ProblemFact,
    Recording,
    UnknownFact,
)
from proxy.store.position import FactBatch
from tests.store.samples import SECOND_NS, START_NS, batch, fact, id_hash, recording, step


def _first() -> Recording:
    call = step("function_call", 1, name="look", call_id="k1", content_bytes=9)
    asked = step("user_input", 0, "input", text_bytes=5)
    told = recording(
        1,
        steps=(asked, call),
        status="requires_action",
        store="inherited",
        function_call_count=1,
        **_tokens(10, 5),
        **_model(),
    )
    picture = fact(
        MediaFact,
        exchange=told.exchange.exchange,
        interaction="v1_one",
        id_hash=id_hash("v1_one"),
        side="input",
        type="image",
        mime_type="image/png",
        media_bytes=70,
        source="inline",
    )
    line = fact(
        CostFact,
        exchange=told.exchange.exchange,
        interaction="v1_one",
        id_hash=id_hash("v1_one"),
        at=START_NS,
        book="2026-11-01",
        item="input",
        modality="text",
        tier="standard",
        quantity=10,
        unit="token",
        price_pico_usd=300_000,
        amount_pico_usd=3_000_000,
    )
    return replace(told, media_facts=(picture,), costs=(line,))


def _model() -> dict[str, Any]:
    return {"model": "m", "is_terminal": True}


def _tokens(given: int, told: int) -> dict[str, Any]:
    return {"input_tokens": given, "output_tokens": told, "total_tokens": given + told}


def _second() -> Recording:
    result = step("function_result", 0, "input", name="look", call_id="k1", is_error=True)
    said = step("model_output", 1, text_bytes=7)
    return recording(
        2,
        interaction="v1_two",
        seconds=10,
        steps=(result, said),
        status="completed",
        store="true",
        previous_interaction_id="v1_one",
        previous_hash=id_hash("v1_one"),
        root_hash=id_hash("v1_one"),
        **_tokens(20, 6),
        **_model(),
    )


def _failed() -> Recording:
    told = recording(
        3,
        interaction="v1_bad",
        seconds=20,
        http_status=200,
        status="failed",
        error_code="internal",
        agent="deep",
        is_terminal=True,
        is_background=True,
        store="true",
    )
    at = START_NS + 20 * SECOND_NS
    odd = ProblemFact(
        told.exchange.exchange, at, "truncated_tail", "response", "the last event is cut"
    )
    new = UnknownFact(told.exchange.exchange, at, "step", "hologram", "/steps/0", 2)
    return replace(told, problems=(odd,), unknowns=(new,))


def _cut() -> Recording:
    told = recording(4, interaction=None, how="models", seconds=30, http_status=429)
    exchange = replace(told.exchange, outcome="client_left", error_code="RESOURCE_EXHAUSTED")
    return replace(told, exchange=exchange)


def _acts() -> list[ActFact]:
    data = '{"query": "interaction", "role": "auditor", "reason": "ticket 7", "content_count": 3}'
    at = START_NS + 50 * SECOND_NS
    return [
        ActFact(at, "access", None, None, "shown", "a" * 32, "v1_one", "ada", data),
        ActFact(at, "mode", 0, "7", "strict: asked"),
    ]


def play() -> FactBatch:
    """Everything in one transaction."""
    poll = recording(
        5, how="read", interaction="v1_two", seconds=40, status="completed", **_model()
    )
    gone = recording(6, how="deleted", interaction="v1_two", seconds=45)
    gap = fact(
        GapFact,
        at=START_NS,
        first_at=START_NS,
        last_at=START_NS,
        exchange_count=2,
        reason="the disk was full",
    )
    made = batch(_first(), _second(), _failed(), _cut(), poll, gone)
    return replace(made, gaps=(gap,), acts=tuple(_acts()))
