"""File search stores by Google's own SDK: documents imported and uploaded, listed and deleted."""

from __future__ import annotations

import io
from typing import Any

import pytest
from google.genai import errors

from tests.emulator.neighbours.visits import Caller


async def done(sdk: Any, operation: Any) -> Any:
    """The operation once it is done; it takes two questions."""
    first = await sdk.operations.get(operation)
    assert not first.done
    return await sdk.operations.get(first)


async def test_documents_are_imported_and_uploaded(sdk: Any) -> None:
    stores = sdk.file_search_stores
    store = await stores.create(config={"display_name": "My Papers"})
    file = await sdk.files.upload(file=io.BytesIO(b"hello"), config={"mime_type": "text/plain"})

    imported = await done(
        sdk, await stores.import_file(file_search_store_name=store.name, file_name=file.name)
    )
    uploaded = await done(
        sdk,
        await stores.upload_to_file_search_store(
            file_search_store_name=store.name,
            file=io.BytesIO(b"paper"),
            config={"mime_type": "text/plain", "display_name": "Paper"},
        ),
    )
    documents = [each async for each in await stores.documents.list(parent=store.name)]
    filled = await stores.get(name=store.name)

    assert store.name.startswith("fileSearchStores/my-papers-")
    assert [imported.response.parent, uploaded.response.parent] == [store.name] * 2
    assert [each.state.name for each in documents] == ["STATE_ACTIVE"] * 2
    assert [each.display_name for each in documents] == [file.name, "Paper"]
    assert (filled.active_documents_count, filled.size_bytes) == (2, 10)
    assert [each.name async for each in await stores.list()] == [store.name]


async def test_a_store_that_is_not_empty_is_deleted_by_force_only(sdk: Any) -> None:
    stores = sdk.file_search_stores
    store = await stores.create()
    await stores.upload_to_file_search_store(
        file_search_store_name=store.name,
        file=io.BytesIO(b"paper"),
        config={"mime_type": "text/plain"},
    )

    with pytest.raises(errors.ClientError, match="non-empty"):
        await stores.delete(name=store.name)
    await stores.delete(name=store.name, config={"force": True})
    with pytest.raises(errors.ClientError):
        await stores.get(name=store.name)


async def test_documents_are_found_and_deleted(sdk: Any) -> None:
    stores = sdk.file_search_stores
    store = await stores.create()
    await stores.upload_to_file_search_store(
        file_search_store_name=store.name,
        file=io.BytesIO(b"paper"),
        config={"mime_type": "text/plain"},
    )
    (document,) = [each async for each in await stores.documents.list(parent=store.name)]

    assert (await stores.documents.get(name=document.name)).size_bytes == 5
    await stores.documents.delete(name=document.name)
    assert [each async for each in await stores.documents.list(parent=store.name)] == []
    await stores.delete(name=store.name)


def test_a_file_that_is_not_there_is_not_imported(call: Caller) -> None:
    path = f"/v1/{call('POST', '/v1/fileSearchStores', {})['name']}"

    assert call.refused("POST", f"{path}:importFile", {"fileName": "files/none"}).status == 404
    assert call.refused("POST", f"{path}:importFile", {}).status == 400


def test_an_unknown_document_or_operation_is_not_found(call: Caller) -> None:
    path = f"/v1/{call('POST', '/v1/fileSearchStores', {})['name']}"

    assert call.refused("GET", f"{path}/documents/none").status == 404
    assert call.refused("GET", f"{path}/operations/none").status == 404
    assert call.refused("GET", "/v1/fileSearchStores/none/documents").status == 404
