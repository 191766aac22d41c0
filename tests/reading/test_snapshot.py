from __future__ import annotations

import http.server
import json
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from proxy.errors import StoreError
from proxy.reading.snapshot import open_facts
from proxy.store.database import Database
from proxy.store.erasing.copies import sweep
from tests.reading.recorded import QUESTION, record, told

Answer = Callable[[str], tuple[int, bytes]]


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@contextmanager
def recorder(folder: Path, answer: Answer) -> Iterator[None]:
    """The recorder's socket, with another inside."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = answer(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "unix"

        def log_message(self, *_: object) -> None:
            """Quiet."""

    (folder / "run").mkdir(exist_ok=True)
    with _Server(str(folder / "run" / "recorder.sock"), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def count(folder: Path) -> int:
    with open_facts(folder) as connection:
        row = connection.execute("SELECT count(*) FROM interactions").fetchone()
    assert row is not None
    return int(row[0])


def test_without_a_recorder_the_file_itself_is_read(data_folder: Path) -> None:
    assert count(data_folder) == 2
    assert not list(data_folder.glob("run/snapshot-*"))


def test_beside_a_recorder_its_copy_is_read_and_removed(data_folder: Path) -> None:
    tables = Database.open(data_folder / "facts.duckdb")
    asked: list[str] = []

    def answer(path: str) -> tuple[int, bytes]:
        asked.append(path)
        target = tables.snapshot(data_folder / "run" / "snapshot-1.duckdb")
        return 200, json.dumps({"path": str(target)}).encode()

    with recorder(data_folder, answer):
        assert count(data_folder) == 2

    tables.close()
    assert asked == ["/snapshot"]
    assert [path.name for path in (data_folder / "run").iterdir()] == ["recorder.sock"]


@pytest.mark.parametrize("swept", [1, 2])
def test_a_copy_that_an_erasure_swept_away_is_asked_for_once_more(
    data_folder: Path, swept: int
) -> None:
    tables = Database.open(data_folder / "facts.duckdb")
    asked: list[str] = []

    def answer(path: str) -> tuple[int, bytes]:
        asked.append(path)
        target = tables.snapshot(data_folder / "run" / f"snapshot-{len(asked)}.duckdb")
        if len(asked) <= swept:
            sweep(data_folder)
        return 200, json.dumps({"path": str(target)}).encode()

    with recorder(data_folder, answer):
        if swept == 1:
            assert count(data_folder) == 2
        else:
            with pytest.raises(StoreError, match=r"cannot open .*snapshot-2"):
                count(data_folder)

    tables.close()
    assert len(asked) == 2
    assert [path.name for path in (data_folder / "run").iterdir()] == ["recorder.sock"]


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (504, b'{"error": "late"}', "made no snapshot .status 504.*late"),
        (200, b"not json", "answered oddly"),
        (200, b"{}", "answered oddly"),
    ],
    ids=["late", "no-json", "no-path"],
)
def test_a_recorder_that_cannot_is_quoted(
    data_folder: Path, status: int, body: bytes, told: str
) -> None:
    with (
        recorder(data_folder, lambda _: (status, body)),
        pytest.raises(StoreError, match=told),
        open_facts(data_folder),
    ):
        pass


def test_a_socket_that_nobody_serves_is_no_recorder(data_folder: Path) -> None:
    with recorder(data_folder, lambda _: (500, b"")):
        pass

    assert count(data_folder) == 2


def test_a_file_that_another_process_holds_is_refused_by_name(data_folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from proxy.store.database import Database\n"
        "database = Database.open(Path(sys.argv[1])); print('up', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(data_folder / "facts.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()

        with pytest.raises(StoreError, match="Could not set lock"), open_facts(data_folder):
            pass

        assert holder.stdin is not None
        holder.stdin.close()


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="run `interactions-proxy serve` first"):
        count(tmp_path)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM steps",
        "INSERT INTO gaps (reason) VALUES ('x')",
        "CREATE TABLE facts.mine (a INTEGER)",
        "DROP VIEW interactions",
        "SELECT 1 FROM read_text('/etc/hostname')",
        "SELECT 1 FROM '/etc/hostname'",
        "COPY steps TO '/dev/null'",
        "ATTACH '/tmp/other.duckdb' AS other",
        "EXPORT DATABASE '/dev/null'",
        "INSTALL httpfs",
        "LOAD '/nowhere'",
        "SET enable_external_access = true",
        "SET threads = 1",
        "RESET lock_configuration",
        "PRAGMA temp_directory='/tmp'",
        "CREATE PERSISTENT SECRET s (TYPE http)",
    ],
)
def test_the_facts_are_locked(data_folder: Path, statement: str) -> None:
    with open_facts(data_folder) as connection, pytest.raises(duckdb.Error):
        connection.execute(statement)


def test_content_is_at_hand(tmp_path: Path) -> None:
    record(tmp_path, told(1, QUESTION))

    with open_facts(tmp_path) as connection:
        rows = connection.execute(
            "SELECT content(content_ref)->>'$.content[0].text' FROM timeline"
        ).fetchall()

    assert rows == [("What is that?",)]
