"""Environments by Google's own SDK: sources, files, uploads."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai._interactions import APIStatusError

from tests.emulator.neighbours.resources.test_workspace import zip_of
from tests.emulator.neighbours.visits import Caller

SOURCE = {"type": "inline", "target": "dir/a.txt", "content": "A secret."}


async def test_an_environment_is_made_from_sources(sdk: Any) -> None:
    made = await sdk.environments.create(sources=[SOURCE], network="disabled")
    copy = await sdk.environments.create(from_environment=made.id)
    listed = await sdk.environments.list()
    await sdk.environments.delete(id=made.id)

    assert (made.status, made.file_count, made.size_bytes) == ("active", 1, 9)
    assert (made.network, made.sources[0].target) == ("disabled", "dir/a.txt")
    assert (copy.file_count, copy.network) == (1, "disabled")
    assert [each.id for each in listed.environments] == [made.id, copy.id]
    with pytest.raises(APIStatusError):
        await sdk.environments.get(id=made.id)


async def test_files_are_listed_and_fetched(sdk: Any) -> None:
    identity = (await sdk.environments.create(sources=[SOURCE])).id

    listed = await sdk.environments.files.list(environment=identity, path="dir")
    content = await sdk.environments.files.download(environment=identity, path="dir/a.txt")

    assert [(file.path, file.type, file.size_bytes) for file in listed.files] == [
        ("dir/a.txt", "file", 9)
    ]
    assert content == b"A secret."


async def test_files_are_uploaded_whole_and_as_archives(sdk: Any) -> None:
    identity = (await sdk.environments.create()).id
    files = sdk.environments.files

    whole = await files.upload(
        environment=identity, path="a.txt", file=b"hello", mime_type="text/plain"
    )
    archive = zip_of({"x.txt": b"1", "y.txt": b"2"})
    unpacked = await files.upload(
        environment=identity, path="in/all.zip", file=archive, extract=True
    )

    assert (whole.files[0].path, whole.files[0].mime_type) == ("a.txt", "text/plain")
    assert [file.path for file in unpacked.files] == ["in/x.txt", "in/y.txt"]
    assert await files.download(environment=identity, path="in/y.txt") == b"2"


async def test_an_upload_that_shall_not_overwrite_does_not(sdk: Any) -> None:
    identity = (await sdk.environments.create(sources=[SOURCE])).id

    with pytest.raises(Exception, match="already exists"):
        await sdk.environments.files.upload(
            environment=identity, path="dir/a.txt", file=b"x", overwrite=False
        )


def test_what_sources_hold_is_not_answered(call: Caller) -> None:
    rule = {"domain": "example.com", "transform": {"X-Key": "hush"}}
    body = {"sources": [SOURCE], "network": {"allowlist": [rule]}}

    made = call("POST", "/v1/environments", body)

    assert "secret" not in str(made)
    assert made["network"] == {"allowlist": [{"domain": "example.com"}]}


def test_listings_have_pages(call: Caller) -> None:
    sources = [SOURCE | {"target": f"{name}.txt"} for name in "abc"]
    path = f"/v1/environments/{call('POST', '/v1/environments', {'sources': sources})['id']}/files"

    first = call("GET", f"{path}?page_size=2")
    rest = call("GET", f"{path}?page_size=2&page_token={first['next_page_token']}")

    assert [file["name"] for file in first["files"]] == ["a.txt", "b.txt"]
    assert [file["name"] for file in rest["files"]] == ["c.txt"]
    assert "next_page_token" not in rest


@pytest.mark.parametrize("query", ["", "?alt=media"])
def test_a_file_that_is_not_there_is_not_found(call: Caller, query: str) -> None:
    identity = call("POST", "/v1/environments", {})["id"]

    assert call.refused("GET", f"/v1/environments/{identity}/files/no{query}").status == 404


def test_a_source_that_is_not_base64_is_refused(call: Caller) -> None:
    source = SOURCE | {"encoding": "base64", "content": "!"}

    assert call.refused("POST", "/v1/environments", {"sources": [source]}).status == 400
