"""An S3 server on loopback: SeaweedFS, as its package brings it (`make .venvs/weed/.installed`)."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.end_to_end.programs import look_until
from tests.outside.telemetry.programs import free_port

WEED: Final = Path(__file__).parents[3] / ".venvs" / "weed" / "bin" / "weed"
BUCKET: Final = "exports"
KEY_ID: Final = "export-key"
SECRET: Final = "export-secret-0123456789"


@contextmanager
def storage(folder: Path) -> Iterator[dict[str, str]]:
    """The environment with which its one bucket is reached; the server ends with the context."""
    assert WEED.exists(), "no S3 server: run `make .venvs/weed/.installed`"
    folder.mkdir(parents=True)
    names = ("master", "volume", "filer", "s3")
    ports = {name: free_port() for name in names}
    who = {"name": "export", "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}]}
    may = {"identities": [{**who, "actions": ["Admin", "Read", "Write", "List"]}]}
    (folder / "s3.json").write_text(json.dumps(may))
    with (folder / "s3.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(str(WEED), "server", "-s3", f"-s3.config={folder / 's3.json'}"),
                *(f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
                *("-master.volumeSizeLimitMB=64", "-volume.max=20"),
                *(f"-{name}.port={ports[name]}" for name in names),
                *(f"-{name}.port.grpc={free_port()}" for name in names),
                *("-s3.port.iceberg=0", "-s3.port.lance=0"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        look_until(lambda: _has_bucket(ports["filer"], ports["s3"], process), "the S3 server")
        yield {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT": f"http://127.0.0.1:{ports['s3']}",
            "AWS_ALLOW_HTTP": "true",
        }
    except AssertionError:
        print((folder / "s3.log").read_text("utf-8", "replace")[-3000:])
        raise
    finally:
        process.kill()
        process.wait(timeout=60)


def _has_bucket(filer: int, s3: int, server: subprocess.Popen[bytes]) -> bool | None:
    """A folder of the filer is a bucket; a file in it says that there is room. None: not ready."""
    assert server.poll() is None, "the S3 server ended"
    url = f"http://127.0.0.1:{filer}/buckets/{BUCKET}"
    try:
        for name, data in (("/", b""), ("/ready", b"ready")):
            request = urllib.request.Request(f"{url}{name}", data=data, method="PUT")
            with urllib.request.urlopen(request, timeout=5):
                pass
        with urllib.request.urlopen(f"http://127.0.0.1:{s3}/status", timeout=5):
            pass
    except urllib.error.HTTPError as error:
        return True if error.url and f":{s3}/" in error.url else None
    except OSError:
        return None
    return True
