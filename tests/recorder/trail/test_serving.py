"""The trail over HTTP: what the texts say, and nothing else of the folder."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from proxy.recorder.trail.serving import TrailPages
from tests.recorder.trail.trodden import Trodden


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("checkpoint", 200),
        ("checkpoints", 200),
        ("trail.vkey", 200),
        ("tile/0/000", 200),
        ("tile/0/001.p/49", 200),
        ("tile/1/000.p/1", 200),
        ("tile/entries/000", 200),
        ("tile/0/002", 404),
        ("position.json", 404),
        ("tile/0/../../../keys/trail.key", 404),
        ("..%2Fkeys%2Ftrail.key", 404),
        ("tile/64/000", 404),
    ],
)
async def test_tiles_and_checkpoints_are_served_and_nothing_else(
    path: str, status: int, trodden: Trodden
) -> None:
    trodden.record(301)
    trodden.follow()
    application = web.Application()
    TrailPages(trodden.trail).add_to(application)
    async with TestClient(TestServer(application)) as client:
        answer = await client.get(f"/trail/{path}")

        assert answer.status == status
        if status == 200:
            name = path if (trodden.trail / path).is_file() else ""
            assert await answer.read() == (trodden.trail / name).read_bytes()
            assert ("immutable" in answer.headers["Cache-Control"]) == path.startswith("tile/")
