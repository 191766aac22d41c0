"""What somebody means by the beginning of an id; what a pointer finds is in test_eraser.py."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from proxy.errors import FormatError
from proxy.recorder.erasing.asking import Questions
from proxy.recorder.erasing.naming import beginning
from proxy.store.database import Database
from proxy.store.queries import TablesReader
from tests.store.samples import batch, recording


def asking(database: Database) -> Callable[[], Future[TablesReader]]:
    def reader() -> Future[TablesReader]:
        found: Future[TablesReader] = Future()
        found.set_result(database.reader())
        return found

    return reader


async def test_an_id_is_known_by_its_beginning_unless_several_begin_so(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "facts.duckdb")
    database.ingest(
        batch(*(recording(number, interaction=f"v1_a{number}") for number in range(1, 3)))
    )
    ask = Questions(asking(database))

    assert await beginning(ask, "v1_a2") == "v1_a2"
    for named, why in (("v1_a", "several"), ("v1_b", "no interaction begins with v1_b")):
        with pytest.raises(FormatError, match=why):
            await beginning(ask, named)
    database.close()
