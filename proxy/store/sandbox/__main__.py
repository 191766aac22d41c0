"""`python -m proxy.store.sandbox`: answers one statement and ends. Started by proxy.store.sandbox.asking.

Standard input: one JSON object, see Question. Standard output: one line of JSON {"error", "kind"} or
{"is_cut"}, then the rows as an Arrow IPC stream. With --content-fd, content(ref) asks there.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import io
import os
import re
import resource
import struct
import sys
from collections.abc import Iterator
from typing import IO, Any, Final

import duckdb
import duckdb.func
import duckdb.sqltypes
import orjson
from arro3.io import write_ipc_stream

from proxy.store.asking.answer import answer
from proxy.store.sandbox.allowed import TEXT_BYTES_MAX, Refused, check_tree
from proxy.store.sandbox.functions import numpy_not_needed, pandas_not_sought
from proxy.store.sandbox.limits import (
    ADDRESS_BYTES,
    ANSWER_BYTES_MAX,
    CELL_CHARACTERS_MAX,
    CPU_GRACE_S,
    FILES_MAX,
    MEMORY_MIB,
    NOTHING,
)

_CLONE_NEWUSER_NEWNET: Final = 0x10000000 | 0x40000000
_TOO_LARGE: Final = f"the answer has more than {ANSWER_BYTES_MAX >> 20} MiB: ask for less"
_EXPLAIN: Final = re.compile(r"\s*explain\b", re.IGNORECASE)
_VIEWS: Final = """
    SELECT view_name FROM duckdb_views() WHERE database_name = 'facts' AND schema_name = 'audit'
"""
_SETTINGS: Final = (
    "SET enable_progress_bar = false",
    "SET enable_external_access = false",
    "SET allow_community_extensions = false",
    "SET allow_unsigned_extensions = false",
    "SET allow_persistent_secrets = false",
    "SET TimeZone = 'UTC'",
    "SET search_path = 'facts.audit'",
    "SET lock_configuration = true",
)


def main(arguments: list[str]) -> int:
    """Answer one statement; the exit code says nothing."""
    parser = argparse.ArgumentParser(prog="python -m proxy.store.sandbox")
    parser.add_argument("--content-fd", type=int)
    content_fd = parser.parse_args(arguments).content_fd
    asked: dict[str, Any] = orjson.loads(sys.stdin.buffer.read())
    shut_in(asked["deadline_s"])
    output = sys.stdout.buffer
    try:
        with _opened(asked["snapshot"], content_fd) as connection:
            sql = readable(connection, asked["sql"])
            found = answer(
                connection, sql, rows_max=asked["rows_max"], text_max=CELL_CHARACTERS_MAX
            )
        if found.table.nbytes > ANSWER_BYTES_MAX:
            _say(output, {"error": _TOO_LARGE, "kind": "refused"})
            return 0
        sink = io.BytesIO()
        write_ipc_stream(found.table, sink, compression=None)
        _say(output, {"is_cut": found.is_cut})
        output.write(sink.getbuffer())
    except Refused as error:
        _say(output, {"error": str(error), "kind": "refused"})
    except (duckdb.OutOfMemoryException, MemoryError):
        _say(output, {"error": "it needs too much memory: ask for less", "kind": "failed"})
    except duckdb.Error as error:
        _say(output, {"error": str(error)[:4000], "kind": "refused"})
    output.flush()
    return 0


def shut_in(deadline_s: float) -> None:
    """Limits that the kernel holds, whatever DuckDB does: memory, time, files, network; and its place behind all others."""
    cpu_s = int(deadline_s) + CPU_GRACE_S
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES_MAX, FILES_MAX))
    if hasattr(os, "SCHED_IDLE"):
        with contextlib.suppress(OSError):  # where a filter forbids it, its nice 19 remains
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError, AttributeError):
        # Where the kernel lets an ordinary user: a network name space with nothing in it.
        ctypes.CDLL(None).unshare(_CLONE_NEWUSER_NEWNET)


def readable(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The statement, if it is one that may run.

    Raises:
        Refused: it may not.
        duckdb.Error: it cannot be parsed.
    """
    if len(sql.encode()) > TEXT_BYTES_MAX or "\0" in sql:
        raise Refused(f"a statement has at most {TEXT_BYTES_MAX >> 10} KiB, without zero bytes")
    found = connection.extract_statements(sql)
    if len(found) != 1:
        raise Refused(f"one statement at a time, this has {len(found)}")
    is_explained = found[0].type == duckdb.StatementType.EXPLAIN
    explain = _EXPLAIN.match(sql) if is_explained else None
    inner = sql[explain.end() :] if explain else sql
    inner = inner.strip().rstrip(";")
    if is_explained:
        # What is left must be a SELECT by itself: so no ANALYZE, and no options.
        found = connection.extract_statements(inner)
    if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
        raise Refused("only SELECT and EXPLAIN SELECT can run here")
    row = connection.execute("SELECT json_serialize_sql($sql::VARCHAR)", {"sql": inner}).fetchone()
    views = frozenset(name for (name,) in connection.execute(_VIEWS).fetchall())
    check_tree(orjson.loads(row[0]) if row else None, views)
    return f"EXPLAIN {inner}" if is_explained else inner


@contextlib.contextmanager
def _opened(snapshot: str, content_fd: int | None) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(
        config={
            "memory_limit": f"{MEMORY_MIB}MiB",
            "threads": 1,
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
        }
    )
    with contextlib.closing(connection), pandas_not_sought():
        quoted = snapshot.replace("'", "''")  # ATTACH takes no parameters
        connection.execute(f"ATTACH '{quoted}' AS facts (READ_ONLY)")
        if content_fd is None:
            connection.execute("CREATE TEMP MACRO content(ref) AS NULL::VARCHAR")
        else:
            with os.fdopen(content_fd, "r+b", buffering=0) as held:
                _add_content(connection, held)
                yield from _locked(connection)
            return
        yield from _locked(connection)


def _locked(
    connection: duckdb.DuckDBPyConnection,
) -> Iterator[duckdb.DuckDBPyConnection]:
    for setting in _SETTINGS:
        connection.execute(setting)
    yield connection


def _add_content(connection: duckdb.DuckDBPyConnection, held: IO[bytes]) -> None:
    """content(ref) asks the recorder, one reference after the other."""

    def content(ref: str | None) -> str | None:
        if ref is None:
            return None
        asked = ref.encode()
        held.write(struct.pack("<I", len(asked)) + asked)
        (size,) = struct.unpack("<I", _read(held, 4))
        return None if size == NOTHING else _read(held, size).decode("utf-8", "replace")

    with numpy_not_needed():
        connection.create_function(
            "content",
            content,
            ["VARCHAR"],
            duckdb.sqltypes.VARCHAR,
            null_handling=duckdb.func.FunctionNullHandling.SPECIAL,
            side_effects=False,
        )


def _read(held: IO[bytes], size: int) -> bytes:
    pieces = []
    while size:
        piece = held.read(size)
        if not piece:
            raise Refused("the content of so many steps is not opened: ask for fewer")
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _say(output: IO[bytes], told: dict[str, object]) -> None:
    output.write(orjson.dumps(told) + b"\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
