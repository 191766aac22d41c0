from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from proxy.recorder.keeping.routes import LabelRoutes
from proxy.recording.secrecy.equality import Equality
from proxy.recording.secrecy.labels import label_mac

INDEX = Equality(bytes(range(32)))


async def asked(body: Any) -> tuple[int, dict[str, Any]]:
    application = web.Application()
    LabelRoutes(INDEX).add_to(application)
    async with TestClient(TestServer(application)) as client:
        response = await client.post("/labels", data=json.dumps(body))
        return response.status, await response.json()


async def test_labels_are_told_by_what_they_are_found() -> None:
    status, told = await asked({"labels": ["team=care"]})

    assert (status, told) == (200, {"labels": {"team=care": label_mac(INDEX, "team=care")}})


@pytest.mark.parametrize("body", [None, {}, {"labels": "team=care"}, {"labels": [1]}])
async def test_anything_else_is_refused(body: Any) -> None:
    status, told = await asked(body)

    assert status == 400
    assert "give" in told["error"]
