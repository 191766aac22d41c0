"""POST /labels {"labels": ["key=value", ...]} -> {"labels": {"key=value": blind index, ...}}, for the steward.

The key of the index stays with the recorder: who asks learns by what a label that it knows is found.
"""

from __future__ import annotations

from typing import Final

import orjson
from aiohttp import web

from proxy.audit.ledger.policies import POLICIES_MAX
from proxy.recording.secrecy.equality import Equality
from proxy.recording.secrecy.labels import label_mac

LABELS_MAX: Final = 10 * POLICIES_MAX


class LabelRoutes:
    """Answers with blind indices."""

    def __init__(self, index: Equality) -> None:
        self._index = index

    def add_to(self, application: web.Application) -> None:
        application.router.add_post("/labels", self.labels)

    async def labels(self, request: web.Request) -> web.Response:
        """Of each label its index."""
        try:
            told = orjson.loads(await request.read())
        except orjson.JSONDecodeError:
            told = None
        match told:
            case {"labels": list() as labels} if len(labels) <= LABELS_MAX and all(
                isinstance(label, str) for label in labels
            ):
                found = {label: label_mac(self._index, label) for label in labels}
                return web.json_response({"labels": found})
            case _:
                error = f'give {{"labels": ["key=value", ...]}}, {LABELS_MAX} at most'
                return web.json_response({"error": error}, status=400)
