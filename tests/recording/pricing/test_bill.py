"""Quantities of an answer, each once: what the totals and lists of a usage object leave to be priced."""

from __future__ import annotations

from typing import Any

from proxy.recording.pricing.bill import Bill, Line, grounding_lines, lines_of


def bill(**given: Any) -> Bill:
    blank: dict[str, Any] = dict.fromkeys(Bill.__dataclass_fields__)
    known = {"exchange": "x", "interaction": "v1_a", "id_hash": 1, "at": 0, "is_vertex": False}
    empty = {"lines": (), "unknown_fields": (), "grounding_calls": (), "output_media": ()}
    return Bill(**{**blank, **known, **empty, "input_media": frozenset(), **given})


def quantities(of: Bill) -> dict[tuple[str, str], int]:
    return {(line.item, line.modality): line.quantity for line in lines_of(of)}


def test_the_cached_part_is_taken_out_of_the_input() -> None:
    told = bill(input_tokens=100, cached_tokens=30, total_tokens=100)

    assert quantities(told) == {("input", "text"): 70, ("cached", "text"): 30}


def test_cached_tokens_of_the_only_other_modality_need_no_list() -> None:
    told = bill(input_tokens=100, cached_tokens=30, lines=(("input", "image", 100),))

    assert quantities(told) == {("input", "image"): 70, ("cached", "image"): 30}


def test_all_cached_is_all_of_each_modality() -> None:
    lines = (("input", "image", 60), ("input", "audio", 40))
    told = bill(input_tokens=100, cached_tokens=100, lines=lines)

    assert quantities(told) == {("cached", "image"): 60, ("cached", "audio"): 40}


def test_a_modality_that_stands_twice_is_added_up() -> None:
    lines = (("output", "text", 1), ("output", "text", 2))

    assert quantities(bill(output_tokens=3, lines=lines)) == {("output", "text"): 3}


def test_tokens_that_no_list_names_are_in_doubt_beside_media() -> None:
    told = bill(output_tokens=10, lines=(("output", "text", 4),), output_media=("image",))

    assert Line("output", "unlisted", 6, candidates=frozenset({"image"})) in lines_of(told)


def test_a_listed_medium_puts_nothing_in_doubt() -> None:
    told = bill(output_tokens=10, lines=(("output", "image", 4),), output_media=("image",))

    assert quantities(told) == {("output", "image"): 4, ("output", "text"): 6}


def test_a_total_below_its_parts_is_a_difference_too() -> None:
    told = bill(input_tokens=10, output_tokens=5, total_tokens=12)

    assert quantities(told)["difference", ""] == -3


def test_grounding_is_counted_by_the_usage_and_else_by_steps() -> None:
    told = bill(
        lines=(("grounding", "google_search", 3),),
        grounding_calls=("google_search", "google_maps", "google_maps"),
    )

    assert grounding_lines(told) == [
        Line("grounding", "google_search", 3, "query"),
        Line("grounding", "google_maps", 2, "call"),
    ]
