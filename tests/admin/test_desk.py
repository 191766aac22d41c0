from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web

from proxy.admin.desk import WAITING_MAX, Busy, Desk, wanted_form


def request(query: dict[str, str], accept: str = "") -> web.Request:
    return cast("web.Request", SimpleNamespace(query=query, headers={"Accept": accept}))


async def test_beyond_so_many_that_wait_nobody_else_may() -> None:
    nothing = cast("Any", None)
    release = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        desk = Desk(nothing, nothing, pool)
        desk._waiting = WAITING_MAX

        with pytest.raises(Busy):
            await desk.in_thread(release.set)

        desk._waiting = 0
        await desk.in_thread(release.set)
    assert release.is_set()
    assert desk._waiting == 0


def test_the_form_is_said_in_the_address_or_by_accept() -> None:
    assert wanted_form(request({"format": "csv"}, "application/json")) == "csv"
    assert wanted_form(request({}, "application/vnd.apache.parquet")) == "parquet"
    assert wanted_form(request({})) == "json"
    with pytest.raises(web.HTTPNotAcceptable):
        wanted_form(request({}, "image/png"))
