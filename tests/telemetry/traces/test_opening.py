from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest

from proxy.config.catalogue import Settings
from proxy.store.position import CommittedFacts, FactBatch, VaultPosition
from proxy.store.queries import TablesReader
from proxy.store.vault.reader import VaultReader
from proxy.telemetry.traces.opening import Sources, open_follower, trace_settings
from tests.telemetry.traces.mapping.trees import create
from tests.telemetry.traces.receiver import http_receiver

CHOSEN = Settings(
    upstream_url="https://generativelanguage.googleapis.com",
    traces_client_tools="on",
    traces_unchanged_polls=7,
)


def not_asked() -> VaultReader:
    raise AssertionError("nothing to catch up")


def no_tables() -> Future[TablesReader]:
    raise AssertionError("nothing to look up")


def test_without_an_endpoint_there_is_nothing_to_open() -> None:
    assert trace_settings(CHOSEN, {}) is None


def test_whoever_sends_no_spans_loads_nothing_that_would() -> None:
    code = "import sys, proxy.recorder.__main__; print([m for m in sys.modules if 'opentel' in m])"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert told.stdout == "[]\n"


def test_settings_and_environment_come_together() -> None:
    found = trace_settings(CHOSEN, {"OTEL_TRACES_EXPORTER": "console"})

    assert found is not None
    assert (found.has_client_tools, found.one_unchanged_poll_in) == (True, 7)
    assert found.options.protocol == "console"


def test_what_is_opened_sends_what_it_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with http_receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        found = trace_settings(CHOSEN, os.environ)
        assert found is not None
        sources = Sources(not_asked, no_tables, lambda: 0, lambda: 0)
        spans = open_follower(found, sources, tmp_path, VaultPosition("", 0))
        committed = CommittedFacts(create(), None, (), "r")
        spans.start()
        spans.offer(FactBatch((committed,), (), (), VaultPosition("20261120-000001", 1)))
        spans.stop()

    assert [span.kind for span in receiver.spans] == ["SERVER", "CLIENT", "CLIENT"]
    assert (tmp_path / "spans.json").exists()
