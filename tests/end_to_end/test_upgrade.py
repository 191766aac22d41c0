"""A data folder of the first format is taken over whole; one of a newer format is refused with advice.

`oldest.tar.xz` was made by the release before facts version 2 and the tables' second step: two interactions (the
second streamed, going on from the first), a read, a delete, and two creates that upstream refused.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.programs import look_until, run_verb
from tests.end_to_end.stage import Emulator, Proxy
from tests.outside.console.calls import PATH, call
from tests.store.vault.test_tail import of_a_newer_release, record

OLDEST = Path(__file__).parent / "oldest.tar.xz"
COUNTED = (
    "SELECT (SELECT count(*) FROM exchanges), (SELECT count(*) FROM observations),"
    " (SELECT count(*) FROM steps), (SELECT sum(tokens) FROM usage)"
)
FREE = ("--set", "ops.port=0", "--set", "admin.port=0")
TURNS = (
    "SELECT interaction, model, status, total_tokens, previous_interaction_id, deleted_at IS NOT NULL"
    " FROM interactions WHERE interaction_id IS NOT NULL ORDER BY created_at"
)


@pytest.fixture
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder `data`, unpacked. In a short folder: the path of a Unix socket may have 107 bytes."""
    folder = tmp_path_factory.mktemp("oldest")
    (folder / "data").mkdir(mode=0o700)
    with tarfile.open(OLDEST) as archive:
        archive.extractall(folder / "data", filter="data")
    return folder


def test_the_oldest_data_are_read_recorded_on_proven_and_rebuilt_alike(oldest: Path) -> None:
    emulator = Emulator(oldest)
    try:
        proxy = Proxy(oldest, emulator.url)
        first, second = proxy.rows(TURNS)
        assert (first[1:3], second[2]) == (("gemini-3-flash-preview", "completed"), "completed")
        assert (first[5], second[4]) == (True, first[0])
        ((exchanges, *_),) = proxy.rows(COUNTED)
        assert exchanges == 6
        refs = proxy.rows("SELECT content_ref FROM timeline WHERE content_ref IS NOT NULL")
        contents = list(proxy.vault().steps(ref for (ref,) in refs))
        assert contents
        assert all(content for _, content in contents)
        told = call(proxy.url, "POST", PATH, {"model": "gemini-3-flash-preview", "input": "New?"})
        assert told["status"] == "completed"
        before = proxy.answers(COUNTED, TURNS)
        proxy.stop()
    finally:
        emulator.stop()

    assert len(before[1]) == 3
    data = ("--data", str(oldest / "data"))
    for verb in ("verify", "rebuild"):
        done = run_verb(verb, *data)
        assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str(oldest / "data" / "facts.duckdb"), read_only=True) as tables:
        assert [tables.execute(sql).fetchall() for sql in (COUNTED, TURNS)] == before


def test_a_vault_of_a_newer_release_is_refused_with_advice_and_stays_as_it_is(oldest: Path) -> None:
    (file,) = (oldest / "data" / "vault").iterdir()
    with file.open("ab") as opened:
        opened.write(of_a_newer_release(record()))
    before = file.read_bytes()

    done = run_verb("serve", "--data", str(oldest / "data"), "--port", "0", *FREE)

    assert done.returncode == 3
    assert "was written by a newer release (format 2" in done.stderr
    assert "start that release" in done.stderr
    assert file.read_bytes() == before


def test_beside_tables_of_a_newer_release_recording_goes_on_and_says_what_to_do(
    oldest: Path,
) -> None:
    with duckdb.connect(str(oldest / "data" / "facts.duckdb")) as tables:
        tables.execute("CREATE TABLE IF NOT EXISTS migrations (number BIGINT, name VARCHAR)")
        tables.execute("INSERT INTO migrations VALUES (9999, 'of_the_future')")
    emulator = Emulator(oldest)
    try:
        proxy = Proxy(oldest, emulator.url)
        told = call(proxy.url, "POST", PATH, {"model": "gemini-3-flash-preview", "input": "New?"})
        status = look_until(
            lambda: text if "newer release" in (text := str(proxy.status())) else None, "advice"
        )
        proxy.stop()
    finally:
        emulator.stop()

    assert told["status"] == "completed"
    assert "format 9999" in status
    assert "move the file away" in status
