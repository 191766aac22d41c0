"""Tables of many interactions, made once.

SCALE_INTERACTIONS (a multiple of 20) makes a measurement of it: 1,000,000 take a GB of disk, and minutes to make;
SCALE_FILE: a file of so many that `python -m tests.scale.many` wrote, instead of making one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.store.database import Database
from tests.scale.many import COUNT, make


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Of COUNT interactions; nobody writes into it."""
    file = os.environ.get("SCALE_FILE")
    opened = (
        Database.open(Path(file))
        if file
        else make(tmp_path_factory.mktemp("scale") / "facts.duckdb", COUNT)
    )
    yield opened
    opened.close()
