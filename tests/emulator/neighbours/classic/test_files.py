"""Files by Google's own SDK: uploaded in pieces, listed, fetched, gone after two days."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from google.genai import errors

from proxy.emulator.neighbours.classic.files import LIFE_S, identity_of
from tests.emulator.conftest import Running
from tests.emulator.neighbours.test_uploads import started, step
from tests.emulator.neighbours.visits import Caller


def uploaded(call: Caller, content: bytes, mime_type: str = "text/plain") -> Any:
    """The file as the last step of its upload shows it."""
    headers = {
        "X-Goog-Upload-Command": "start",
        "X-Goog-Upload-Header-Content-Type": mime_type,
    }
    reply = call.reply("POST", "/upload/v1/files", {}, headers)
    session = reply.headers["X-Goog-Upload-URL"].removeprefix("http://here")
    return call("POST", session, content, step("upload, finalize", 0))["file"]


async def test_a_file_is_uploaded_in_two_pieces_listed_fetched_and_deleted(
    sdk: Any, emulator: Running
) -> None:
    data = bytes(range(256)) * 40_000  # 10 MB: the SDK sends pieces of 8 MiB

    made = await sdk.files.upload(
        file=io.BytesIO(data), config={"mime_type": "text/plain", "display_name": "Notes"}
    )
    listed = [file.name async for file in await sdk.files.list()]
    fetched = await sdk.files.download(file=made.name)
    await sdk.files.delete(name=made.name)

    assert (made.size_bytes, made.display_name, made.source.name) == (
        len(data),
        "Notes",
        "UPLOADED",
    )
    assert made.sha256_hash == hashlib.sha256(data).hexdigest()
    assert fetched == data
    assert listed == [made.name]
    with pytest.raises(errors.ClientError):
        await sdk.files.get(name=made.name)
    uploads = [line for line in emulator.ledger.lines if line.get("operation") == "files.upload"]
    assert [line["status"] for line in uploads] == [200] * 3


async def test_a_file_on_disk_and_a_name_of_ones_own(sdk: Any, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")

    made = await sdk.files.upload(file=path, config={"name": "my-notes"})

    assert (made.name, made.mime_type) == ("files/my-notes", "text/plain")
    with pytest.raises(errors.ClientError, match="already exists"):
        await sdk.files.upload(file=path, config={"name": "my-notes"})


async def test_files_are_listed_over_pages(sdk: Any) -> None:
    made = [
        (await sdk.files.upload(file=io.BytesIO(b"x"), config={"mime_type": "text/plain"})).name
        for _ in range(5)
    ]

    assert [file.name async for file in await sdk.files.list(config={"page_size": 2})] == made


def test_a_file_expires_after_two_days(call: Caller) -> None:
    file = uploaded(call, b"x")
    call.now_s += LIFE_S - 1
    assert call("GET", f"/v1/{file['name']}")["expirationTime"] == "2026-11-27T10:00:00Z"
    call.now_s += 1

    assert call.refused("GET", f"/v1/{file['name']}").status == 404
    assert call.refused("GET", f"/v1/{file['name']}:download?alt=media").status == 404
    assert call("GET", "/v1/files") == {}


async def test_moving_the_emulators_clock_lets_a_file_expire(sdk: Any, emulator: Running) -> None:
    made = await sdk.files.upload(file=io.BytesIO(b"x"), config={"mime_type": "text/plain"})
    later = {"advance_s": LIFE_S}
    async with emulator.http.post(f"{emulator.url}/emulator/clock", json=later) as answer:
        assert answer.status == 200

    with pytest.raises(errors.ClientError):
        await sdk.files.get(name=made.name)
    assert [file async for file in await sdk.files.list()] == []


def test_a_video_is_processed_until_it_is_asked_for(call: Caller) -> None:
    file = uploaded(call, b"x", "video/mp4")
    states = [call("GET", f"/v1/{file['name']}")["state"] for _ in range(2)]

    assert [file["state"], *states] == ["PROCESSING", "PROCESSING", "ACTIVE"]


def test_what_is_fetched_has_its_own_type(call: Caller) -> None:
    file = uploaded(call, b"x", "image/png")

    reply = call.reply("GET", f"/v1/{file['name']}:download?alt=media")

    assert (reply.body, reply.content_type) == (b"x", "image/png")


def test_javascript_says_its_sizes_and_types_in_camel_case(call: Caller) -> None:
    body = {"file": {"sizeBytes": "5", "mimeType": "text/csv", "displayName": "Rows"}}
    reply = call.reply("POST", "/upload/v1/files", body, {"X-Goog-Upload-Command": "start"})
    session = reply.headers["X-Goog-Upload-URL"].removeprefix("http://here")

    last = call.reply("POST", session, b"a,b,c", step("upload, finalize", 0))

    file = orjson.loads(last.body)["file"]
    assert (file["mimeType"], file["displayName"]) == ("text/csv", "Rows")


def test_an_empty_file_is_a_file(call: Caller) -> None:
    last = call("POST", started(call), b"", step("upload, finalize", 0))

    assert call.reply("GET", f"/v1/{last['file']['name']}:download?alt=media").body == b""


@pytest.mark.parametrize(
    "name",
    ["abc", "files/abc", "https://x/v1beta/files/abc", "https://x/files/abc:download?alt=media"],
)
def test_a_file_is_known_by_each_of_its_names(name: str) -> None:
    assert identity_of(name) == "abc"
