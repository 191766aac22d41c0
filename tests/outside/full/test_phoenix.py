"""Arize Phoenix, a trace UI that others made, reads our spans as calls of models, agents and tools.

Its gRPC port listens on all interfaces, so `make full` runs this in a network of its own.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.end_to_end.programs import ROOT, look_until
from tests.end_to_end.stage import Stage
from tests.end_to_end.test_traces import AGENT, MODEL, TREES, Caller, play_all

PHOENIX: Final = ROOT / ".venvs" / "phoenix" / "bin" / "phoenix"
START_LOOKS_MAX: Final = 1200
LOOK_EACH_S: Final = 0.25
SPANS_MAX: Final = 1000
Json = dict[str, Any]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def answer(url: str) -> bytes | None:
    """None while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return bytes(response.read())
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def wait_for(url: str) -> None:
    """Phoenix imports a minute long on a busy machine."""
    for _ in range(START_LOOKS_MAX):
        if answer(url) is not None:
            return
        threading.Event().wait(LOOK_EACH_S)
    raise AssertionError(f"{url} did not answer in {START_LOOKS_MAX * LOOK_EACH_S:g} s")


@contextmanager
def phoenix(folder: Path) -> Iterator[str]:
    assert PHOENIX.exists(), "make: run 'make full', which installs Phoenix into .venvs/phoenix"
    port = free_port()
    said = {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(free_port()),
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }
    with (folder / "phoenix.log").open("wb") as log:
        program = subprocess.Popen(
            [PHOENIX, "serve"], env=os.environ | said, stdout=log, stderr=log, cwd=folder
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
    finally:
        program.terminate()
        program.wait(60)


def spans_of(url: str, count: int) -> list[Json]:
    """All spans, once there are so many: Phoenix takes them in after it answered."""

    def look() -> list[Json] | None:
        body = answer(f"{url}/v1/projects/default/spans?limit={SPANS_MAX}")
        found = json.loads(body)["data"] if body else []
        return found if len(found) >= count else None

    return look_until(look, f"{count} spans")


def test_phoenix_shows_models_agents_and_tools(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with phoenix(tmp_path_factory.mktemp("phoenix")) as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        stage = Stage.set_up(
            tmp_path_factory.mktemp("stage"),
            *("--background-polls", "3"),
            traces__client_tools="on",
            traces__unchanged_polls=1,
        )
        try:
            play_all(Caller(stage))
            stage.proxy.flush()
        finally:
            print(stage.logs())
            stage.stop()

        found = spans_of(url, sum(map(len, TREES.values())))
        kinds = Counter((span["span_kind"], span["name"]) for span in found)

    assert kinds["LLM", f"generate_content {MODEL}"] == 11
    assert kinds["AGENT", f"invoke_agent {AGENT}"] == 1
    assert kinds["TOOL", "execute_tool google_search"] == 1
    assert kinds["TOOL", "execute_tool get_weather"] == 1
    assert not {name for kind, name in kinds if kind == "UNKNOWN"} & {
        f"generate_content {MODEL}",
        f"invoke_agent {AGENT}",
    }
