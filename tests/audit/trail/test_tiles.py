"""The layout of C2SP tlog-tiles; the examples are the text's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.audit.trail.tiles import (
    ENTRIES,
    pack_entries,
    pack_hashes,
    tile_path,
    unpack_entries,
    unpack_hashes,
)
from proxy.errors import FormatError


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (0, 0, 256, "tile/0/000"),
        (0, 273, 112, "tile/0/273.p/112"),
        (2, 0, 1, "tile/2/000.p/1"),
        (ENTRIES, 1000, 256, "tile/entries/x001/000"),
    ],
)
def test_paths_are_those_of_the_text(level: int | str, index: int, width: int, path: str) -> None:
    assert tile_path(level, index, width) == path


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=256))
def test_entries_come_back_from_their_bundle(entries: list[bytes]) -> None:
    assert unpack_entries(pack_entries(entries)) == entries


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=256))
def test_hashes_come_back_from_their_tile(hashes: list[bytes]) -> None:
    assert unpack_hashes(pack_hashes(hashes)) == hashes


@given(st.binary(max_size=200))
def test_foreign_bytes_are_a_bundle_or_refused(data: bytes) -> None:
    try:
        assert pack_entries(unpack_entries(data)) == data
    except FormatError:
        assert not data or int.from_bytes(data[:2]) + 2 != len(data)


@given(st.binary(max_size=200))
def test_foreign_bytes_are_a_tile_or_refused(data: bytes) -> None:
    try:
        assert pack_hashes(unpack_hashes(data)) == data
    except FormatError:
        assert len(data) % 32 or not data
