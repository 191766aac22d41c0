"""File search stores and their documents: imported from files or uploaded at once.

Source: the protocol reference, sections 16.2 and 16.3.
"""

from __future__ import annotations

import re
from typing import Final

from proxy.emulator.answers.resource import timestamp
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.classic.files import Files
from proxy.emulator.neighbours.operations import Operations
from proxy.emulator.neighbours.shelf import Shelf, listed
from proxy.emulator.neighbours.uploads import Receiver, Upload
from proxy.emulator.neighbours.visit import EMPTY, Reply, Visit, field_of, said

SLUG_MAX: Final = 24
"""Characters of a display name that an id begins with."""


class Stores:
    """Stores by id and documents by name. Mutable."""

    def __init__(self, operations: Operations, files: Files) -> None:
        self._operations = operations
        self._files = files
        self._stores: Shelf[Json] = Shelf("stores", "FileSearchStore")
        self._documents: Shelf[Json] = Shelf("documents", "Document")
        self.receiver = Receiver(check=self._check, finish=self._arrived)

    def answer(self, visit: Visit) -> Reply:
        """Answer the stores' create, list, get, delete and import, and the documents' list, get and delete.

        Raises:
            Refusal: 404 for what is not there, 400 for a store that is not empty.
        """
        if visit.noun == "documents":
            return self._document_answer(visit)
        match visit.verb:
            case "create":
                return said(self._create(visit))
            case "list":
                stores, token = self._stores.page(visit)
                shown = [self._shown(store, visit.now_s) for store in stores]
                return listed("fileSearchStores", shown, token, visit)
            case "get":
                return said(self._shown(self._store(visit), visit.now_s))
            case "import":
                return said(self._import(visit))
        self._delete(visit)
        return EMPTY

    def _document_answer(self, visit: Visit) -> Reply:
        store = str(self._store(visit)["name"])
        name = f"{store}/documents/{visit.route.part}"
        match visit.verb:
            case "list":
                start = f"{store}/documents/"
                documents, token = self._documents.page(
                    visit, only=lambda document: document["name"].startswith(start)
                )
                return listed("documents", documents, token, visit)
            case "get":
                return said(self._documents.get(name, visit.now_s))
        self._documents.take(name, visit.now_s)
        return EMPTY

    def _store(self, visit: Visit) -> Json:
        return self._stores.get(visit.route.identity, visit.now_s)

    def _create(self, visit: Visit) -> Json:
        display, at = str(field_of(visit.parsed(), "displayName") or ""), timestamp(visit.now_s)
        slug = re.sub(r"[^a-z0-9]+", "-", display.lower()).strip("-")[:SLUG_MAX]
        identity = visit.new_id(f"{slug}-" if slug else "")
        store: Json = {
            "name": f"fileSearchStores/{identity}",
            **({"displayName": display} if display else {}),
            "createTime": at,
            "updateTime": at,
        }
        self._stores.put(identity, store)
        return store

    def _shown(self, store: Json, now_s: int) -> Json:
        documents = self._documents_of(store, now_s)
        if not documents:
            return store
        size = sum(int(each["sizeBytes"]) for each in documents)
        return store | {"activeDocumentsCount": str(len(documents)), "sizeBytes": str(size)}

    def _documents_of(self, store: Json, now_s: int) -> list[Json]:
        start = f"{store['name']}/documents/"
        return [each for each in self._documents.all(now_s) if each["name"].startswith(start)]

    def _delete(self, visit: Visit) -> None:
        documents = self._documents_of(self._store(visit), visit.now_s)
        if documents and visit.query.get("force", "").lower() != "true":
            raise visit.refusal(400, "Cannot delete non-empty FileSearchStore.")
        for document in documents:
            self._documents.take(document["name"], visit.now_s)
        self._stores.take(visit.route.identity, visit.now_s)

    def _import(self, visit: Visit) -> Json:
        store, body = self._store(visit), visit.parsed()
        name = str(field_of(body, "fileName") or "")
        if not name:
            raise visit.refusal(400, "The field 'fileName' is required.")
        file = self._files.known(name, visit.now_s)
        if file is None:
            raise visit.refusal(404, f"File {name} was not found.")
        title = str(file.get("displayName") or name)
        document = self._document(visit, store, title, file["mimeType"], int(file["sizeBytes"]))
        if field_of(body, "customMetadata"):
            document["customMetadata"] = field_of(body, "customMetadata")
        operation = f"{store['name']}/operations/{visit.new_id()}"
        return self._operations.start(operation, lambda _: self._done(store, document))

    def _check(self, visit: Visit) -> None:
        self._store(visit)

    def _arrived(self, visit: Visit, upload: Upload) -> Json:
        store = self._stores.get(upload.start.identity, visit.now_s)
        title = str(field_of(upload.described, "displayName") or "")
        document = self._document(visit, store, title, upload.mime_type, upload.received)
        if field_of(upload.described, "customMetadata"):
            document["customMetadata"] = field_of(upload.described, "customMetadata")
        operation = f"{store['name']}/upload/operations/{visit.new_id()}"
        return self._operations.start(operation, lambda _: self._done(store, document))

    def _document(self, visit: Visit, store: Json, title: str, mime_type: str, size: int) -> Json:
        identity, at = visit.new_id(), timestamp(visit.now_s)
        document: Json = {
            "name": f"{store['name']}/documents/{identity}",
            "displayName": title or identity,
            "state": "STATE_PENDING",
            "sizeBytes": str(size),
            "mimeType": mime_type,
            "createTime": at,
            "updateTime": at,
        }
        self._documents.put(document["name"], document)
        return document

    def _done(self, store: Json, document: Json) -> Json:
        document["state"] = "STATE_ACTIVE"
        return {"parent": store["name"], "documentName": document["name"].rpartition("/")[2]}
