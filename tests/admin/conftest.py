"""Tables with three interactions, lent. Nothing writes to them, so all tests share them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from proxy.store.asking.lending import LentTables
from proxy.store.database import Database
from tests.store.samples import batch, recording, step


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LentTables]:
    path = tmp_path_factory.mktemp("admin") / "facts.duckdb"
    lent = LentTables(lambda: Database.open(path)).open()
    lent.ingest(
        batch(
            recording(
                1,
                model="m",
                status="completed",
                is_terminal=True,
                total_tokens=15,
                label_index="mac-of-team=blue,mac-of-who=bob",
            ),
            recording(2, interaction="v1_two", seconds=5, model="m", total_tokens=7),
            recording(3, interaction="v1_three", seconds=9, steps=(step("thought"),)),
        )
    )
    yield lent
    lent.close()
