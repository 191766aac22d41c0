"""Price books of this release and of operators."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.errors import StartRefused
from proxy.store.price_books import price_book, price_book_bytes, shipped_books


@pytest.mark.parametrize("version", shipped_books())
def test_every_shipped_book_can_be_read_and_bears_its_name(version: str) -> None:
    book = price_book(version)

    assert book.version == version
    assert book.products


def test_the_newest_is_taken_where_none_is_named() -> None:
    assert price_book().version == shipped_books()[-1]


def test_an_operator_may_bring_his_own(tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_bytes(price_book_bytes().replace(b'"version": "2026', b'"version": "2027'))

    assert price_book(own).version.startswith("2027")


def test_a_book_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match=shipped_books()[0]):
        price_book(tmp_path / "none.json")


def test_a_book_with_a_mistake_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text('{"format": 1}')

    with pytest.raises(StartRefused, match="version"):
        price_book(tmp_path / "own.json")
