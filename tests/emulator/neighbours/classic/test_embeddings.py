"""Embeddings by Google's own SDK: vectors of length 1 that follow from the text."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.neighbours.classic.embeddings import REQUESTS_MAX, vector
from tests.emulator.neighbours.visits import Caller

MODEL = "gemini-embedding-001"
PATH = f"/v1/models/{MODEL}"
HELLO = {"content": {"parts": [{"text": "Hello."}]}}


async def test_the_same_text_has_the_same_vector(sdk: Any) -> None:
    made = await sdk.models.embed_content(model=MODEL, contents=["a", "b", "a"])

    first, second, third = (each.values for each in made.embeddings)
    assert first == third != second
    assert len(first) == 3072


@pytest.mark.parametrize(
    "model", ["text-embedding-005", "gemini-embedding-001", "gemini-embedding-2"]
)
async def test_vertex_embeds_in_each_of_its_ways(vertex: Any, model: str) -> None:
    made = await vertex.models.embed_content(
        model=model, contents="a", config={"output_dimensionality": 4}
    )

    assert made.embeddings[0].values == pytest.approx(vector("a", 4))
    assert made.embeddings[0].statistics.token_count == 1


@given(st.text(), st.integers(1, 64))
def test_vectors_have_length_one(text: str, dimensions: int) -> None:
    made = vector(text, dimensions)

    assert len(made) == dimensions
    assert math.hypot(*made) == pytest.approx(1)


def test_one_text_alone_is_answered_alone(call: Caller) -> None:
    made = call("POST", f"{PATH}:embedContent", HELLO | {"outputDimensionality": 2})

    assert made["embedding"]["values"] == vector("Hello.", 2)
    assert made["usageMetadata"]["promptTokenCount"] == 2


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("embedContent", {}),
        ("embedContent", HELLO | {"outputDimensionality": 0}),
        ("embedContent", HELLO | {"outputDimensionality": 4000}),
        ("batchEmbedContents", {"requests": []}),
        ("batchEmbedContents", {"requests": [HELLO] * (REQUESTS_MAX + 1)}),
        ("batchEmbedContents", {"requests": [{}]}),
    ],
)
def test_what_cannot_be_embedded_is_refused(call: Caller, verb: str, body: dict[str, Any]) -> None:
    assert call.refused("POST", f"{PATH}:{verb}", body).status == 400
