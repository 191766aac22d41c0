"""Embeddings: the same text gives the same vector of length 1, whatever the seed.

Source: the protocol reference, section 16.2.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any, Final

import orjson

from proxy.emulator.answers.usage import text_tokens
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.classic.models import able
from proxy.emulator.neighbours.visit import Reply, Visit, field_of, said

DIMENSIONS: Final = {"text-embedding-005": 768}
DIMENSIONS_USUAL: Final = 3072
"""By model: as documented."""

REQUESTS_MAX: Final = 250
"""Texts in one call; the service takes no more of them either."""


def answer(visit: Visit) -> Reply:
    """Answer embedContent and batchEmbedContents.

    Raises:
        Refusal: 404 for a model that embeds nothing, 400 for no or too many texts.
    """
    model, body = able(visit, visit.route.identity), visit.parsed()
    if visit.verb == "embedContent":
        counted = text_tokens(_text(body.get("content")))
        usage = {"promptTokenCount": counted, "totalTokenCount": counted}
        return said({"embedding": embedding(visit, model, body), "usageMetadata": usage})
    requests = body.get("requests")
    if not isinstance(requests, list) or not 0 < len(requests) <= REQUESTS_MAX:
        raise visit.refusal(400, f"Give from 1 to {REQUESTS_MAX} requests.")
    made = [embedding(visit, model, each if isinstance(each, dict) else {}) for each in requests]
    return said({"embeddings": made})


def embedding(visit: Visit, model: str, request: Json) -> Json:
    """The embedding that one request asks for.

    Raises:
        Refusal: 400, it has no content or wants an impossible number of dimensions.
    """
    text = _text(request.get("content"))
    if not text:
        raise visit.refusal(400, "* EmbedContentRequest.content: contents is not specified\n")
    config = field_of(request, "embedContentConfig")
    wanted = field_of(request, "outputDimensionality")
    if wanted is None:
        wanted = field_of(config, "outputDimensionality")
    most = DIMENSIONS.get(model, DIMENSIONS_USUAL)
    if wanted is not None and (not isinstance(wanted, int) or not 0 < wanted <= most):
        raise visit.refusal(400, f"The output dimensionality must be from 1 to {most}.")
    return {"values": vector(text, wanted or most)}


def vector(text: str, dimensions: int) -> list[float]:
    """A direction that follows from the text alone."""
    data = hashlib.shake_128(text.encode()).digest(2 * dimensions)
    numbers = [
        int.from_bytes(data[place : place + 2], "big") - 0x7FFF for place in range(0, len(data), 2)
    ]
    length = math.sqrt(sum(number * number for number in numbers)) or 1.0
    return [number / length for number in numbers]


def _text(content: Any) -> str:
    parts = content.get("parts") if isinstance(content, dict) else None
    given = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return "\n".join(str(part.get("text") or orjson.dumps(part).decode()) for part in given)
