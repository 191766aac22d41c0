"""A scrape of the recorder: what the vault holds, counted once, over its restarts."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from proxy.config.catalogue import Settings
from proxy.telemetry.traces.opening import trace_settings
from tests.journal.written import living
from tests.recorder.played import Scene, whole
from tests.recorder.served import ask, serving
from tests.telemetry.metrics.read import open_families, sums


async def scraped(folder: Path) -> dict[str, float]:
    """Sums over all series of each sample name."""
    connector = aiohttp.UnixConnector(str(folder / "run" / "recorder.sock"))
    headers = {"Accept": "application/openmetrics-text"}
    async with (
        aiohttp.ClientSession("http://recorder", connector=connector) as session,
        session.get("/metrics", headers=headers) as response,
    ):
        text = await response.text()
    return sums(open_families(text + "# EOF\n"))


async def counted(folder: Path, exchange_count: int) -> dict[str, float]:
    """A scrape that has them all: counting follows the vault a moment later."""
    while True:
        found = await scraped(folder)
        if found.get("ixp_exchanges_total") == exchange_count:
            return found
        await ask(folder / "run", "POST", "/flush")


async def test_every_exchange_in_the_vault_counts_once_over_restarts(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with asyncio.timeout(20):
            async with serving(scene):
                worker.commit(whole(worker.writer.begin()))
                worker.commit(whole(worker.writer.begin()))
                await counted(scene.folder, 2)
            async with serving(scene):
                worker.commit(whole(worker.writer.begin()))
                found = await counted(scene.folder, 3)

    assert found["ixp_interactions_total"] == 3
    assert found["ixp_steps_total"] == 3
    assert found["ixp_exchange_duration_seconds_count"] == 3


async def test_a_collector_that_is_away_is_seen_in_the_counts(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv(
        "OTEL_EXPORTER_OTLP_TIMEOUT", "0.5"
    )  # less than the wait before the second try
    away = trace_settings(Settings(), os.environ)
    found = replace(scene.settings(), traces=away)
    monkeypatch.setattr(Scene, "settings", lambda _: found)
    with living(scene.folder) as worker:
        async with asyncio.timeout(20), serving(scene) as recorder:
            worker.commit(whole(worker.writer.begin()))
            told = await counted(scene.folder, 1)

    assert told["ixp_traces_spans_exported_total"] == 0
    assert told["ixp_traces_exchanges_dropped_total"] == 0
    assert recorder.traces is not None
    assert recorder.traces.status().failed_spans == 3


async def test_the_recorder_tells_how_it_is(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with asyncio.timeout(20), serving(scene):
            worker.commit(whole(worker.writer.begin()))
            found = await counted(scene.folder, 1)

    assert found["ixp_build_info"] == 1
    assert found["ixp_audit_tables_up"] == 1
    assert found["ixp_audit_vault_bytes"] > 0
    assert found["ixp_audit_disk_free_bytes"] > 0
    assert found["ixp_audit_vault_commit_duration_seconds_count"] >= 1
