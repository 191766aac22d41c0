"""Files: uploaded ones and those that long operations generate. They expire after 48 hours.

Source: the protocol reference, sections 16.2 and 16.3.
"""

from __future__ import annotations

import hashlib
from typing import Final

from proxy.emulator.answers.resource import timestamp
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.contents import Contents
from proxy.emulator.neighbours.shelf import Shelf, listed
from proxy.emulator.neighbours.uploads import Receiver, Upload
from proxy.emulator.neighbours.visit import EMPTY, Reply, Visit, field_of, media, said

LIFE_S: Final = 48 * 3600
"""How long the service keeps a file."""

PAGE_USUAL: Final = 10

HOST: Final = "https://generativelanguage.googleapis.com/v1beta/"
"""Files name themselves by Google's host, whichever way the caller came."""


class Files:
    """Files by id. Mutable."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._files: Shelf[Json] = Shelf("files", "File")
        self.receiver = Receiver(check=self._check, finish=self._arrived)

    def answer(self, visit: Visit) -> Reply:
        """Answer list, get, delete and download.

        Raises:
            Refusal: 404 for a file that is not there, 400 for a content no longer kept.
        """
        identity = visit.route.identity
        match visit.verb:
            case "list":
                files, token = self._files.page(visit, usual=PAGE_USUAL)
                return listed("files", files, token, visit)
            case "get":
                file = self._files.get(identity, visit.now_s)
                self._files.change(identity, file | {"state": "ACTIVE"})
                return said(file)
            case "delete":
                self._files.take(identity, visit.now_s)
                self._contents.drop(f"files/{identity}")
                return EMPTY
            case "download":
                file = self._files.get(identity, visit.now_s)
                return media(self._content(visit, file), str(file["mimeType"]))
        raise visit.refusal(404, "The requested path was not found.")

    def known(self, uri: str, now_s: int) -> Json | None:
        """The file that a name or address of ours is of; None if it is not there."""
        return self._files.find(identity_of(uri), now_s)

    def file(self, visit: Visit, name: str) -> tuple[Json, bytes]:
        """A file and its content, by `files/<id>`.

        Raises:
            Refusal: 404, it is not there; 400, its content is no longer kept.
        """
        file = self._files.get(identity_of(name), visit.now_s)
        return file, self._content(visit, file)

    def generated(self, visit: Visit, content: bytes, mime_type: str) -> Json:
        """Keep a content that the service made itself: such a file can be downloaded by its address."""
        digest = hashlib.sha256(content).hexdigest()
        return self._keep(visit, (content, len(content)), digest, _named(mime_type, "GENERATED"))

    def _check(self, visit: Visit) -> None:
        identity = identity_of(str(_described(visit.parsed()).get("name") or ""))
        if self._files.find(identity, visit.now_s) is not None:
            raise visit.refusal(409, f"File {identity} already exists.")

    def _arrived(self, visit: Visit, upload: Upload) -> Json:
        inner = _described(upload.described)
        named = _named(upload.mime_type, "UPLOADED")
        display = field_of(inner, "displayName")
        if display:
            named["displayName"] = str(display)
        if upload.mime_type.startswith("video/"):
            named["state"] = "PROCESSING"  # Until it is asked for once.
        wanted = str(inner.get("name") or "")
        content = (upload.content, upload.received)
        return {"file": self._keep(visit, content, upload.digest.hexdigest(), named, wanted)}

    def _keep(
        self,
        visit: Visit,
        content: tuple[bytes | None, int],
        digest: str,
        named: Json,
        wanted: str = "",
    ) -> Json:
        identity = identity_of(wanted) or visit.new_id()
        at, expires_s = timestamp(visit.now_s), visit.now_s + LIFE_S
        file: Json = {
            "name": f"files/{identity}",
            **named,
            "sizeBytes": str(content[1]),
            "createTime": at,
            "updateTime": at,
            "expirationTime": timestamp(expires_s),
            "sha256Hash": digest,
            "uri": f"{HOST}files/{identity}",
        }
        if named["source"] == "GENERATED":
            file["downloadUri"] = f"{HOST}files/{identity}:download?alt=media"
        self._files.put(identity, file, expires_s)
        if content[0] is not None:
            self._contents.add(file["name"], content[0])
        return file

    def _content(self, visit: Visit, file: Json) -> bytes:
        content = self._contents.whole(str(file["name"]), int(file["sizeBytes"]))
        if content is None:
            message = f"The content of {file['name']} is no longer kept: upload it again."
            raise visit.refusal(400, message)
        return content


def identity_of(name: str) -> str:
    """The id in `files/<id>` or in a file's address; the word itself if it is neither."""
    return name.rpartition("files/")[2].partition(":")[0]


def _described(body: Json) -> Json:
    inner = body.get("file")
    return inner if isinstance(inner, dict) else {}


def _named(mime_type: str, source: str) -> Json:
    return {"mimeType": mime_type, "state": "ACTIVE", "source": source}
