"""Decisions: answers to closed questions about an input, each with how sure it is. Billable.

Source: the protocol reference, section 16.1, and the SDK's types.
"""

from __future__ import annotations

from typing import Final

import orjson

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.usage import text_tokens, usage
from proxy.emulator.asked import catalogue
from proxy.emulator.asked.refusals import model_not_found
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.visit import Reply, Visit, said

SHARES: Final = 1000
"""Probabilities are whole parts of this many, so that they add up to 1 exactly enough."""

TOKENS_AN_ANSWER: Final = 4
"""An answer is a word or two, whatever its type."""


def answer(visit: Visit) -> Reply:
    """Answer every question that is asked.

    Raises:
        Refusal: 404 for an unknown model, 400 for a question that cannot be answered.
    """
    body = visit.parsed()
    visit.needed(body, "model", "input", "questions")
    if not catalogue.is_model(str(body["model"])):
        raise model_not_found(str(body["model"]))
    questions = body["questions"]
    if not isinstance(questions, dict):
        raise visit.refusal(400, "The field 'questions' must map names to questions.")
    answers = {name: _answer(visit, name, question) for name, question in questions.items()}
    asked = text_tokens(orjson.dumps([body["input"], questions]).decode())
    counted = usage(
        new_input={"text": asked},
        history={},
        output={"text": TOKENS_AN_ANSWER * len(answers)},
        thought=0,
        tool_use={},
        grounding={},
    )
    return said({"answers": answers, "usage": counted})


def _answer(visit: Visit, name: str, question: object) -> Json:
    given = question if isinstance(question, dict) else {}
    criteria = given.get("criteria")
    match given.get("type"):
        case "noul":
            true = visit.chance.below(SHARES + 1) / SHARES
            return {"type": "noul", "noul": true, "confidence": max(true, 1 - true)}
        case "choice" if isinstance(criteria, dict) and criteria:
            shares = _shares(visit.chance, [str(key) for key in criteria])
            best = max(shares, key=lambda key: shares[key])
            return {
                "type": "choice",
                "choice": best,
                "confidence": shares[best],
                "probabilities": shares,
            }
        case "score" if isinstance(criteria, list) and criteria:
            legend = {str(place): str(text) for place, text in enumerate(criteria)}
            shares = _shares(visit.chance, list(legend))
            return {
                "type": "score",
                "score": sum(int(place) * share for place, share in shares.items()),
                "confidence": max(shares.values()),
                "probabilities": shares,
                "legend": legend,
            }
    message = f"The question {name!r} must be of type noul, choice or score, with its criteria."
    raise visit.refusal(400, message)


def _shares(chance: Chance, names: list[str]) -> dict[str, float]:
    """A probability for each name; together they are 1."""
    weights = [1 + chance.below(SHARES) for _ in names]
    parts = [weight * SHARES // sum(weights) for weight in weights]
    parts[0] += SHARES - sum(parts)
    return {name: part / SHARES for name, part in zip(names, parts, strict=True)}
