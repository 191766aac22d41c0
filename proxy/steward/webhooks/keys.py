"""The keys that upstream publishes for its tokens, fetched when they are needed and kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from proxy.steward.asking import Gateway
from proxy.steward.webhooks.signature import Keys, keys_of

TARGET: Final = "/.well-known/jwks.json"
BYTES_MAX: Final = 256 * 1024
"""A hundred keys of 4096 bits."""
KEPT_S: Final = 3600.0
"""A key that upstream withdrew is believed for so long."""
AGAIN_S: Final = 60.0
"""A token with an unknown key has them fetched anew, but not more often: anybody can send such a token."""
_OK: Final = 200


class PublishedKeys:
    """Asks through the gateway, so that the fetching is on record, too."""

    def __init__(self, gateway: Gateway, mono_s: Callable[[], float]) -> None:
        self._gateway = gateway
        self._mono_s = mono_s
        self._keys: Keys = {}
        self._fetched_s: float | None = None
        self._fetching = asyncio.Lock()

    async def having(self, kid: str) -> Keys:
        """The keys, newly fetched if `kid` is not among them or they are old.

        Raises:
            NotAnswered: the gateway does not answer.
        """
        async with self._fetching:
            age_s = None if self._fetched_s is None else self._mono_s() - self._fetched_s
            limit_s = KEPT_S if kid in self._keys else AGAIN_S
            if age_s is None or age_s >= limit_s:
                told = await self._gateway.get(
                    TARGET, {"Accept-Encoding": "identity"}, body_bytes_max=BYTES_MAX
                )
                self._fetched_s = self._mono_s()
                if told.status == _OK:
                    self._keys = keys_of(told.body)
            return self._keys
