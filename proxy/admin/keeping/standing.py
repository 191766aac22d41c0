"""How recording stands beyond a glance, over HTTP.

GET /v1/standing   gaps of the last hour and day, room on disk, the trail with its witness, the steward
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web

from proxy.admin.asking.questions import later
from proxy.admin.desk import Busy, Desk
from proxy.admin.guard import needs
from proxy.admin.tokens import Right
from proxy.errors import StoreError
from proxy.store import queries
from proxy.store.asking.forms import json_value

TrailState = Callable[[], dict[str, Any] | None]
"""What the thread of the trail says: {"pending_count", "signed_age_s", "problem"}; None: there is no trail."""

FILES_MAX: Final = 50_000
"""Of one folder that are added up: the vault has one a day and more, the trail one for 256 leaves."""
LINE_BYTES: Final = 8192
"""The last line of the kept checkpoints is shorter."""
_FOLDERS: Final = ("vault", "journal", "keys", "trail", "run")


class Standing:
    """The handler."""

    def __init__(self, desk: Desk, data_folder: Path, trail_state: TrailState) -> None:
        self._desk = desk
        self._folder = data_folder
        self._trail_state = trail_state

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v1/standing", self.stand)]

    async def stand(self, request: web.Request) -> web.Response:
        """Not told to the trail, as /v1/health is not: it says nothing of anybody."""
        needs(request, Right.FACTS)
        try:
            found = await self._desk.in_thread(self._gathered)
        except (Busy, StoreError) as error:
            return later(error)
        return web.Response(body=orjson.dumps(json_value(found)), content_type="application/json")

    def _gathered(self) -> dict[str, Any]:
        now = dt.datetime.fromtimestamp(self._desk.now_ns() / 1e9, dt.UTC).replace(tzinfo=None)
        spans = {"hour": dt.timedelta(hours=1), "day": dt.timedelta(days=1)}
        with self._desk.tables.lend() as cursor:
            gaps = {
                name: queries.dicts(cursor, "health_gaps", since=now - span)[1][0]
                for name, span in spans.items()
            }
            steward = queries.dicts(cursor, "health_steward")[1]
        trail = self._folder / "trail"
        return {
            "now": now,
            "gaps": gaps,
            "steward": _steward(steward[0]) if steward else None,
            "sizes": _sizes(self._folder),
            "disk": _disk(self._folder),
            "trail": trail_in(trail) | {"state": self._trail_state()},
        }


def trail_in(folder: Path) -> dict[str, Any]:
    """The newest checkpoint of data/trail, when it was signed, and the newest that a witness signed."""
    newest, cosigned = _note(folder / "checkpoint"), _note(folder / "checkpoint.cosigned")
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        newest = {**(newest or {}), "signed_at": _last_line(folder / "checkpoints")["at"]}
    key = None
    with contextlib.suppress(OSError):
        key = (folder / "trail.vkey").read_text("utf-8", "replace").strip()
    return {"checkpoint": newest, "witnessed": cosigned, "key": key}


def _note(path: Path) -> dict[str, Any] | None:
    """A signed note: three lines, an empty one, then a line for each who signed."""
    try:
        text = path.read_text("utf-8", "replace")
        written_ns = path.stat().st_mtime_ns
    except OSError:
        return None
    head, _, signatures = text.partition("\n\n")
    lines = head.split("\n")
    if len(lines) < 3 or not lines[1].isdecimal():
        return None
    names = [line.split(" ")[1] for line in signatures.splitlines() if line.count(" ") >= 2]
    written = dt.datetime.fromtimestamp(written_ns / 1e9, dt.UTC).replace(tzinfo=None)
    told = {"origin": lines[0], "size": int(lines[1]), "root": lines[2]}
    return told | {"signers": names, "written_at": written, "note": text}


def _last_line(path: Path) -> dict[str, Any]:
    with path.open("rb") as opened:
        opened.seek(0, os.SEEK_END)
        opened.seek(max(0, opened.tell() - LINE_BYTES))
        found: dict[str, Any] = json.loads(opened.read().rstrip(b"\n").rpartition(b"\n")[2])
    return found


def _steward(row: dict[str, Any]) -> dict[str, Any]:
    scope = []
    with contextlib.suppress(ValueError, TypeError):
        scope = json.loads(row["scope"])
    return {"told_at": row["seen_at"], "detail": row["detail"], "cares": bool(scope)}


def _sizes(folder: Path) -> dict[str, dict[str, int]]:
    found = {name: _size_of(_files(folder / name)) for name in _FOLDERS}
    return found | {"tables": _size_of(iter(folder.glob("facts.duckdb*")))}


def _size_of(files: Iterator[Path]) -> dict[str, int]:
    size, count = 0, 0
    for file in files:
        with contextlib.suppress(OSError):
            told = file.stat()
            # Room that is taken: segments are longer than what stands in them.
            size, count = size + told.st_blocks * 512, count + 1
        if count >= FILES_MAX:
            break
    return {"bytes": size, "file_count": count}


def _files(folder: Path) -> Iterator[Path]:
    for here, _, names in os.walk(folder):
        for name in names:
            yield Path(here, name)


def _disk(folder: Path) -> dict[str, int]:
    told = shutil.disk_usage(folder)
    return {"free_bytes": told.free, "total_bytes": told.total}
