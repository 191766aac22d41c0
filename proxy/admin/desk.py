"""What the handlers share: the tables, a few threads to wait in, the trail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from aiohttp import web

from proxy.admin.trail import Trail
from proxy.store.asking.answer import Answer
from proxy.store.asking.forms import MEDIA_TYPES, encoded, form_wanted
from proxy.store.asking.lending import LentTables

THREADS: Final = 2
"""Questions answered at once. The recorder's own threads and the gateways share the machine with them."""
WAITING_MAX: Final = 64
"""Questions that wait for a thread: a screen of dashboards asks some thirty at once. Beyond it 503."""

_T = TypeVar("_T")


class Busy(Exception):
    """Too many wait already."""


@dataclass(slots=True)
class Desk:
    """Used in the listener's event loop."""

    tables: LentTables
    trail: Trail
    pool: ThreadPoolExecutor
    now_ns: Callable[[], int] = time.time_ns
    mono_ns: Callable[[], int] = time.monotonic_ns
    _waiting: int = 0

    async def in_thread(self, work: Callable[[], _T]) -> _T:
        """Run something that waits for the disk or DuckDB.

        Raises:
            Busy: later, please.
        """
        if self._waiting >= WAITING_MAX:
            raise Busy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.pool, work)
        finally:
            self._waiting -= 1


def wanted_form(request: web.Request) -> str:
    """One of MEDIA_TYPES: `?format=`, else Accept.

    Raises:
        web.HTTPNotAcceptable: one we have not.
    """
    form = request.query.get("format") or form_wanted(request.headers.get("Accept", ""))
    if form not in MEDIA_TYPES:
        raise web.HTTPNotAcceptable(reason=f"there are the formats {', '.join(MEDIA_TYPES)}")
    return form


def answered(found: Answer, form: str, name: str) -> web.Response:
    """Rows in their form, with `Audit-Rows` and `Audit-Truncated` beside them. Call it in a thread."""
    headers = {
        "Audit-Rows": str(found.table.num_rows),
        "Audit-Truncated": "true" if found.is_cut else "false",
        "Vary": "Accept",
    }
    if form != "json":
        headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    charset = "utf-8" if form == "csv" else None
    return web.Response(
        body=encoded(found.table, form, is_cut=found.is_cut),
        content_type=MEDIA_TYPES[form],
        charset=charset,
        headers=headers,
    )
