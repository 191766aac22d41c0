"""Environments in which agents work: made from sources, with files to list, fetch and upload.

Source: the protocol reference, sections 5.7, 16.1 and 16.3.
"""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from typing import Any, Final

from proxy.emulator.answers.resource import timestamp
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.resources.workspace import DoesNotFit, Workspace, clean, inline
from proxy.emulator.neighbours.shelf import Shelf, listed, page_size
from proxy.emulator.neighbours.uploads import Receiver, Upload
from proxy.emulator.neighbours.visit import EMPTY, Reply, Visit, media, said

ENVIRONMENTS_MAX: Final = 64
"""Environments remembered, with up to 16 MiB of files each: a gigabyte at the very most."""

SHOWN: Final = ("type", "source", "target")
"""What is answered of a source. Inline content may be secret (reference, section 20)."""


@dataclass(slots=True)
class _Environment:
    shown: Json
    workspace: Workspace


class Environments:
    """Environments by id. Mutable."""

    def __init__(self) -> None:
        self._environments: Shelf[_Environment] = Shelf(
            "environments", "Environment", ENVIRONMENTS_MAX
        )
        self.receiver = Receiver(check=self._check, finish=self._arrived)

    def answer(self, visit: Visit) -> Reply:
        """Answer create, list, get, delete and files.

        Raises:
            Refusal: 404 for what is not there, 400 for sources that cannot be read.
        """
        identity = visit.route.identity
        match visit.verb:
            case "create":
                return said(_shown(self._create(visit)))
            case "list":
                found, token = self._environments.page(visit)
                return listed("environments", [_shown(each) for each in found], token, visit)
            case "get":
                return said(_shown(self._environments.get(identity, visit.now_s)))
            case "files":
                return self._files(visit)
        self._environments.take(identity, visit.now_s)
        return EMPTY

    def _create(self, visit: Visit) -> _Environment:
        body, at = visit.parsed(), timestamp(visit.now_s)
        made = _Environment({"id": visit.new_id("env_"), "status": "active"}, Workspace())
        if body.get("from_environment"):
            origin = self._environments.get(str(body["from_environment"]), visit.now_s)
            made.workspace.files = dict(origin.workspace.files)
            made.shown |= {
                name: origin.shown[name] for name in ("sources", "network") if name in origin.shown
            }
        sources = [each for each in _list(body.get("sources")) if isinstance(each, dict)]
        for source in sources:
            if source.get("type") == "inline":
                path = clean(str(source.get("target") or "inline.txt"))
                try:
                    made.workspace.write(path, inline(source), _mime_type(path), at)
                except DoesNotFit as error:
                    raise visit.refusal(400, str(error)) from error
        if sources:
            shown = [{name: each[name] for name in SHOWN if name in each} for each in sources]
            made.shown["sources"] = shown
        if "network" in body:
            made.shown["network"] = _network(body["network"])
        made.shown |= {"created": at, "updated": at, "last_accessed": at}
        self._environments.put(made.shown["id"], made)
        return made

    def _files(self, visit: Visit) -> Reply:
        environment = self._environments.get(visit.route.identity, visit.now_s)
        environment.shown["last_accessed"] = timestamp(visit.now_s)
        path = clean(visit.route.part)
        if visit.query.get("alt") == "media":
            file = environment.workspace.files.get(path)
            if file is None:
                raise visit.refusal(404, f"File {path} was not found.")
            return media(file.content, file.mime_type)
        is_recursive = visit.query.get("recursive") == "true"
        entries = environment.workspace.listed(path, is_recursive=is_recursive)
        if entries is None:
            raise visit.refusal(404, f"File {path} was not found.")
        return _entries_page(visit, entries)

    def _check(self, visit: Visit) -> None:
        environment = self._environments.get(visit.route.identity, visit.now_s)
        path = clean(visit.route.part)
        if visit.query.get("overwrite") == "false" and path in environment.workspace.files:
            raise visit.refusal(409, f"File {path} already exists.", "already_exists")

    def _arrived(self, visit: Visit, upload: Upload) -> Json:
        environment = self._environments.get(upload.start.identity, visit.now_s)
        path, at = clean(upload.start.part), timestamp(visit.now_s)
        workspace, content = environment.workspace, upload.content
        is_archive = upload.query.get("extract") == "true"
        if content is None:
            raise visit.refusal(400, f"{path} is too large to be kept.")
        try:
            if is_archive:
                workspace.extract(path.rpartition("/")[0], content, at)
            else:
                workspace.write(path, content, upload.mime_type, at)
        except DoesNotFit as error:
            raise visit.refusal(400, str(error)) from error
        environment.shown["updated"] = at
        shown = path.rpartition("/")[0] if is_archive else path
        return {"files": workspace.listed(shown, is_recursive=False) or []}


def _shown(environment: _Environment) -> Json:
    workspace = environment.workspace
    return environment.shown | {
        "file_count": len(workspace.files),
        "size_bytes": workspace.size,
    }


def _entries_page(visit: Visit, entries: list[Json]) -> Reply:
    """Entries are ordered by path, so a page begins behind the last path of the one before."""
    after = visit.query.get("page_token", "")
    rest = sorted((each for each in entries if each["path"] > after), key=lambda each: each["path"])
    shown = rest[: page_size(visit)]
    token = str(shown[-1]["path"]) if len(shown) < len(rest) else ""
    return listed("files", shown, token, visit)


def _network(given: Any) -> Any:
    """The network's rules without what they inject: that holds secrets (reference, section 20)."""
    if not isinstance(given, dict) or not isinstance(given.get("allowlist"), list):
        return given
    entries = [each for each in given["allowlist"] if isinstance(each, dict)]
    shown = [{key: each[key] for key in each if key != "transform"} for each in entries]
    return given | {"allowlist": shown}


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _mime_type(path: str) -> str:
    """By the name's end, from Python's own table: not from the machine's files."""
    return _TYPES.guess_type(path)[0] or "application/octet-stream"


_TYPES: Final = mimetypes.MimeTypes()
