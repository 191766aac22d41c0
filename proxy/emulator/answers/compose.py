"""What the emulator answers: steps, status and usage for a request. Deterministic given the chance.

Order of steps as recordings show it (reference, section 7): thoughts, tool pairs, output; or thoughts
and function calls with status `requires_action`.
"""

from __future__ import annotations

import hashlib
from typing import Final

import orjson

from proxy.emulator.answers.agents.mending import mended, mends
from proxy.emulator.answers.agents.research import research
from proxy.emulator.answers.agents.sandboxed import sandboxed, within_budget
from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.composition import Composition, Context
from proxy.emulator.answers.model import prose
from proxy.emulator.answers.model.output import calls_for_caller, output
from proxy.emulator.answers.model.refused import refusal
from proxy.emulator.answers.model.thoughts import thoughts
from proxy.emulator.answers.occasion import Occasion, occasion
from proxy.emulator.answers.usage import BYTES_PER_TOKEN, counted
from proxy.emulator.asked.faults import Wishes
from proxy.emulator.asked.input import check_results
from proxy.emulator.asked.request import CreateRequest, Json

HOP_TOKENS_STREAM: Final = 64 * 1024
HOP_TOKENS_UNARY: Final = 32 * 1024
"""Documented limits of one request's decode (reference, section 11)."""

NO_LIMIT: Final = 2**62
"""More tokens than any answer has."""

CACHED_CONTENT_TOKENS: Final = 4096
"""What any `cached_content` counts: the least that the service lets one cache, whatever is in it."""


def compose(
    request: CreateRequest, context: Context, wishes: Wishes, chance: Chance
) -> Composition:
    """Decide the whole answer at once; a stream and a background run only show it piece by piece.

    Raises:
        Refusal: 400 for a function result that answers no call.
    """
    if context.before or request.previous_id is None:
        check_results(request.steps, context.before)
    made_for = occasion(request, context, _seeded(request, chance))
    if wishes.ending == "failed":
        error = {"code": wishes.code or "api_error"}
        error["message"] = wishes.message or "Emulated failure."
        return Composition((), "failed", counted(request, context, []), (error,))
    refused = refusal(made_for)
    if refused is not None:
        steps, error = [*thoughts(made_for), *refused[0]], refused[1]
        usage = counted(request, context, steps)
        return Composition(tuple(steps), "failed", usage, (error,))
    tokens_max = _hop_tokens(request)
    hops_left = _hops_left(request, context, wishes, tokens_max)
    steps, status = _answered(made_for, wishes, tokens_max)
    if status == "completed" and hops_left:
        status = "requires_continuation"
    if status == "requires_action":
        hops_left = 0
    return Composition(
        tuple(steps),
        wishes.ending or _ordered(made_for) or status,
        _counted(request, context, steps),
        hops_left=hops_left,
        checkpoints=tuple(range(len(steps) - 1)) if "checkpoint" in made_for.orders else (),
        environment_id=_environment_id(made_for),
    )


def _answered(made_for: Occasion, wishes: Wishes, tokens_max: int) -> tuple[list[Json], str]:
    """The steps, and the status they end with if nothing else is wished."""
    request = made_for.request
    if request.is_deep_research:
        return research(made_for), "completed"
    if request.agent is not None and mends(made_for):
        return mended(made_for), "completed"
    steps = [] if request.agent is not None else thoughts(made_for)
    calls = calls_for_caller(made_for)
    if calls and calls[-1]["type"] == "function_call":
        return [*(steps or thoughts(made_for)), *calls], "requires_action"
    if request.agent is not None:
        steps, is_paid = within_budget(made_for, sandboxed(made_for))
        return steps, "completed" if is_paid else "budget_exceeded"
    steps += calls  # a search for tools that found none
    steps += output(made_for, wishes.output_bytes, tokens_max * BYTES_PER_TOKEN)
    is_cut = prose.shorten(steps, made_for.config.get("max_output_tokens"))
    return steps, "incomplete" if is_cut else "completed"


def _counted(request: CreateRequest, context: Context, steps: list[Json]) -> Json:
    """Usage; content cached by the caller counts as input that came from the cache."""
    usage = counted(request, context, steps)
    if request.raw.get("cached_content"):
        for total in ("total_tokens", "total_input_tokens", "total_cached_tokens"):
            usage[total] += CACHED_CONTENT_TOKENS
        for place in ("input_tokens_by_modality", "cached_tokens_by_modality"):
            listed = {entry["modality"]: entry["tokens"] for entry in usage.get(place, ())}
            listed["text"] = listed.get("text", 0) + CACHED_CONTENT_TOKENS
            usage[place] = [{"modality": m, "tokens": t} for m, t in sorted(listed.items())]
    return usage


def _seeded(request: CreateRequest, chance: Chance) -> Chance:
    """Chance of the caller's own seed: the same seed and input choose the same words."""
    seed = request.config.get("seed")
    if not isinstance(seed, int):
        return chance
    given = hashlib.blake2b(orjson.dumps(request.steps), digest_size=16).digest()
    return chance.seeded(b"%d:" % seed + given)


def _ordered(made_for: Occasion) -> str | None:
    """A status that the prompt orders."""
    ordered = (status for status in ("incomplete", "budget_exceeded") if status in made_for.orders)
    return next(ordered, None)


def _environment_id(made_for: Occasion) -> str | None:
    """The environment asked for, or a new one's id; None if the request has none."""
    environment = made_for.request.environment
    if environment is None:
        return None
    known = environment.get("environment_id") if isinstance(environment, dict) else environment
    if isinstance(known, str) and known not in ("", "remote"):
        return known
    return f"environment-{made_for.chance.call_id()}"


def _hops_left(request: CreateRequest, context: Context, wishes: Wishes, tokens_max: int) -> int:
    """How many requests a long decode still needs after this one."""
    if context.hops_left is not None:
        return context.hops_left - 1
    if request.is_background or request.model is None:
        return 0
    if wishes.hops:
        return wishes.hops - 1
    wanted = (wishes.output_bytes or 0) // BYTES_PER_TOKEN
    return max(0, -(-wanted // tokens_max) - 1)


def _hop_tokens(request: CreateRequest) -> int:
    """How many tokens one request decodes at most; only models with a documented limit have one."""
    entry = request.entry
    if request.is_background or entry is None or not entry.has_decode_limit:
        return NO_LIMIT
    return HOP_TOKENS_STREAM if request.is_streaming else HOP_TOKENS_UNARY
