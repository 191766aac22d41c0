from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

from proxy.steward.asking import AGENT, Cut, Neighbours, NotAnswered, Told
from tests.steward.served import served


async def test_a_query_comes_back_as_rows_by_column(tmp_path: Path) -> None:
    asked: list[object] = []

    async def recorder(request: web.Request) -> web.Response:
        asked.append((request.path, await request.json()))
        return web.json_response({"columns": ["a", "b"], "rows": [[1, None]], "is_cut": False})

    async with served(tmp_path / "recorder.sock", recorder), Neighbours(tmp_path) as neighbours:
        rows = await neighbours.recorder.query("some", x=3)

    assert rows == [{"a": 1, "b": None}]
    assert asked == [("/query", {"name": "some", "parameters": {"x": 3}})]


async def test_acts_and_flushes_are_posted(tmp_path: Path) -> None:
    asked: list[object] = []

    async def recorder(request: web.Request) -> web.Response:
        asked.append((request.path, await request.json()))
        return web.json_response({})

    async with served(tmp_path / "recorder.sock", recorder), Neighbours(tmp_path) as neighbours:
        await neighbours.recorder.tell([{"kind": "hold"}])
        await neighbours.recorder.flush()

    assert asked == [("/acts", {"acts": [{"kind": "hold"}]}), ("/flush", {})]


@pytest.mark.parametrize(("status", "body"), [(504, "{}"), (200, "no json"), (200, "[]")])
async def test_a_recorder_that_cannot_say_is_asked_again_later(
    tmp_path: Path, status: int, body: str
) -> None:
    async def recorder(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    async with served(tmp_path / "recorder.sock", recorder), Neighbours(tmp_path) as neighbours:
        with pytest.raises(NotAnswered):
            await neighbours.recorder.flush()


async def test_a_target_reaches_the_gateway_as_it_is_with_what_it_shall_carry(
    tmp_path: Path,
) -> None:
    seen: list[web.Request] = []

    async def gateway(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(status=429, headers={"Retry-After": "7"}, body=b"x" * 100)

    async with served(tmp_path / "steward.sock", gateway), Neighbours(tmp_path) as neighbours:
        told = await neighbours.gateway.get("/v1/interactions/a%2Fb~", {"x-goog-api-key": "k"})
        some = await neighbours.gateway.get("/x", {}, body_bytes_max=10)

    assert (told, some) == (Told(429, 7), Told(429, 7, b"x" * 10))
    assert seen[0].raw_path == "/v1/interactions/a%2Fb~"
    assert (seen[0].headers["User-Agent"], seen[0].headers["x-goog-api-key"]) == (AGENT, "k")


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    async def gateway(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://elsewhere/"})

    async with served(tmp_path / "steward.sock", gateway), Neighbours(tmp_path) as neighbours:
        assert (await neighbours.gateway.get("/x", {})).status == 302


async def test_nobody_there_is_said(tmp_path: Path) -> None:
    async with Neighbours(tmp_path) as neighbours:
        with pytest.raises(NotAnswered, match="the gateway does not answer"):
            await neighbours.gateway.get("/x", {})
        with pytest.raises(NotAnswered, match="the recorder does not answer"):
            await neighbours.recorder.flush()


async def test_an_answer_that_was_cut_is_no_whole_one(tmp_path: Path) -> None:
    async def recorder(_request: web.Request) -> web.Response:
        return web.json_response({"columns": ["a"], "rows": [[1]], "is_cut": True})

    async with served(tmp_path / "recorder.sock", recorder), Neighbours(tmp_path) as neighbours:
        assert await neighbours.recorder.query("some") == [{"a": 1}]
        with pytest.raises(Cut):
            await neighbours.recorder.whole("some")
