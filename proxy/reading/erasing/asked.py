"""What only a running recorder may do: it alone destroys keys and tells acts."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

from proxy.errors import StoreError
from proxy.reading.watching.calling import RecorderConnection


class NoRecorder(StoreError):
    """None runs on this data folder."""


def asked(data_folder: Path, path: str, told: dict[str, Any]) -> dict[str, Any]:
    """The recorder's answer to POST `path`.

    Raises:
        NoRecorder: none runs.
        StoreError: it refuses, and says why, or does not answer.
    """
    address = data_folder / "run" / "recorder.sock"
    connection = RecorderConnection(address)
    body = json.dumps(told)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        found = json.loads(answer.read())
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NoRecorder(
            f"no recorder runs on {data_folder}: start `interactions-proxy serve`, it does this"
        ) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise StoreError(f"the recorder at {address} does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status != http.client.OK or not isinstance(found, dict):
        reason = found.get("error") if isinstance(found, dict) else None
        raise StoreError(f"refused: {reason or f'status {answer.status}'}")
    return found
