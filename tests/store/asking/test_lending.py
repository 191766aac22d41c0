from __future__ import annotations

import threading
from pathlib import Path
from typing import cast

import duckdb
import pytest

from proxy.errors import StoreError
from proxy.store.asking import lending
from proxy.store.asking.lending import LENT_MAX, LentTables
from proxy.store.database import Database
from tests.store.samples import batch, recording

ENDLESS = "SELECT count(*) FROM range(10000000) AS a, range(10000000) AS b"


def tables(folder: Path) -> LentTables:
    return LentTables(lambda: Database.open(folder / "facts.duckdb"))


def test_what_is_written_is_read_by_a_lent_cursor(tmp_path: Path) -> None:
    lent = tables(tmp_path).open()
    lent.ingest(batch(recording(1)))

    with lent.lend() as cursor:
        assert cursor.execute("SELECT count(*) FROM audit.exchanges").fetchone() == (1,)
    lent.close()


def test_closing_interrupts_who_reads_and_waits_for_the_cursor(tmp_path: Path) -> None:
    lent = tables(tmp_path).open()
    started, said = threading.Event(), []

    def read() -> None:
        with lent.lend() as cursor:
            started.set()
            try:
                cursor.execute(ENDLESS)
            except duckdb.InterruptException as error:
                said.append(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    started.wait()
    while reader.is_alive() and not said:  # an interrupt before the statement began is lost
        with lent._changed:
            for cursor in lent._lent:
                cursor.interrupt()
        reader.join(0.01)
    lent.close()
    reader.join()

    assert "Interrupted" in said[0]
    with pytest.raises(StoreError, match="not open"), lent.lend():
        pytest.fail("lent")


def test_a_cursor_that_is_being_given_back_is_not_interrupted() -> None:
    """DuckDB refuses to interrupt a cursor that is closed, and the file was not closed then."""
    was_interrupted = threading.Event()
    is_closed = threading.Event()

    class Cursor:
        def interrupt(self) -> None:
            if is_closed.is_set():
                was_interrupted.set()

        def close(self) -> None:
            is_closed.set()
            was_interrupted.wait(0.1)

    class Made:
        def cursor(self) -> Cursor:
            return Cursor()

        def close(self) -> None: ...

    lent = LentTables(lambda: cast("lending.Tables", Made())).open()

    def close() -> None:
        is_closed.wait()
        lent.close()

    closing = threading.Thread(target=close)
    closing.start()
    with lent.lend():
        pass
    closing.join()

    assert not was_interrupted.is_set()


def test_a_cursor_that_does_not_come_back_is_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lending, "BACK_WITHIN_S", 0.01)
    lent = tables(tmp_path).open()

    with lent.lend(), pytest.raises(StoreError, match="did not end"):
        lent.close()


def test_only_so_many_are_lent(tmp_path: Path) -> None:
    lent = tables(tmp_path).open()
    lenders = [lent.lend() for _ in range(LENT_MAX)]
    for lender in lenders:
        lender.__enter__()

    with pytest.raises(StoreError, match="are being answered"), lent.lend():
        pytest.fail("lent")
    for lender in lenders:
        lender.__exit__(None, None, None)
    lent.close()
