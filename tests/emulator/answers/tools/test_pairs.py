"""A call and its result belong together."""

from __future__ import annotations

import base64

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.tools.pairs import Used, names_in, pair, signature


def test_a_pair_shares_one_id_and_each_half_is_signed() -> None:
    call, result = pair("google_maps", Chance(1, 1), {"arguments": {}}, {"result": []})

    assert (call["type"], result["type"]) == ("google_maps_call", "google_maps_result")
    assert call["id"] == result["call_id"]
    assert call["signature"] != result["signature"]


def test_a_signature_is_base64() -> None:
    assert len(base64.b64decode(signature(Chance(1, 1)), validate=True)) == 48


def test_what_tools_used_adds_up() -> None:
    used = Used([{"a": 1}], [])
    used.add(Used([{"b": 2}], [{"c": 3}]))

    assert (used.steps, used.sources) == ([{"a": 1}, {"b": 2}], [{"c": 3}])


def test_names_are_capitals_within_a_sentence() -> None:
    assert names_in("The weather in Oslo, Zürich and paris") == ["Oslo", "Zürich"]
