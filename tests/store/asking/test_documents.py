from __future__ import annotations

from pathlib import Path

import pytest

from proxy.store.asking.documents import audit_views, main, page
from proxy.store.database import Database


def test_every_view_of_the_schema_answers_and_says_what_it_and_its_columns_are(
    tmp_path: Path,
) -> None:
    database = Database.open(tmp_path / "facts.duckdb")
    try:
        cursor = database.cursor()
        views = audit_views(cursor)
        for view in views:
            cursor.execute(f"FROM audit.{view.name}").fetchall()
    finally:
        database.close()

    silent = [view.name for view in views if not view.about]
    silent += [
        f"{view.name}.{each.name}" for view in views for each in view.columns if not each.about
    ]
    assert not silent
    assert {"interactions", "steps", "exchanges", "usage", "tools", "gaps", "access_log"} <= {
        view.name for view in views
    }


def test_the_page_is_written_and_seen_to_be_stale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "SQL.md"
    monkeypatch.setattr("proxy.store.asking.documents.page", lambda: "the page\n")

    assert main([str(path), "--check"]) == 1
    assert "make docs" in capsys.readouterr().err
    assert main([str(path)]) == 0
    assert main([str(path), "--check"]) == 0


def test_the_page_in_the_repository_is_fresh() -> None:
    here = Path(__file__).parents[3] / "proxy" / "store" / "SQL.md"

    assert here.read_text("utf-8") == page(), "run `make docs`"
