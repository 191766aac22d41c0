"""A storage whose certificate a private authority signed: taken with `objects.ca_file`, refused without, on both ways to it."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import duckdb
import pytest

from proxy.errors import StoreError
from proxy.fleet.engine.link import extension_file, reach
from proxy.fleet.naming import Objects
from proxy.fleet.shipping.sealed import S3Shelf
from tests.certificates import certificate
from tests.outside.fleet.servers import packages

DATA: Final = b"an object"


class Bucket(BaseHTTPRequestHandler):
    """Has every object."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(DATA)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(autouse=True)
def _packages() -> Iterator[None]:
    with packages():
        yield


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Where it listens, and the file of its authority."""
    authority = certificate(tmp_path, "authority")
    files = certificate(tmp_path, "storage", authority)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}", str(authority[0])
    server.shutdown()
    thread.join()
    server.server_close()


def objects(host: str, ca_file: str) -> Objects:
    return Objects(host, True, "record", "", "here", "id", "secret", ca_file)  # noqa: FBT003


def read_by_duckdb(where: Objects, way: str) -> bytes:
    with contextlib.closing(duckdb.connect()) as rows:
        rows.execute(f"LOAD '{extension_file('httpfs')}'")
        rows.execute(f"SET httpfs_client_implementation = '{way}'")
        rows.execute("SET http_retries = 0")
        reach(rows, where)
        ((found,),) = rows.execute("SELECT content FROM read_blob('s3://record/one')").fetchall()
    return bytes(found)


def test_what_a_private_authority_signed_is_taken_where_it_is_named(
    storage: tuple[str, str],
) -> None:
    named, unnamed = objects(*storage), objects(storage[0], "")

    assert S3Shelf(named).get("one") == DATA
    with pytest.raises(StoreError, match=r"(?i)certificate"):
        S3Shelf(unnamed).get("one")
    for way in ("default", "httplib"):
        assert read_by_duckdb(named, way) == DATA
        with pytest.raises(duckdb.IOException):
            read_by_duckdb(unnamed, way)
