from __future__ import annotations

import json
import sys
from collections import Counter
from importlib.abc import MetaPathFinder
from pathlib import Path

import pytest

from proxy.config.catalogue import Settings
from proxy.errors import ConfigError, StartRefused, StoreError
from proxy.reading.snapshot import open_facts
from proxy.recorder.rebuild import rebuild, recorder_settings, run
from proxy.recorder.server import held_recorder_lock
from proxy.store.pricing.books import price_book_bytes, shipped_books
from tests.journal.written import write_journal
from tests.recorder.played import Scene, answered, begun, whole
from tests.recorder.rows import all_rows
from tests.recorder.served import ask, serving


async def test_a_rebuild_gives_the_same_rows(scene: Scene) -> None:
    write_journal(scene.folder, [whole(number) for number in range(1, 8)])
    async with serving(scene):
        await ask(scene.folder / "run", "POST", "/flush")
    before = all_rows(scene.folder)
    progress: list[int] = []

    count = rebuild(scene.settings(), progress.append)

    assert count == 7
    assert progress[-1] == 7
    assert all_rows(scene.folder) == before
    assert len(before["exchanges"]) == 7


async def test_a_rebuild_keeps_both_results_of_pricing_again(scene: Scene) -> None:
    usage = {"total_tokens": 10, "total_input_tokens": 10}
    told = {"id": "v1_one", "status": "completed", "model": "gemini-3.5-flash", "usage": usage}
    entries = [*begun(1), *answered(1, json.dumps(told).encode())]
    past_ns = 1_790_000_000_000_000_000
    answer = [(*each[:3], past_ns, *each[4:]) for each in entries]
    dearer = price_book_bytes().replace(b"1.50", b"3.00")
    book = json.loads(dearer) | {"version": "2030-01-01"}
    act = {"kind": "price_book", "detail": "again", "actor": "test", "data": {"book": book}}
    write_journal(scene.folder, [answer])
    async with serving(scene):
        await ask(scene.folder / "run", "POST", "/flush")
        status, _ = await ask(scene.folder / "run", "POST", "/acts", {"acts": [act]})
        await ask(scene.folder / "run", "POST", "/flush")
    before = all_rows(scene.folder)

    rebuild(scene.settings(), lambda _count: None)

    assert status == 200
    assert all_rows(scene.folder) == before
    with open_facts(scene.folder) as connection:
        costs = connection.execute("SELECT book, amount_pico_usd FROM costs ORDER BY book")
        assert costs.fetchall() == [(shipped_books()[-1], 15_000_000), ("2030-01-01", 30_000_000)]


class Sought(MetaPathFinder):
    """Counts which modules are looked for."""

    def __init__(self) -> None:
        self.names: Counter[str] = Counter()

    def find_spec(self, fullname: str, *_: object) -> None:
        self.names[fullname] += 1


async def test_no_pandas_is_sought_for_each_value_that_is_written(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB asks for it, and where there is none it is looked for again each time: most of the work."""
    write_journal(scene.folder, [whole(number) for number in range(1, 8)])
    async with serving(scene):
        await ask(scene.folder / "run", "POST", "/flush")
    sought = Sought()
    monkeypatch.setattr(sys, "meta_path", [sought, *sys.meta_path])

    rebuild(scene.settings(), lambda _count: None)

    assert sought.names["pandas"] <= 1


def test_tables_are_not_rebuilt_under_a_running_recorder(scene: Scene) -> None:
    settings = scene.settings()
    (scene.folder / "vault").mkdir(exist_ok=True)

    with held_recorder_lock(settings.run_folder), pytest.raises(StartRefused, match="stop it"):
        rebuild(settings, lambda _count: None)


def test_tables_without_a_vault_are_left_alone(scene: Scene) -> None:
    settings = scene.settings()
    settings.tables_file.write_text("all that is left")

    with pytest.raises(StoreError, match="--data"):
        rebuild(settings, lambda _count: None)

    assert settings.tables_file.read_text() == "all that is left"


def test_the_verb_says_how_much_was_replayed(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    write_journal(scene.folder, [whole(1)])
    scene.settings()
    scene.pipeline().catch_up()

    code = run(Settings(data_folder=scene.folder))

    assert code == 0
    assert capsys.readouterr().out == "1 exchanges replayed from the vault\n"


def test_the_recorder_takes_its_part_of_the_settings(tmp_path: Path) -> None:
    settings = recorder_settings(Settings(data_folder=tmp_path, recorder_batch_rows=7))

    assert settings.batch_rows == 7
    assert settings.master_key_file == tmp_path / "keys" / "master.key"


def test_recording_and_rebuilding_need_no_certificate_of_the_admin_listener(tmp_path: Path) -> None:
    gone = tmp_path / "gone.crt"

    settings = recorder_settings(
        Settings(
            data_folder=tmp_path,
            admin_tls_certificate_file=gone,
            admin_tls_key_file=gone,
        )
    )

    assert settings.admin is not None
    with pytest.raises(ConfigError, match=r"gone\.crt"):
        settings.admin.tls()
