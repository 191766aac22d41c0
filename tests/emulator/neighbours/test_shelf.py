"""What is put on a shelf is found until it is taken or its time is over, page by page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.neighbours.shelf import PAGE_MAX, Shelf, page_size
from tests.emulator.neighbours.visits import NOW_S, Caller


def shelf_of(names: list[str], limit: int = 1000) -> Shelf[str]:
    shelf: Shelf[str] = Shelf("agents", "Agent", limit)
    for name in names:
        shelf.put(name, name)
    return shelf


def pages(shelf: Shelf[str], size: int) -> list[list[str]]:
    call = Caller()
    found, token = [], ""
    while True:
        page, token = shelf.page(
            call.visit("GET", f"/v1/agents?page_size={size}&page_token={token}")
        )
        found.append(page)
        if not token:
            return found


@given(st.lists(st.text(min_size=1), unique=True, max_size=30), st.integers(1, 7))
def test_pages_together_are_everything_in_order(names: list[str], size: int) -> None:
    found = pages(shelf_of(names), size)

    assert [name for page in found for name in page] == names
    assert all(len(page) == size for page in found[:-1])


def test_what_is_deleted_between_two_pages_moves_nothing_else() -> None:
    shelf, call = shelf_of(list("abcdef")), Caller()
    first, token = shelf.page(call.visit("GET", "/v1/agents?page_size=2"))
    shelf.take("b", NOW_S)
    second, _ = shelf.page(call.visit("GET", f"/v1/agents?page_size=2&page_token={token}"))

    assert (first, second) == (["a", "b"], ["c", "d"])


def test_what_expires_is_not_found_from_that_second_on() -> None:
    shelf = shelf_of([])
    shelf.put("a", "a", expires_s=NOW_S + 10)

    assert shelf.get("a", NOW_S + 9) == "a"
    with pytest.raises(Refusal, match="Agent a was not found"):
        shelf.get("a", NOW_S + 10)
    assert shelf.all(NOW_S) == []


def test_the_oldest_give_way() -> None:
    assert shelf_of(list("abc"), limit=2).all(NOW_S) == ["b", "c"]


def test_a_change_keeps_place_and_end() -> None:
    shelf = shelf_of(["a", "b"])
    shelf.extend("a", NOW_S + 10)
    shelf.change("a", "A")

    assert shelf.all(NOW_S) == ["A", "b"]
    assert shelf.all(NOW_S + 10) == ["b"]


@pytest.mark.parametrize(
    "query", ["page_size=x", "page_size=-1", "pageSize=1.5", "page_token=!", "page_token=eA"]
)
def test_sizes_and_tokens_that_cannot_be_meant_are_refused(query: str) -> None:
    call = Caller()

    with pytest.raises(Refusal) as refused:
        shelf_of(["a"]).page(call.visit("GET", f"/v1/agents?{query}"))
    assert refused.value.status == 400


def test_a_page_has_a_greatest_size() -> None:
    call = Caller()

    assert page_size(call.visit("GET", "/v1/agents?page_size=99999999999")) == PAGE_MAX
