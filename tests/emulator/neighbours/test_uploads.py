"""The resumable protocol: every step is answered as the SDKs need it, and wrong steps change nothing."""

from __future__ import annotations

from urllib.parse import urlsplit

import orjson
import pytest

from proxy.emulator.neighbours.uploads import SESSIONS_MAX
from proxy.emulator.neighbours.visit import Reply
from tests.emulator.conftest import Running
from tests.emulator.neighbours.visits import Caller

START = {"X-Goog-Upload-Command": "start", "X-Goog-Upload-Header-Content-Type": "text/plain"}


def started(call: Caller, target: str = "/upload/v1/files", size: int | None = None) -> str:
    """The session's own path and query."""
    headers = START | ({"X-Goog-Upload-Header-Content-Length": str(size)} if size else {})
    reply = call.reply("POST", target, {"file": {}}, headers)
    assert reply.headers["X-Goog-Upload-Status"] == "active"
    address = urlsplit(reply.headers["X-Goog-Upload-URL"])
    assert address.netloc == "here"
    return f"{address.path}?{address.query}"


def step(command: str, offset: int | None = None) -> dict[str, str]:
    headers = {"X-Goog-Upload-Command": command}
    return headers | ({"X-Goog-Upload-Offset": str(offset)} if offset is not None else {})


def status(reply: Reply) -> tuple[str, str | None]:
    headers = reply.headers
    return headers["X-Goog-Upload-Status"], headers.get("X-Goog-Upload-Size-Received")


def test_pieces_are_counted_and_the_last_brings_the_file(call: Caller) -> None:
    session = started(call, size=11)

    first = call.reply("POST", session, b"hello ", step("upload", 0))
    asked = call.reply("POST", session, b"", step("query"))
    last = call.reply("POST", session, b"world", step("upload, finalize", 6))

    assert status(first) == status(asked) == ("active", "6")
    assert status(last) == ("final", "11")
    file = orjson.loads(last.body)["file"]
    assert file["sizeBytes"] == "11"
    assert call.reply("GET", f"/v1/{file['name']}:download?alt=media").body == b"hello world"


def test_finishing_may_come_without_bytes(call: Caller) -> None:
    session = started(call)
    call.reply("POST", session, b"hello", step("upload", 0))

    assert status(call.reply("POST", session, b"", step("finalize"))) == ("final", "5")


def test_a_piece_at_the_wrong_place_is_refused_and_the_right_one_still_fits(call: Caller) -> None:
    session = started(call)
    call.reply("POST", session, b"hello", step("upload", 0))

    assert call.refused("POST", session, b"hello", step("upload", 0)).status == 400
    assert status(call.reply("POST", session, b"!", step("upload", 5))) == ("active", "6")


def test_fewer_bytes_than_declared_do_not_finish(call: Caller) -> None:
    session = started(call, size=10)

    refusal = call.refused("POST", session, b"hello", step("upload, finalize", 0))

    assert refusal.message == "Expected 10 bytes, received 5."


def test_what_is_given_up_or_finished_is_no_session(call: Caller) -> None:
    session = started(call)
    assert status(call.reply("POST", session, b"", step("cancel"))) == ("cancelled", None)

    assert call.refused("POST", session, b"", step("query")).status == 404


def test_uploads_to_what_is_not_there_do_not_start(call: Caller) -> None:
    for method, target in (
        ("POST", "/upload/v1/fileSearchStores/none:uploadToFileSearchStore"),
        ("PUT", "/upload/v1/environments/none/files/a.txt"),
    ):
        assert call.refused(method, target, {}, START).status == 404


def test_the_oldest_session_gives_way(call: Caller) -> None:
    oldest = started(call)
    for _ in range(SESSIONS_MAX):
        started(call)

    assert call.refused("POST", oldest, b"", step("query")).status == 404


@pytest.mark.parametrize(
    ("query", "expected"), [("?upload_id=made-up", 404), ("", 401)], ids=["session", "start"]
)
async def test_a_session_needs_no_credential_but_a_start_does(
    emulator: Running, query: str, expected: int
) -> None:
    headers = step("upload, finalize", 0) | {"x-goog-api-key": ""}
    url = f"{emulator.url}/upload/v1/files{query}"
    async with emulator.http.post(url, data=b"x", headers=headers) as answer:
        assert answer.status == expected


async def test_the_address_of_a_session_stands_in_no_ledger(emulator: Running) -> None:
    url = f"{emulator.url}/upload/v1/files"
    async with emulator.http.post(url, json={}, headers=START) as answer:
        address = answer.headers["X-Goog-Upload-URL"]
    async with emulator.http.post(address, data=b"x", headers=step("upload, finalize", 0)):
        pass

    secret = address.partition("upload_id=")[2].partition("&")[0]
    assert secret not in orjson.dumps(emulator.ledger.lines).decode()
