"""The trail over HTTP, as C2SP tlog-tiles lays it out: nothing personal is in it. GET /trail/checkpoint, .../tile/..."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from aiohttp import web

_IMMUTABLE: Final = re.compile(
    r"tile/(?:[0-9]|[1-5][0-9]|6[0-3]|entries)(?:/x[0-9]{3}){0,6}/[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?"
)
_TEXT: Final = frozenset({"checkpoint", "checkpoint.cosigned", "checkpoints", "trail.vkey"})


class TrailPages:
    """Serves files of one trail; nothing else of the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add_to(self, application: web.Application) -> None:
        application.router.add_get("/trail/{path:.+}", self.answer)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The file of that name, or 404."""
        name = request.match_info["path"]
        headers = {"Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8"}
        if _IMMUTABLE.fullmatch(name):
            headers = {
                "Cache-Control": "max-age=31536000, immutable",
                "Content-Type": "application/octet-stream",
            }
        elif name not in _TEXT:
            raise web.HTTPNotFound
        path = self._folder / name
        if not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=headers)
