"""The files of a trail: paths and bundles as the outsider reads them."""

from __future__ import annotations

import pytest

from proxy.audit.trail import tiles
from proxy.reading.verifying.proofs import Refused
from proxy.reading.verifying.trail import bundle_entries, tile_name


@pytest.mark.parametrize(("index", "width"), [(0, 1), (7, 256), (1_234_067, 256), (999_999, 3)])
def test_names_of_tiles_are_those_that_are_written(index: int, width: int) -> None:
    assert tile_name("0", index, width) == tiles.tile_path(0, index, width)


def test_bundles_are_read_as_they_are_written_and_cut_ones_are_refused() -> None:
    bundle = tiles.pack_entries([b"one", b"", b"three"])

    assert bundle_entries(bundle) == [b"one", b"", b"three"]
    with pytest.raises(Refused):
        bundle_entries(bundle[:-1])
