"""A text is looked for in the sealed content of a day, where the tables hold many days.

The day lies behind those of the file of many; it has as many interactions as each of them, and their content.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import pytest

from proxy.admin.tokens import Role
from proxy.store.asking.lending import LentTables
from proxy.store.database import Database
from proxy.store.position import CommittedFacts, FactBatch, VaultPosition
from proxy.store.sandbox.functions import pandas_not_sought
from proxy.store.settled.settling import has_rows, settle
from tests.admin.served import Served, served
from tests.scale.many import COUNT, DAYS, END_NS, IS_MEASURED, SLOWER
from tests.scale.sealed import RARE, RARELY, make_sealed

A_DAY: Final = max(1100, COUNT // DAYS)
DAY_S: Final = 86_400
SEARCHED_S: Final = 3.0
BATCH: Final = 1000
NEWEST: Final = "29991231-000001"
"""Behind all that the tables were told."""


@pytest.fixture
async def listener(many: Database, tmp_path: Path) -> AsyncIterator[Served]:
    file = many.snapshot(tmp_path / "facts.duckdb")
    told: list[CommittedFacts] = []
    began_s = (DAYS + 10) * DAY_S
    made = make_sealed(tmp_path / "data", A_DAY, told.append, began_s, DAY_S)
    tables = Database.open(file)
    for first in range(0, A_DAY, BATCH):
        fresh = tuple(told[first : first + BATCH])
        tables.ingest(FactBatch(fresh, (), (), VaultPosition(NEWEST, first + 1)))
    cursor = tables.cursor()
    settle(cursor)
    assert not has_rows(cursor, "unsettled")
    cursor.close()
    tables.close()
    lent = LentTables(lambda: Database.open(file)).open()
    async with served(tmp_path, lent, made.vault.reader) as one:
        with pandas_not_sought():  # as in the recorder
            yield one
    lent.close()


async def test_all_content_of_a_day_is_searched_within_three_seconds(listener: Served) -> None:
    began = dt.datetime.fromtimestamp(END_NS / 1e9, dt.UTC) + dt.timedelta(days=10)
    span = {"since": began.isoformat(), "until": (began + dt.timedelta(days=1)).isoformat()}
    asked = urlencode({**span, "text": RARE.decode().upper()})
    auditor = listener.token(Role.AUDITOR)
    headers = {"Audit-Reason": "ticket 7"}
    began_s = time.process_time()

    answer = await listener.ask(f"/v1/find/text?{asked}", auditor, headers=headers)

    took_s = time.process_time() - began_s
    found = answer.json()
    print(f"the content of {A_DAY:,}: {took_s:.2f} CPU s at {COUNT:,}")
    assert (found["searched"], found["is_all"]) == (A_DAY, True)
    assert len(found["rows"]) == A_DAY // RARELY
    assert all(len(row["hits"]) == 2 for row in found["rows"])
    assert took_s < SEARCHED_S * SLOWER or not IS_MEASURED
