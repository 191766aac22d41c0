from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest

from proxy.audit.erasure.plan import Hold
from proxy.errors import StoreError
from proxy.recorder.erasing.asking import Deferred, Questions, wish_again
from proxy.store.database import Database
from proxy.store.queries import TablesReader


async def test_rows_come_as_what_they_are_wanted_as(tmp_path: Path) -> None:
    tables = Database.open(tmp_path / "facts.duckdb")

    def lent() -> Future[TablesReader]:
        future: Future[TablesReader] = Future()
        future.set_result(tables.reader())
        return future

    questions = Questions(lent)

    assert await questions.rows("erasing_holds", Hold) == []
    with pytest.raises(StoreError, match="no query"):
        await questions.rows("nothing", Hold)
    tables.close()


@pytest.mark.parametrize(("exchange", "reach"), [(None, "thread"), ("x-1", "node")])
def test_what_waits_is_wished_for_again_as_far_as_others_were_not_told_to_go(
    exchange: str | None, reach: str
) -> None:
    waiting = Deferred(
        interaction="v1_1",
        erasure="e" * 32,
        actor="ann",
        reason="asked",
        with_quoted=False,
        exchange=exchange,
        reach="thread",
        is_bypassing=True,
    )

    wish = wish_again([waiting])

    assert (wish.reach, wish.is_bypassing, wish.actor) == (reach, True, "ann")
