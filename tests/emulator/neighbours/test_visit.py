"""A call says what it wants; its family says how it is refused."""

from __future__ import annotations

import pytest

from proxy.emulator.neighbours.visit import field_of, media
from tests.emulator.neighbours.visits import Caller


def test_a_call_knows_its_noun_and_verb(call: Caller) -> None:
    visit = call.visit("POST", "/v1/models/m:countTokens", {"contents": []})

    assert (visit.noun, visit.verb, visit.parsed()) == ("models", "countTokens", {"contents": []})


@pytest.mark.parametrize("body", [b"[]", b"{", b'"x"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(call: Caller, body: bytes) -> None:
    assert call.refused("POST", "/v1/agents", body).status == 400
    assert call.refused("POST", "/v1/cachedContents", body).shape == "rpc"


def test_no_body_is_an_empty_one(call: Caller) -> None:
    assert call.visit("POST", "/v1/agents").parsed() == {}


@pytest.mark.parametrize("name", ["includeThoughts", "include_thoughts"])
def test_fields_are_read_in_both_spellings(name: str) -> None:
    assert field_of({name: False}, "includeThoughts") is False
    assert field_of([name], "includeThoughts") is None


def test_media_without_a_type_are_bytes() -> None:
    assert media(b"x", "").content_type == "application/octet-stream"
