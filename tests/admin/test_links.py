from __future__ import annotations

from proxy.admin.links import Links


def test_a_trace_stands_where_the_address_has_a_place_for_it() -> None:
    links = Links("https://traces.example/t/{trace_id}?x=1", trace_of=lambda name, _: f"of-{name}")

    assert links.trace("x0-1", None) == "https://traces.example/t/of-x0-1?x=1"


def test_without_an_address_there_is_no_link() -> None:
    assert Links().trace("x0-1", "ab") is None
