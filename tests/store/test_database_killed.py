"""A database whose writer was killed, whose log was damaged, whose disk was full: nothing is lost, nothing doubled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.store.database import Database
from proxy.store.position import VAULT_START
from tests.store.replayed import BATCHES, filled, replay, rows_of


def left_by_a_killed_writer(path: Path, count: int) -> None:
    """A real process takes `count` batches and is gone without closing."""
    code = (
        "import os, sys; from pathlib import Path\n"
        "from tests.store.replayed import BATCHES, Database\n"
        "database = Database.open(Path(sys.argv[1])); database.checkpoint()\n"
        "for each in BATCHES[:int(sys.argv[2])]: database.ingest(each)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(path), str(count)], check=False)
    assert ended.returncode == -9


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("killed") / "facts.duckdb"
    left_by_a_killed_writer(path, 5)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    return filled(tmp_path_factory.mktemp("whole") / "facts.duckdb")


def copy_of(killed: Path, folder: Path) -> tuple[Path, Path]:
    path, wal = folder / "facts.duckdb", folder / "facts.duckdb.wal"
    path.write_bytes(killed.read_bytes())
    wal.write_bytes(killed.with_name(wal.name).read_bytes())
    return path, wal


def test_a_killed_writer_and_a_replay_give_the_same_rows(
    killed: Path, tmp_path: Path, whole: dict[str, list[tuple[object, ...]]]
) -> None:
    path, _ = copy_of(killed, tmp_path)

    database = Database.open(path)

    assert database.position() == BATCHES[4].position
    replay(database)
    assert rows_of(database) == whole
    database.close()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_truncated_wal_rolls_rows_and_position_back_together(
    killed: Path,
    tmp_path_factory: pytest.TempPathFactory,
    whole: dict[str, list[tuple[object, ...]]],
    data: st.DataObject,
) -> None:
    path, wal = copy_of(killed, tmp_path_factory.mktemp("cut"))
    wal.write_bytes(wal.read_bytes()[: data.draw(st.integers(0, wal.stat().st_size))])

    database = Database.open(path)
    replay(database)

    assert rows_of(database) == whole
    database.close()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_flipped_wal_byte_is_set_aside_and_replayed(
    killed: Path,
    tmp_path_factory: pytest.TempPathFactory,
    whole: dict[str, list[tuple[object, ...]]],
    data: st.DataObject,
) -> None:
    path, wal = copy_of(killed, tmp_path_factory.mktemp("flip"))
    content = bytearray(wal.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    wal.write_bytes(content)

    database = Database.open(path)
    replay(database)

    assert rows_of(database) == whole
    database.close()


def test_a_damaged_wal_is_kept_and_told_of(killed: Path, tmp_path: Path) -> None:
    path, wal = copy_of(killed, tmp_path)
    content = bytearray(wal.read_bytes())
    content[-100] ^= 1
    wal.write_bytes(content)

    database = Database.open(path)

    assert database.take_repairs() == (
        "a damaged WAL was set aside as facts.duckdb.wal.damaged-1; rows replayed",
    )
    assert database.take_repairs() == ()
    assert (tmp_path / "facts.duckdb.wal.damaged-1").read_bytes() == bytes(content)
    assert database.position() == VAULT_START
    database.close()


def test_a_full_disk_loses_nothing_once_there_is_room(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from proxy.errors import StoreError\n"
        "from tests.store.replayed import BATCHES, Database, replay\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "database = Database.open(Path(sys.argv[1])); database.ingest(BATCHES[0])\n"
        "limit = database.path.with_name('facts.duckdb.wal').stat().st_size + 500\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    database.ingest(BATCHES[1]); print('taken')\n"
        "except StoreError: print('refused')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "print(database.position().offset); replay(database); database.close()\n"
    )
    path = tmp_path / "facts.duckdb"

    ended = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
    )

    assert ended.stdout.split() == ["refused", str(BATCHES[0].position.offset)]
    assert filled(path) == filled(tmp_path / "other.duckdb")
