"""What the SDKs call beside interactions goes through the proxy as it would go to Google: also Live, also PUT."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import aiohttp
import orjson
import pytest
from google import genai

from tests.end_to_end.stage import Stage

LIVE = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
EXPERIMENTAL = "ignore:.* experimental"


@pytest.mark.parametrize("start", ["", "/"], ids=["python", "javascript"])
def test_a_live_session_is_held_through_the_proxy(stage: Stage, start: str) -> None:
    async def talk() -> list[Any]:
        url = f"{stage.proxy.url}{start}{LIVE}?key=live-key"
        async with aiohttp.ClientSession() as http, http.ws_connect(url, compress=15) as socket:
            await socket.send_json({"setup": {"model": "models/gemini-3.1-flash-live-preview"}})
            await socket.send_json({"realtimeInput": {"text": "Hello?" * 1_000}})
            return [orjson.loads(await socket.receive_bytes()) for _ in range(2)]

    ready, said = asyncio.run(asyncio.wait_for(talk(), 60))

    assert ready == {"setupComplete": {}}
    assert said["serverContent"]["modelTurn"]["parts"] == [{"text": "Hello?" * 1_000}]
    stage.proxy.flush()
    assert stage.proxy.rows("SELECT count(*) FROM exchanges WHERE status = 101") == [(1,)]


@pytest.mark.filterwarnings(EXPERIMENTAL)
def test_files_of_environments_and_stores_travel_through_the_proxy(stage: Stage) -> None:
    client: Any = genai.Client(api_key="files-key", http_options={"base_url": stage.proxy.url})
    environment = client.environments.create()
    client.environments.files.upload(environment=environment.id, path="a/b.bin", file=b"\x00\xff")
    content = client.environments.files.download(environment=environment.id, path="a/b.bin")
    store = client.file_search_stores.create()
    client.file_search_stores.upload_to_file_search_store(
        file_search_store_name=store.name,
        file=io.BytesIO(b"paper"),
        config={"mime_type": "text/plain"},
    )
    documents = list(client.file_search_stores.documents.list(parent=store.name))
    client.close()

    assert content == b"\x00\xff"
    assert [document.size_bytes for document in documents] == [5]
    stage.proxy.flush()
    answered = stage.emulator.ledger("answered")
    assert [line["status"] for line in answered] == [200] * len(answered)
    count = stage.proxy.rows("SELECT count(*) FROM exchanges WHERE outcome = 'complete'")
    assert count == [(len(answered),)]
