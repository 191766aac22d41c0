from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from proxy.errors import StartRefused
from proxy.steward.credential import Credential
from proxy.steward.disposal.signing import Signer
from proxy.steward.offering.claim import Claim
from proxy.steward.server import StewardSettings, read_secrets, serve
from tests.steward.served import served
from tests.steward.still import StillClock

SCOPE = "c" * 16


async def test_a_steward_says_from_when_to_when_it_cares(tmp_path: Path) -> None:
    acts: list[Any] = []
    looked = asyncio.Event()

    async def recorder(request: web.Request) -> web.Response:
        if request.path == "/acts":
            acts.extend((await request.json())["acts"])
        if request.path == "/query":
            looked.set()
        return web.json_response({"columns": [], "rows": []})

    settings = StewardSettings(
        run_folder=tmp_path,
        credential=Credential("x-goog-api-key", "k", frozenset({SCOPE})),
        requests_per_s=1.0,
    )
    stop, ready = asyncio.Event(), asyncio.Event()
    async with (
        served(tmp_path / "recorder.sock", recorder),
        asyncio.timeout(20),
        asyncio.TaskGroup() as group,
    ):
        group.create_task(serve(settings, stop, ready.set, StillClock().clocks))
        await ready.wait()
        await looked.wait()
        stop.set()

    assert [act["data"] for act in acts] == [{"scope": [SCOPE]}, {"scope": []}]


async def test_a_steward_deletes_nothing_while_somebody_with_an_offered_key_does(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    offered = Claim(tmp_path, [SCOPE])
    assert offered.take()
    asked: list[str] = []
    waits, looks = asyncio.Event(), asyncio.Event()

    async def recorder(request: web.Request) -> web.Response:
        if request.path == "/query":
            name = (await request.json())["name"]
            asked.append(name)
            if name == "disposal_news":
                looks.set()
            waits.set()
        return web.json_response({"columns": [], "rows": []})

    settings = StewardSettings(
        run_folder=tmp_path,
        credential=Credential("x-goog-api-key", "k", frozenset({SCOPE})),
        requests_per_s=1.0,
        signer=Signer(bytes(32)),
    )
    stop, ready = asyncio.Event(), asyncio.Event()
    async with (
        served(tmp_path / "recorder.sock", recorder),
        asyncio.timeout(20),
        asyncio.TaskGroup() as group,
    ):
        group.create_task(serve(settings, stop, ready.set, StillClock().clocks))
        await waits.wait()  # its other work goes on
        assert "disposal_news" not in asked
        offered.close()
        await looks.wait()
        stop.set()

    assert "`dispose --key-from-stdin` is at work for a client of ours" in caplog.text


async def test_a_steward_starts_and_ends_without_anybody_there(tmp_path: Path) -> None:
    settings = StewardSettings(run_folder=tmp_path, credential=None, requests_per_s=1.0)
    stop = asyncio.Event()

    async with asyncio.timeout(20):
        await serve(settings, stop, stop.set, StillClock().clocks)


def test_the_file_of_secrets_is_read_or_refuses_the_start(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text("whsec_c2VjcmV0\n")
    odd = tmp_path / "odd"
    odd.write_text("whsec_%%%")

    assert read_secrets(file) == (b"secret",)
    assert read_secrets(None) == ()
    with pytest.raises(StartRefused, match="cannot read"):
        read_secrets(tmp_path / "none")
    with pytest.raises(StartRefused, match="line 1"):
        read_secrets(odd)
