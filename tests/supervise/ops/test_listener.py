"""The small server: three paths, anything else refused, nobody can hold it up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.config.catalogue import Settings
from proxy.errors import StartRefused
from proxy.supervise.ops import listener as listener_module
from proxy.supervise.ops.listener import served_ops
from tests.supervise.ops.asked import get
from tests.telemetry.metrics.read import classic_families, open_families


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[str]:
    (folder / "run").mkdir(exist_ok=True)
    settings = Settings(data_folder=folder, ops_port=0)
    async with asyncio.timeout(20), served_ops(settings, {}, lambda: False) as url:
        assert url is not None
        yield url


async def test_metrics_come_in_the_form_that_was_asked_for(tmp_path: Path) -> None:
    async with serving(tmp_path) as url:
        status, head, classic = await get(url, "/metrics")
        _, open_head, opened = await get(
            url, "/metrics", accept="application/openmetrics-text;version=1.0.0"
        )

    assert status == 200
    assert "Content-Type: text/plain; version=0.0.4" in head
    assert classic_families(classic)
    assert "Content-Type: application/openmetrics-text" in open_head
    assert open_families(opened)


async def test_probes_answer_with_a_reason(tmp_path: Path) -> None:
    async with serving(tmp_path) as url:
        assert (await get(url, "/livez"))[::2] == (200, "alive\n")
        assert (await get(url, "/readyz?verbose"))[::2] == (503, "no gateway worker lives\n")
        assert (await get(url, "/"))[0] == 404


async def test_where_it_listens_is_left_for_those_who_look(tmp_path: Path) -> None:
    async with serving(tmp_path) as url:
        assert json.loads((tmp_path / "run" / "ops.json").read_text("utf-8")) == {"url": url}


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"POST /metrics HTTP/1.1\r\n\r\n", 405),
        (b"DELETE /livez HTTP/1.1\r\n\r\n", 405),
        (b"\x16\x03\x01\x00\r\n\r\n", 0),
        (b"GET /metrics\r\n\r\n", 0),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", 0),
    ],
    ids=["post", "delete", "tls", "http/0.9", "long"],
)
async def test_what_is_no_get_is_refused_or_closed(tmp_path: Path, raw: bytes, status: int) -> None:
    async with serving(tmp_path) as url:
        try:
            found = (await get(url, "", raw=raw))[0]
        except ConnectionError:
            found = 0
        assert found == status
        assert (await get(url, "/livez"))[0] == 200


async def test_head_has_no_body(tmp_path: Path) -> None:
    async with serving(tmp_path) as url:
        status, _, body = await get(url, "", raw=b"HEAD /livez HTTP/1.1\r\n\r\n")

    assert (status, body) == (200, "")


async def test_who_says_nothing_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "REQUEST_S", 0.05)
    async with serving(tmp_path) as url:
        assert (await get(url, "", raw=b""))[0] == 0


async def test_more_connections_than_there_are_places_are_closed_unanswered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_module, "CONNECTIONS_MAX", 0)
    async with serving(tmp_path) as url:
        try:
            assert (await get(url, "/livez"))[0] == 0
        except ConnectionError:
            return  # closed before the request was read


async def test_off_is_nowhere(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path, ops_address="off")

    async with served_ops(settings, {}, lambda: False) as url:
        assert url is None


async def test_a_port_that_is_taken_is_refused_with_the_setting_to_change(tmp_path: Path) -> None:
    async with serving(tmp_path) as url:
        taken = Settings(data_folder=tmp_path, ops_port=int(url.rpartition(":")[2]))

        with pytest.raises(StartRefused, match=r"ops\.port"):
            async with served_ops(taken, {}, lambda: False):
                raise AssertionError("it must not come here")
